"""The pages that problem documents point to: each kind of refusal, explained by the docstring of its class."""

from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup
from pydantic import Field

from app.core.answers import Answer
from app.core.errors import Problem, kinds
from app.core.web import Out
from app.docs import examples
from app.docs.pages import HTML, JSON, MARKDOWN, page, sent
from app.editions.kinds import Listing
from app.editions.snapshot import encode

OFFERED = (JSON, HTML, MARKDOWN)
_markdown = MarkdownIt("commonmark", {"html": False})


class ProblemBrief(Out):
    """One kind of refusal, in a list."""

    type: str = Field(description="The `type` of its documents, and the path of this page.")
    title: str
    status: int
    description: str = Field(description="When it happens and what to do, in Markdown.")


class ProblemKind(ProblemBrief):
    """One kind of refusal."""

    example: dict[str, Any] | None = Field(description="A document of this kind that the server has sent.")


class ProblemKinds(Out):
    """Every kind of refusal."""

    items: list[ProblemBrief]
    total: int
    links: Listing


def by_slug() -> dict[str, dict[str, Any]]:
    """Every kind, in the order of status and title."""
    ordered = sorted(kinds(), key=lambda kind: (kind.status, kind.title))
    return {kind.slug(): _told(kind) for kind in ordered}


def list_answer(media_type: str) -> Answer:
    """All kinds, in the form asked for."""
    told = list(by_slug().values())
    if media_type == HTML:
        return page("problems", problems=told, vary="Accept")
    if media_type == MARKDOWN:
        lines = [f"- {kind['status']} [{kind['title']}]({kind['type']})" for kind in told]
        return sent("\n".join(["# Problems", "", *lines, ""]).encode(), MARKDOWN, vary="Accept")
    links = {"self": "/problems", "next": None, "prev": None}
    return sent(encode({"items": told, "total": len(told), "links": links}), JSON, vary="Accept")


def one_answer(told: dict[str, Any], media_type: str) -> Answer:
    """One kind, in the form asked for, with an example where the program has given one."""
    example = examples.of_problem(told["type"])
    told = {**told, "example": example["response"]["body"] if example else None}
    if media_type == HTML:
        explanation = Markup(_markdown.render(told["description"]))  # noqa: S704 - our own words, rendered with HTML off
        return page("problem", problem=told, explanation=explanation, vary="Accept")
    if media_type == MARKDOWN:
        shown = f"# {told['title']}\n\nStatus {told['status']}\n\n{told['description']}\n"
        return sent(shown.encode(), MARKDOWN, vary="Accept")
    return sent(encode(told), JSON, vary="Accept")


def _told(kind: type[Problem]) -> dict[str, Any]:
    return {
        "type": f"/problems/{kind.slug()}",
        "title": kind.title,
        "status": kind.status,
        "description": " ".join((kind.__doc__ or kind.title).split()),
    }
