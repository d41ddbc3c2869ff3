"""Questions that learning sites answer, and the shapes of their lists."""

from typing import Literal

from pydantic import Field

from app.core.words import Slug, State
from app.editions.kinds import ItemPage
from app.editions.reading import ListQuery
from app.sites.content import Cohort, LearningSite, Setting, SiteKind, SiteStrength, SizeBand


class SitePage(ItemPage):
    """Learning sites, by name."""

    items: list[LearningSite]


class SiteQuery(ListQuery):
    """Which learning sites."""

    sort: Literal["title", "-title", "state", "-state", "cohort", "-cohort"] | None = Field(
        None, description="Order; `-` reverses."
    )
    state: list[State] = Field([], max_length=60, description="In any of these states.")
    kind: list[SiteKind] = Field([], max_length=5, description="Any of these kinds of jurisdiction.")
    setting: list[Setting] = Field([], max_length=4, description="In any of these settings.")
    size: list[SizeBand] = Field([], max_length=4, description="In any of these bands of sworn officers.")
    cohort: list[Cohort] = Field([], max_length=2, description="Chosen in any of these cycles.")
    program_type: list[Slug] = Field([], max_length=20, description="That work in any of these ways.")
    strength: list[SiteStrength] = Field([], max_length=13, description="Good at showing any of these.")
