"""Links between the pages of lists that walk by cursor: no row is skipped or repeated while rows are added."""

from urllib.parse import urlencode

from pydantic import BaseModel

from app.core.paging import Links


def cursor_links(path: str, query: BaseModel, cursor: str, following: str | None) -> Links:
    """`self` and `next`; a cursor walks one way, so there is no `prev`."""
    asked = query.model_dump(exclude_defaults=True, exclude_none=True, mode="json")

    def link(values: dict[str, object]) -> str:
        return f"{path}?{urlencode(values, doseq=True)}" if values else path

    return Links(
        self=link(asked), next=link({**asked, cursor: following}) if following is not None else None, prev=None
    )


def one_page(path: str) -> Links:
    """The links of a list that is always whole."""
    return Links(self=path, next=None, prev=None)
