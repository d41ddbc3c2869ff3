"""Publishing: one transaction that makes one numbered edition, or nothing at all.

What is wanted (a checked set of documents) is compared with what stands. What differs becomes revisions; nothing
differs, no edition. Two publishers at once: the edition number is the primary key, and the whole comparison happens
inside the write transaction under a lock, so the second one compares with what the first one published. It may say
which edition it expects to replace; if that is no longer the newest it is refused (`EditionMoved`).
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, select, text

from app.core.errors import Conflict
from app.core.facts import Data, define
from app.core.work import Work
from app.editions.models import Edition, Published, Revision

ADVISORY_LOCK = 7_046_201
Documents = Mapping[tuple[str, str], str]
"""(kind, slug) → the document as it is stored and served."""


class EditionData(Data):
    """What an edition changed, in numbers of items."""

    number: int
    created: int
    changed: int
    retired: int
    digest: str


define("edition.published", "An edition of the content was published.", EditionData, public=False)


class EditionMoved(Conflict):
    """Somebody else published meanwhile. Look at what changed, then publish again on top of the newest edition."""

    title = "The edition moved"


@dataclass
class Diff:
    """What publishing would do, by (kind, slug)."""

    created: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    retired: list[tuple[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.created or self.changed or self.retired)


def digest(lines: Iterable[bytes]) -> str:
    """SHA-256 in the form of RFC 9530, over the lines of an export."""
    total = hashlib.sha256()
    for line in lines:
        total.update(line)
    return f"sha-256=:{base64.b64encode(total.digest()).decode()}:"


def export_line(kind: str, slug: str, document: str) -> bytes:
    """One item of an export: type, slug and the document, without what depends on the edition."""
    head = json.dumps({"type": kind, "slug": slug}, separators=(",", ":"))[:-1]
    return f'{head},"document":{document}}}\n'.encode()


def compare(standing: Documents, wanted: Documents) -> Diff:
    """What must happen for `standing` to become `wanted`."""
    return Diff(
        created=sorted(wanted.keys() - standing.keys()),
        changed=sorted(key for key in wanted.keys() & standing.keys() if wanted[key] != standing[key]),
        retired=sorted(standing.keys() - wanted.keys()),
    )


async def standing_documents(session: Any) -> dict[tuple[str, str], str]:
    """Everything published now."""
    rows = await session.execute(
        select(Published.kind, Published.slug, Revision.document).join(
            Revision,
            and_(
                Published.kind == Revision.kind,
                Published.slug == Revision.slug,
                Published.edition == Revision.edition,
            ),
        )
    )
    return {(row.kind, row.slug): row.document for row in rows}


async def publish(
    work: Work, wanted: Documents, *, note: str | None = None, expects: int | None = None
) -> tuple[Edition | None, Diff]:
    """Publish what differs; answer the new edition, or None where nothing does."""
    session = work.session
    if session.get_bind().dialect.name == "postgresql":
        # SQLite's write transaction is alone by nature; here one lock serialises publishers and nobody else.
        await session.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
    newest = await session.scalar(select(func.max(Edition.number))) or 0
    if expects is not None and expects != newest:
        raise EditionMoved(f"Edition {expects} was expected to be the newest, but it is {newest}.", newest=newest)
    diff = compare(await standing_documents(session), wanted)
    if not diff:
        return None, diff
    edition = Edition(
        number=newest + 1,
        published_at=work.now,
        published_by=work.actor,
        note=note,
        digest=digest(export_line(kind, slug, wanted[kind, slug]) for kind, slug in sorted(wanted)),
        items=len(wanted),
        created=len(diff.created),
        changed=len(diff.changed),
        retired=len(diff.retired),
    )
    session.add(edition)
    await session.flush()
    actions = {"created": diff.created, "changed": diff.changed, "retired": diff.retired}
    revisions = [
        {"kind": kind, "slug": slug, "edition": edition.number, "action": action, "document": wanted.get((kind, slug))}
        for action, keys in actions.items()
        for kind, slug in keys
    ]
    await session.execute(insert(Revision), revisions)
    replaced = [{"k": kind, "s": slug} for kind, slug in diff.changed + diff.retired]
    if replaced:
        gone = delete(Published).where(Published.kind == bindparam("k"), Published.slug == bindparam("s"))
        await (await session.connection()).execute(gone, replaced)
    standing = [{"kind": kind, "slug": slug, "edition": edition.number} for kind, slug in diff.created + diff.changed]
    if standing:
        await session.execute(insert(Published), standing)
    work.record(
        "edition.published", "edition", edition.number,
        number=edition.number, created=edition.created, changed=edition.changed, retired=edition.retired,
        digest=edition.digest,
    )  # fmt: skip
    return edition, diff
