"""Resources, facts, FAQs, measures."""

from typing import Annotated

from fastapi import Query

from app.core.answers import Answer
from app.core.web import new_router
from app.editions.asking import ItemQuery, SlugPath
from app.editions.documented import ITEM, LIST
from app.editions.reader import Content
from app.editions.reading import list_items, one_item
from app.library.content import FACT, FAQ, FAQ_KIND, MEASURE, RESOURCE, Fact, Measure, Resource
from app.library.schemas import (
    FactPage,
    FactQuery,
    FAQPage,
    FAQQuery,
    MeasurePage,
    MeasureQuery,
    ResourcePage,
    ResourceQuery,
)

router = new_router("/v1", "Library")


@router.get("/resources", response_model=ResourcePage, operation_id="listResources", responses=LIST)
async def list_resources(content: Content, query: Annotated[ResourceQuery, Query()]) -> Answer:
    """List guides, reports, courses, tools and laws.

    `url_status` says whether we saw the address (`seen`), know it from memory (`unverified`), or know none (`none`).
    """
    return await list_items(content, RESOURCE.name, query)


@router.get("/resources/{slug}", response_model=Resource, operation_id="getResource", responses=ITEM)
async def get_resource(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get one resource."""
    return await one_item(content, RESOURCE.name, slug, query)


@router.get("/facts", response_model=FactPage, operation_id="listFacts", responses=LIST)
async def list_facts(content: Content, query: Annotated[FactQuery, Query()]) -> Answer:
    """List statistics, each with unit, population, year and source.

    Several look alike and measure different things: read `related` and `caveat` before you quote one.
    """
    return await list_items(content, FACT.name, query)


@router.get("/facts/{slug}", response_model=Fact, operation_id="getFact", responses=ITEM)
async def get_fact(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get one statistic."""
    return await one_item(content, FACT.name, slug, query)


@router.get("/faqs", response_model=FAQPage, operation_id="listFAQs", responses=LIST)
async def list_faqs(content: Content, query: Annotated[FAQQuery, Query()]) -> Answer:
    """List questions about the learning sites, in order."""
    return await list_items(content, FAQ_KIND.name, query)


@router.get("/faqs/{slug}", response_model=FAQ, operation_id="getFAQ", responses=ITEM)
async def get_faq(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get one question with its answer."""
    return await one_item(content, FAQ_KIND.name, slug, query)


@router.get("/measures", response_model=MeasurePage, operation_id="listMeasures", responses=LIST)
async def list_measures(content: Content, query: Annotated[MeasureQuery, Query()]) -> Answer:
    """List performance measures, by code.

    Each says what to count, over what, in which unit, from which system, and for which goal.
    """
    return await list_items(content, MEASURE.name, query)


@router.get("/measures/{slug}", response_model=Measure, operation_id="getMeasure", responses=ITEM)
async def get_measure(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get one performance measure."""
    return await one_item(content, MEASURE.name, slug, query)
