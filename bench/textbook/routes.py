"""The textbook application's reads, its search, and its one write."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bench.textbook import schemas
from bench.textbook.models import (
    Home,
    LearningSite,
    Page,
    PageCitation,
    ProgramType,
    Section,
    SectionCitation,
    SiteCitation,
    Topic,
    TopicCitation,
    TTARequest,
)

router = APIRouter(prefix="/v1")
SITE = (
    selectinload(LearningSite.program_types),
    selectinload(LearningSite.figures),
    selectinload(LearningSite.citations).joinedload(SiteCitation.source),
)
SECTION = (
    selectinload(Section.citations).joinedload(SectionCitation.source),
    selectinload(Section.topics).selectinload(Topic.program_types),
    selectinload(Section.topics).selectinload(Topic.citations).joinedload(TopicCitation.source),
    selectinload(Section.topics).joinedload(Topic.section),
)
PAGE = selectinload(Page.citations).joinedload(PageCitation.source)
SEARCHED = {"learning-site": LearningSite, "topic": Topic, "section": Section, "page": Page}


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]
Several = Annotated[list[str], Query()]


@router.get("/learning-sites", response_model=schemas.SitePage)
async def list_learning_sites(
    request: Request,
    session: Session,
    state: Several = [],  # noqa: B006
    kind: Several = [],  # noqa: B006
    setting: Several = [],  # noqa: B006
    size: Several = [],  # noqa: B006
    program_type: Several = [],  # noqa: B006
    sort: str = "title",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Any:
    """List learning sites."""
    found = select(LearningSite)
    for column, wanted in (("state", state), ("kind", kind), ("setting", setting), ("size", size)):
        if wanted:
            found = found.where(getattr(LearningSite, column).in_(wanted))
    if program_type:
        found = found.where(LearningSite.program_types.any(ProgramType.slug.in_(program_type)))
    total = await session.scalar(select(func.count()).select_from(found.subquery())) or 0
    key = getattr(LearningSite, sort.lstrip("-"))
    order = key.desc() if sort.startswith("-") else key
    page = found.order_by(order, LearningSite.slug).offset(offset).limit(limit).options(*SITE)
    rows = (await session.scalars(page)).all()

    def link(start: int) -> str:
        return str(request.url.include_query_params(offset=start))

    links = {
        "self": str(request.url),
        "next": link(offset + limit) if offset + limit < total else None,
        "prev": link(max(0, offset - limit)) if offset else None,
    }
    return {"items": rows, "total": total, "links": links}


@router.get("/sections/{slug}", response_model=schemas.Section)
async def get_section(session: Session, slug: str, include: str | None = None) -> Any:
    """Get a section, with its topics if asked."""
    row = await session.scalar(select(Section).where(Section.slug == slug).options(*SECTION))
    if row is None:
        raise HTTPException(404, "No such section")
    section = schemas.Section.model_validate(row)
    if include == "topics":
        section.included = {"topics": schemas.TopicList(items=row.topics, total=len(row.topics))}
    return section


@router.get("/toolkit", response_model=schemas.Tree)
async def get_toolkit(session: Session) -> Any:
    """Get the whole toolkit as one tree."""
    home = await session.scalar(select(Home))
    if home is None:
        raise HTTPException(404, "Nothing is published")
    sections = (await session.scalars(select(Section).order_by(Section.number).options(*SECTION))).all()
    pages = (await session.scalars(select(Page).order_by(Page.position).options(PAGE))).all()
    counts = {
        name: await session.scalar(select(func.count()).select_from(model)) or 0 for name, model in SEARCHED.items()
    }
    return {
        "title": home.title,
        "summary": home.summary,
        "edition": sections[0].edition,
        "published_at": max(section.updated_at for section in sections),
        "introduction": next(page for page in pages if page.slug == home.introduction),
        "featured": home.featured,
        "sections": sections,
        "pages": pages,
        "next_steps": home.next_steps,
        "counts": counts,
        "links": {f"{name.replace('-', '_')}s": f"/v1/{name}s" for name in SEARCHED},
    }


@router.get("/search", response_model=schemas.Hits)
async def search(
    session: Session, q: Annotated[str, Query(max_length=200)], limit: Annotated[int, Query(ge=1, le=50)] = 20
) -> Any:
    """Search titles, summaries and texts."""
    hits: list[schemas.Hit] = []
    counts = {}
    pattern = f"%{q}%"
    for name, model in SEARCHED.items():
        text = LearningSite.description if model is LearningSite else model.body
        found = or_(model.title.ilike(pattern), model.summary.ilike(pattern), text.ilike(pattern))
        rank = case((model.title.ilike(pattern), 3.0), (model.summary.ilike(pattern), 2.0), else_=1.0)
        counts[name] = await session.scalar(select(func.count()).select_from(model).where(found)) or 0
        rows = await session.execute(
            select(model.slug, model.title, model.path, model.summary, rank.label("score"))
            .where(found)
            .order_by(rank.desc(), model.title)
            .limit(limit)
        )
        hits += [
            schemas.Hit(
                type=name, slug=row.slug, title=row.title, path=row.path, score=row.score, snippet=row.summary,
                href=f"/v1/{name}s/{row.slug}",
            )
            for row in rows
        ]  # fmt: skip
    hits.sort(key=lambda hit: -hit.score)
    return {"items": hits[:limit], "total": sum(counts.values()), "counts": counts}


@router.post("/tta-requests", response_model=schemas.RequestOut, status_code=201)
async def create_request(session: Session, asked: schemas.RequestIn) -> Any:
    """Take a request for training and technical assistance."""
    now = datetime.now(UTC)
    request = TTARequest(
        reference=f"TTA-{uuid4().hex[:10].upper()}",
        status="submitted",
        received_at=now,
        due_at=now + timedelta(hours=36),
        contact=asked.contact.model_dump(),
        agency=asked.agency.model_dump(),
        kind=asked.kind,
        topics=asked.topics,
        description=asked.description,
        external_ref=asked.external_ref,
    )
    session.add(request)
    await session.commit()
    await session.refresh(request)
    return request
