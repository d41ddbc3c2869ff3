"""Questions that the library answers, and the shapes of its lists."""

from typing import Literal

from pydantic import Field

from app.core.words import Slug, Year
from app.editions.asking import ListQuery
from app.editions.kinds import ItemPage
from app.library.content import (
    FAQ,
    Access,
    Audience,
    Basis,
    Fact,
    FactGroup,
    Goal,
    Measure,
    MeasureKind,
    Resource,
    ResourceKind,
)


class ResourcePage(ItemPage):
    """Resources, by title."""

    items: list[Resource]


class FactPage(ItemPage):
    """Statistics, by group."""

    items: list[Fact]


class FAQPage(ItemPage):
    """Questions, in order."""

    items: list[FAQ]


class MeasurePage(ItemPage):
    """Performance measures, by code."""

    items: list[Measure]


class ResourceQuery(ListQuery):
    """Which resources."""

    sort: Literal["title", "-title", "year", "-year"] | None = Field(None, description="Order; `-` reverses.")
    kind: list[ResourceKind] = Field([], max_length=20, description="Any of these kinds.")
    audience: list[Audience] = Field([], max_length=10, description="For any of these audiences.")
    access: list[Access] = Field([], max_length=5, description="On any of these terms.")
    year: list[Year] = Field([], max_length=20, description="Of any of these years.")
    topic: list[Slug] = Field(
        [],
        max_length=20,
        description="On any of these topics: everything there is. A topic's own `resources` are those it recommends.",
    )
    element: list[Slug] = Field([], max_length=20, description="On any of these essential elements.")
    program_type: list[Slug] = Field([], max_length=20, description="About any of these program types.")


class FactQuery(ListQuery):
    """Which statistics."""

    sort: Literal["title", "-title", "year", "-year"] | None = Field(None, description="Order; `-` reverses.")
    group: list[FactGroup] = Field([], max_length=10, description="Of any of these groups.")
    on_infographic: bool | None = Field(None, description="Whether the home page's infographic shows it.")
    estimate: bool | None = Field(None, description="Whether the source calls it an estimate.")
    year: list[Year] = Field([], max_length=20, description="Of any of these years.")
    resource: list[Slug] = Field([], max_length=20, description="That come from any of these resources.")


class FAQQuery(ListQuery):
    """Which questions."""

    sort: Literal["position", "-position", "title", "-title"] | None = Field(None, description="Order; `-` reverses.")
    topic: list[Slug] = Field([], max_length=20, description="On any of these topics.")
    learning_site: list[Slug] = Field([], max_length=20, description="That name any of these learning sites.")


class MeasureQuery(ListQuery):
    """Which measures."""

    sort: Literal["code", "-code", "title", "-title"] | None = Field(None, description="Order; `-` reverses.")
    kind: list[MeasureKind] = Field([], max_length=2, description="Process or outcome.")
    goal: list[Goal] = Field([], max_length=6, description="For any of these goals.")
    basis: list[Basis] = Field([], max_length=5, description="On any of these grounds.")
    program_type: list[Slug] = Field([], max_length=20, description="Stressed for any of these program types.")
    element: list[Slug] = Field([], max_length=20, description="Of any of these essential elements.")
