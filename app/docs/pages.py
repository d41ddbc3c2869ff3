"""How a page is made: templates as files, everything escaped, and a policy that lets nothing in from elsewhere."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app import __version__
from app.core.answers import Answer, choose_coding

HERE = Path(__file__).parent
HTML, JSON, MARKDOWN, TEXT = "text/html", "application/json", "text/markdown", "text/plain"
SCALAR = "1.72.1"
"""Version of the vendored reference; its address carries it, so browsers may keep it for good."""
WITHOUT_EVAL = b"globalThis.__zod_globalConfig = { jitless: true };\n"
"""The reference's checker of data compiles itself where it may; our policy refuses that, and browsers report it."""
HOUR, FOR_GOOD = "public, max-age=3600", "public, max-age=31536000, immutable"

_CLOSED = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = f"default-src 'none'; style-src 'self'; img-src 'self'; {_CLOSED}"
# The reference writes its own style elements; scripts, and what they may ask, stay on this origin.
REFERENCE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    f"font-src 'self' data:; connect-src 'self'; {_CLOSED}"
)
DESCRIPTION = (
    "What police agencies and their partners need to plan, start, manage and measure a police-mental health "
    "collaboration: guidance, ten learning sites, and training and technical assistance on request."
)

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def page(name: str, *, cache_control: str = HOUR, policy: str = PAGE_POLICY, vary: str = "", **told: Any) -> Answer:
    """A page from a template, under a policy that browsers enforce."""
    shown = _templates.get_template(f"{name}.html").render(version=__version__, description=DESCRIPTION, **told)
    headers = {"Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": "same-origin"}
    return sent(shown.encode(), HTML, cache_control, headers=headers, vary=vary)


def sent(
    shown: bytes,
    media_type: str = TEXT,
    cache_control: str = HOUR,
    *,
    headers: dict[str, str] | None = None,
    vary: str = "",
) -> Answer:
    """An answer that is the same for everybody."""
    vary = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    kind = f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
    return Answer(shown, media_type=kind, cache_control=cache_control, headers=headers, vary=vary)


def file(name: str, media_type: str, cache_control: str = HOUR) -> Answer:
    """A file that comes with the program."""
    return sent((HERE / "static" / name).read_bytes(), media_type, cache_control)


@cache
def reference_script() -> Answer:
    """The reference's script; four megabytes, so it is read when first asked for and kept beside the answer cache."""
    script = (HERE / "static/scalar/standalone.js").read_bytes()
    return sent(WITHOUT_EVAL + script, "text/javascript", FOR_GOOD)


def coding_of(request: Request) -> str:
    """The content coding that an answer to this request will have."""
    return choose_coding(request.headers.get("accept-encoding", "").encode())
