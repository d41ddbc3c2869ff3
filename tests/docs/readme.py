"""The parts of README.md that are made from the program: `python -m tests.docs.readme` writes them anew."""

import json
import re

from app.core.settings import Settings
from app.tta.lifecycle import mermaid
from tests.make import ROOT
from tests.tta.test_story import STORY

LONG = 110
"""Characters of JSON that are read on one line."""
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


def story() -> str:
    """The partner's story, as the test of that name runs it."""
    lines = []
    shown: list[object] = []
    for number, call in enumerate(STORY, 1):
        who = "You" if call.who == "partner" else "The desk"
        lines.append(f"{number}. {call.told} {who}: `{call.method} {call.path}`")
        if call.body is None or call.body in shown:
            continue
        shown.append(call.body)
        told = json.dumps(call.body, ensure_ascii=False)
        if len(told) > LONG:
            told = json.dumps(call.body, ensure_ascii=False, indent=2)
        within = " " * len(f"{number}. ")
        lines += ["", *(within + line for line in ("```json", *told.splitlines(), "```")), ""]
    return "\n".join(lines)


PARTS = {
    "story": story,
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
