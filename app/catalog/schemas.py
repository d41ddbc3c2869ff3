"""Questions that the vocabularies answer, and the shapes of their lists."""

from typing import Literal

from pydantic import Field

from app.catalog.content import ElementBrief, ProgramType
from app.core.words import Slug
from app.editions.asking import ListQuery
from app.editions.kinds import ItemPage


class ProgramTypePage(ItemPage):
    """Program types, in order."""

    items: list[ProgramType]


class ElementPage(ItemPage):
    """Essential elements, by number."""

    items: list[ElementBrief]


class ProgramTypeQuery(ListQuery):
    """Which program types."""

    sort: Literal["position", "-position", "title", "-title"] | None = Field(None, description="Order; `-` reverses.")
    learning_site: list[Slug] = Field([], max_length=20, description="With any of these learning sites as an example.")


class ElementQuery(ListQuery):
    """Which essential elements."""

    sort: Literal["number", "-number", "title", "-title"] | None = Field(None, description="Order; `-` reverses.")
    topic: list[Slug] = Field([], max_length=20, description="That any of these topics go deeper into.")
