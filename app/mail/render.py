"""Letters from templates: the subject, a plain text and an accessible HTML that says the same. Pure, but for files.

`templates/<kind>.txt.j2` and `templates/<kind>.html.j2` fill one layout each. An unknown name in a template is an
error (`StrictUndefined`), never a gap in a letter. Whatever people wrote is escaped in HTML. The style sheet is written
into the elements, because many mail programs drop it; nothing is loaded from anywhere, now or when the letter is read.
"""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from app.core.clock import rfc3339
from app.core.letters import Facts
from app.core.mailbox import one_line
from app.core.notices import Recipient
from app.mail.times import told

TEMPLATES = Path(__file__).parent / "templates"
WIDTH = 72
_INLINER = CSSInliner(load_remote_stylesheets=False)
_HANGING = re.compile(r"^(?:> |\s*(?:- |\d+\. ))?")
# Line separators that a letter's lines must not be broken by behind our back.
_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Words:
    """A letter as it is read."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Place:
    """What every letter of one installation knows."""

    base_url: str
    """Where this installation is reached, without a slash at its end."""
    answers_reach_us: bool
    """Whether somebody reads what is sent back."""

    def full(self, address: str) -> str:
        """An address that works in a letter: a path of ours is led back to us."""
        return self.base_url + address if address.startswith("/") else address


class UnknownKind(Exception):
    """There is no template for such a letter."""


def kinds() -> list[str]:
    """Every kind of letter, by name."""
    return sorted(path.name.removesuffix(".txt.j2") for path in TEMPLATES.glob("[!_]*.txt.j2"))


def render(kind: str, facts: Facts, place: Place, recipient: Recipient, *, sandbox: bool = False) -> Words:
    """Write a letter."""
    if kind not in _kinds():
        raise UnknownKind(kind)
    known = {
        **facts.details,
        "name": one_line(facts.name or ""),
        "reference": facts.reference,
        "url": place.full(facts.path),
        "base_url": place.base_url,
        "full": place.full,
        "replies": place.answers_reach_us,
        "recipient": recipient,
        "sandbox": sandbox,
    }
    plain = _environment().get_template(f"{kind}.txt.j2").render(known, at=_plain_time(facts.state))
    subject, _, text = plain.partition("\n")
    subject = one_line(subject)
    page = _environment().get_template(f"{kind}.html.j2").render(known, at=_marked_time(facts.state), subject=subject)
    return Words(subject, _wrap(text), _INLINER.inline(page))


@cache
def _kinds() -> frozenset[str]:
    return frozenset(kinds())


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=(".html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["quoted"] = _quoted
    made.filters["paragraphs"] = _paragraphs
    return made


def _plain_time(state: str | None) -> Callable[[datetime], str]:
    return lambda instant: told(instant, state)


def _marked_time(state: str | None) -> Callable[[datetime], Markup]:
    def marked(instant: datetime) -> Markup:
        return Markup('<time datetime="{}">{}</time>').format(rfc3339(instant), told(instant, state))

    return marked


def _lines(written: str) -> list[str]:
    return _BREAKS.sub("\n", written).strip().split("\n")


def _quoted(written: str) -> str:
    """Somebody's words in a plain text: each line marked as theirs."""
    return "\n".join(f"> {line}".rstrip() for line in _lines(written))


def _paragraphs(written: str) -> Markup:
    """Somebody's words in HTML: their paragraphs and line breaks, and no markup of theirs."""
    blocks = re.split(r"\n\s*\n", "\n".join(_lines(written)))
    kept = [Markup("<br>\n").join(escape(line) for line in block.split("\n")) for block in blocks if block.strip()]
    return Markup("\n").join(Markup("<p>{}</p>").format(block) for block in kept)


def _wrap(text: str) -> str:
    """Lines of a readable length, blank lines single; addresses stay whole."""
    lines: list[str] = []
    for line in _BREAKS.sub("\n", text).split("\n"):
        hanging = _HANGING.match(line)
        mark = hanging.group() if hanging else ""
        lines += textwrap.wrap(
            line.rstrip(),
            WIDTH,
            subsequent_indent=mark if mark == "> " else " " * len(mark),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
