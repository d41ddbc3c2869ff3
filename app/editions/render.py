"""Markdown to safe HTML, citations and links included. Runs when content is published, never when it is read.

Authors cite with a footnote reference, `[^bja-managing-page]`, and link by kind and slug, `[text](topic:cit-training)`.
The public Markdown keeps the references and gains their definitions, so that any Markdown renderer shows them; the
HTML links each to `#source-<id>` in a list of sources at its end.
"""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

CITATION = re.compile(r"\[\^([a-z0-9][a-z0-9.-]*)\]")
DEFINITION = re.compile(r"^\[\^[^\]]+\]: .*\n?", re.MULTILINE)
LINK = re.compile(r"\]\(([a-z-]+):([a-z0-9-]+)(#[a-z0-9-]+)?\)")
WITH_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
CITED = re.compile(r"[ \t]*\[\^[a-z0-9][a-z0-9.-]*\]")
MARKER = re.compile(r"(?:#{1,6}|>|[-+*]|\d{1,3}[.)])\s+")
EMPHASIS = re.compile(r"[*`]")
PATH_LINK = re.compile(r"\]\((/[^)#\s]*)(#[^)\s]*)?\)")
TAGS = {
    "a", "abbr", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "section", "strong",
    "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "aria-label", "class"},
    "th": {"scope", "style"},
    "td": {"style"},
    "ol": {"start"},
    "li": {"value"},
    "section": {"aria-labelledby", "class"},
    "*": {"id"},
}


def citations(text: str) -> list[str]:
    """The labels cited in a Markdown text, in order, each once."""
    return list(dict.fromkeys(CITATION.findall(DEFINITION.sub("", text))))


def bare(text: str) -> str:
    """The text as its author wrote it: without the footnote definitions that publishing adds."""
    return DEFINITION.sub("", text).rstrip("\n") + "\n"


def with_paths(text: str, path_of: Callable[[str, str], str]) -> str:
    """Turn `(topic:slug)` into the canonical front-end path; `path_of` raises for what does not exist."""
    return LINK.sub(lambda m: f"]({path_of(m[1], m[2])}{m[3] or ''})", text)


def with_definitions(text: str, sources: Sequence[dict[str, Any]]) -> str:
    """Add the footnote definitions of what the text cites."""
    cited = set(citations(text))
    notes = [f"[^{s['id']}]: {describe(s)}" for s in sources if s["id"] in cited]
    return text.rstrip("\n") + ("\n\n" + "\n".join(notes) if notes else "") + "\n"


def describe(source: dict[str, Any]) -> str:
    """A source as one line of a list of sources."""
    parts = [source["title"], source["publisher"], str(source["year"]) if source["year"] else None, source["url"]]
    told = ". ".join(str(part).rstrip(".") for part in parts if part)
    return f"{told} ({source['confidence']})"


def to_html(text: str, sources: Sequence[dict[str, Any]], *, list_sources: bool) -> str:
    """Render one Markdown field; with `list_sources`, the sources it cites follow as a list."""
    numbers = {source["id"]: n for n, source in enumerate(sources, 1)}
    html = str(_MARKDOWN.render(bare(text), {"numbers": numbers, "titles": {s["id"]: s["title"] for s in sources}}))
    if list_sources and (cited := set(citations(text))):
        # With its number: another field of the item may cite a source that this one does not.
        lines = [
            f'<li id="source-{s["id"]}" value="{numbers[s["id"]]}">{_source_html(s)}</li>'
            for s in sources
            if s["id"] in cited
        ]
        html += (
            '<section class="sources" aria-labelledby="sources"><h2 id="sources">Sources</h2>'
            f"<ol>{''.join(lines)}</ol></section>\n"
        )
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"https", "mailto"}, link_rel="noopener noreferrer"
    )


def plain(text: str) -> str:
    """The words of a Markdown text alone: one line for each paragraph, heading, list item and row of a table."""
    lines: list[str] = []
    goes_on = False
    for written in map(str.strip, WITH_LINK.sub(r"\1", CITED.sub("", DEFINITION.sub("", text))).splitlines()):
        marker = MARKER.match(written)
        line = EMPHASIS.sub("", written[marker.end() :] if marker else written)
        is_row = line.startswith("|")
        if is_row:
            line = ", ".join(cell for part in line.split("|") if (cell := part.strip(" -:")))
        if line and goes_on and not (marker or is_row):
            lines[-1] += f" {line}"
        elif line:
            lines.append(line)
        goes_on = bool(line) and not (is_row or written.startswith("#"))
    return "\n".join(lines)


def heading_id(text: str, taken: set[str]) -> str:
    """An id for a heading: its words in kebab case, numbered when taken."""
    base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
    name, n = base, 2
    while name in taken:
        name, n = f"{base}-{n}", n + 1
    taken.add(name)
    return name


def _source_html(source: dict[str, Any]) -> str:
    title = escape(source["title"])
    if source["url"]:
        title = f'<a href="{escape(source["url"])}">{title}</a>'
    rest = [escape(str(part)) for part in (source["publisher"], source["year"]) if part]
    return ". ".join([title, *rest]) + f" ({source['confidence']})"


def _cite(state: StateInline, silent: bool) -> bool:
    match = CITATION.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.content = match[1]
    state.pos = match.end()
    return True


def _render_citation(_self: RendererHTML, tokens: Sequence[Token], i: int, _options: Any, env: Any) -> str:
    label = tokens[i].content
    number = env["numbers"].get(label, "?")
    spoken = escape(f"Source {number}: {env['titles'].get(label, label)}")
    return f'<sup><a class="citation" href="#source-{label}" aria-label="{spoken}">[{number}]</a></sup>'


def _render_heading(self: RendererHTML, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
    words = "".join(t.content for t in tokens[i + 1].children or [] if t.type in ("text", "code_inline"))
    tokens[i].attrSet("id", heading_id(words, env.setdefault("ids", {"sources"})))
    return self.renderToken(tokens, i, options, env)


def _render_th(self: RendererHTML, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
    tokens[i].attrSet("scope", "col")  # a screen reader names the column with every cell
    return self.renderToken(tokens, i, options, env)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
    parser.inline.ruler.before("link", "citation", _cite)
    parser.add_render_rule("citation", _render_citation)
    parser.add_render_rule("heading_open", _render_heading)
    parser.add_render_rule("th_open", _render_th)
    return parser


_MARKDOWN = _parser()
