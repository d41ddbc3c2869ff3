"""Learning sites."""

from typing import Annotated

from fastapi import Query

from app.core.answers import Answer
from app.core.web import new_router
from app.editions.documented import ITEM, LIST
from app.editions.reading import Content, ItemQuery, NegotiatedContent, SlugPath, list_items, one_item
from app.sites.content import LEARNING_SITE, LearningSite
from app.sites.schemas import SitePage, SiteQuery

router = new_router("/v1", "Learning sites")


@router.get("/learning-sites", response_model=SitePage, operation_id="listLearningSites", responses=LIST)
async def list_learning_sites(content: NegotiatedContent, query: Annotated[SiteQuery, Query()]) -> Answer:
    """List the learning sites."""
    return await list_items(content, LEARNING_SITE.name, query)


@router.get("/learning-sites/{slug}", response_model=LearningSite, operation_id="getLearningSite", responses=ITEM)
async def get_learning_site(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get one learning site."""
    return await one_item(content, LEARNING_SITE.name, slug, query)
