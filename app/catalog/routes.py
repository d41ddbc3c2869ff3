"""Program types and essential elements."""

from typing import Annotated

from fastapi import Query

from app.catalog.content import ESSENTIAL_ELEMENT, PROGRAM_TYPE, EssentialElement, ProgramType
from app.catalog.schemas import ElementPage, ElementQuery, ProgramTypePage, ProgramTypeQuery
from app.core.answers import Answer
from app.core.web import new_router
from app.editions.asking import ItemQuery, SlugPath
from app.editions.documented import ITEM, LIST
from app.editions.reader import Content
from app.editions.reading import list_items, one_item

router = new_router("/v1", "Programs")


@router.get("/program-types", response_model=ProgramTypePage, operation_id="listProgramTypes", responses=LIST)
async def list_program_types(content: Content, query: Annotated[ProgramTypeQuery, Query()]) -> Answer:
    """List the five approaches.

    Each with its definition, goals, training, organizational structure and staffing, where it suits, its strengths
    and limits, and the learning sites that work this way.
    """
    return await list_items(content, PROGRAM_TYPE.name, query)


@router.get("/program-types/{slug}", response_model=ProgramType, operation_id="getProgramType", responses=ITEM)
async def get_program_type(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get one approach."""
    return await one_item(content, PROGRAM_TYPE.name, slug, query)


@router.get("/essential-elements", response_model=ElementPage, operation_id="listEssentialElements", responses=LIST)
async def list_essential_elements(content: Content, query: Annotated[ElementQuery, Query()]) -> Answer:
    """List the ten essential elements, by number."""
    return await list_items(content, ESSENTIAL_ELEMENT.name, query)


@router.get(
    "/essential-elements/{slug}", response_model=EssentialElement, operation_id="getEssentialElement", responses=ITEM
)
async def get_essential_element(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get one essential element.

    The topics that it names go deeper.
    """
    return await one_item(content, ESSENTIAL_ELEMENT.name, slug, query)
