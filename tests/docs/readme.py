"""The parts of README.md that are made from the program: `python -m tests.docs.readme` writes them anew."""

import re

from app.core.settings import Settings
from app.tta.lifecycle import mermaid
from tests.make import ROOT

README = ROOT / "README.md"


def settings_table() -> str:
    """Every setting with its default and meaning."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = getattr(default, "get_secret_value", lambda d=default: d)()
        shown = "" if shown in (None, "") else f"`{getattr(shown, 'value', shown)}`"
        lines.append(f"| `APP_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines)


PARTS = {
    "settings": settings_table,
    "lifecycle": lambda: f"```mermaid\n{mermaid()}\n```",
}


def with_parts(text: str) -> str:
    """The README with its made parts made anew."""
    for name, make in PARTS.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = pattern.sub(lambda m, make=make: f"{m[1]}\n{make()}\n\n{m[2]}", text)
    return text


if __name__ == "__main__":
    README.write_text(with_parts(README.read_text()))
