"""Links between the pages of lists that walk by cursor: no row is skipped or repeated while rows are added."""

from urllib.parse import urlencode

from pydantic import BaseModel


def cursor_links(path: str, query: BaseModel, cursor: str, following: str | None) -> dict[str, str | None]:
    """`self` and `next`; a cursor walks one way, so there is no `prev`."""
    asked = query.model_dump(exclude_defaults=True, exclude_none=True, mode="json")

    def link(values: dict[str, object]) -> str:
        return f"{path}?{urlencode(values, doseq=True)}" if values else path

    return {
        "self": link(asked),
        "next": link({**asked, cursor: following}) if following is not None else None,
        "prev": None,
    }
