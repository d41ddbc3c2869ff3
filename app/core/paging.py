"""Lists of rows that change while they are read: a page at a time, by keyset.

A cursor names the last row that was seen by its sort value and id, so a walk visits each row once even while rows are
added, and page 1,000 costs what page 1 costs. Cursors are opaque, signed, and bound to the list they belong to: the
filters may not be changed on the way, because then the walk would be of another list.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, Uuid, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import UTCDateTime
from app.core.errors import Invalid
from app.core.web import In, Out
from app.core.words import InDigits

LIMIT, LIMIT_MAX = 50, 200
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
Row = TypeVar("Row")


class Links(Out):
    """Where the other pages are."""

    self: str
    next: str | None
    prev: str | None


class CursorQuery(In):
    """How a list is cut. Features add their filters."""

    limit: Annotated[int, InDigits] = Field(LIMIT, ge=1, le=LIMIT_MAX, description="Items on a page.")
    cursor: str | None = Field(
        None, max_length=400, pattern=r"^[A-Za-z0-9_-]+$",
        description="Where to go on; `links.next` and `links.prev` carry it.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut(Generic[Row]):
    """A page of rows, and the cursors of the pages beside it."""

    rows: Sequence[Row]
    next: str | None
    prev: str | None


class Cursors:
    """Writes and reads the cursors of one list."""

    def __init__(self, secret: str, *bound_to: object) -> None:
        """`bound_to` is all that makes the list this list: its name, its filters, its sort."""
        text = json.dumps([str(part) for part in bound_to])
        self._key = hashlib.sha256(f"cursor\n{secret}\n{text}".encode()).digest()

    def write(self, at: datetime, id_: UUID, *, back: bool) -> str:
        """A cursor behind a row, or before it."""
        body = json.dumps([(at - EPOCH) // MICROSECOND, id_.hex, int(back)]).encode()
        return base64.urlsafe_b64encode(self._mac(body) + body).rstrip(b"=").decode()

    def read(self, text: str) -> tuple[datetime, UUID, bool]:
        """Instant, id and direction of a cursor of this list."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raw = b""
        mac, body = raw[:12], raw[12:]
        if not hmac.compare_digest(mac, self._mac(body)):
            told = "This cursor is not of this list; start without it, and keep the filters while you walk."
            raise Invalid([{"parameter": "cursor", "detail": told}])
        micros, id_, back = json.loads(body)
        return EPOCH + int(micros) * MICROSECOND, UUID(id_), bool(back)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:12]


async def cut(
    session: AsyncSession, wanted: Select[Row], by: tuple[Any, Any], cursors: Cursors, query: CursorQuery, *,
    descending: bool = False,
) -> Cut[Row]:  # fmt: skip
    """One page of the rows, sorted by an instant and the id: one statement, whatever the page."""
    at, id_ = by
    back = False
    if query.cursor is not None:
        instant, last, back = cursors.read(query.cursor)
        place = tuple_(literal(instant, UTCDateTime()), literal(last, Uuid()))
        here = tuple_(at, id_)
        wanted = wanted.where(here < place if back != descending else here > place)
    falling = back != descending
    wanted = wanted.order_by(at.desc() if falling else at, id_.desc() if falling else id_).limit(query.limit + 1)
    found = list(await session.scalars(wanted))
    more, rows = len(found) > query.limit, found[: query.limit]
    if back:
        rows.reverse()

    def edge(row: Any, *, back: bool) -> str:
        return cursors.write(getattr(row, at.key), getattr(row, id_.key), back=back)

    forward = bool(rows) and (more or back)
    backward = bool(rows) and (more if back else query.cursor is not None)
    return Cut(
        rows,
        next=edge(rows[-1], back=False) if forward else None,
        prev=edge(rows[0], back=True) if backward else None,
    )


async def count(session: AsyncSession, wanted: Select[Any]) -> int:
    """How many rows there are on all pages."""
    return await session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0


def page_links(path: str, query: CursorQuery, page: Cut[Any]) -> Links:
    """The links of a page, with the filters that were asked for."""
    asked = query.model_dump(exclude_defaults=True, exclude_none=True, mode="json")

    def link(cursor: str | None) -> str:
        shown = {**asked, "cursor": cursor}
        pairs = [(key, value) for key, value in shown.items() if value not in (None, [])]
        return f"{path}?{urlencode(pairs, doseq=True, safe=',:')}" if pairs else path

    return Links(
        self=link(query.cursor),
        next=link(page.next) if page.next else None,
        prev=link(page.prev) if page.prev else None,
    )


def link_header(links: Links) -> dict[str, str]:
    """The same `next` and `prev` as a header (RFC 8288)."""
    parts = [f'<{url}>; rel="{rel}"' for rel, url in (("next", links.next), ("prev", links.prev)) if url]
    return {"Link": ", ".join(parts)} if parts else {}
