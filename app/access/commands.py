"""What `pmhc keys` does. The command line has the database anyway, so it asks for no key."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.access import service
from app.access.keys import NAME, PREFIX_LENGTH
from app.access.models import ApiKey, Owner, Role
from app.access.queries import owner_called, status_of
from app.access.scopes import BY_WORD, Scope, known
from app.core.clock import rfc3339, utcnow
from app.core.db import Database
from app.core.errors import Invalid, Problem
from app.core.reach import Email
from app.core.trouble import sentence
from app.core.work import Work

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
ACTOR = "cli"
EMAIL: TypeAdapter[str] = TypeAdapter(Email)


class Refused(Exception):
    """The command cannot be done; the message is for the person who gave it."""


@asynccontextmanager
async def _work(url: str) -> AsyncIterator[Work]:
    database = Database(url, 1)
    try:
        async with database.write() as session:
            yield Work(session=session, actor=ACTOR, now=utcnow())
    except Invalid as problem:
        raise Refused(" ".join(fault["detail"] for fault in problem.errors)) from None
    except Problem as problem:
        raise Refused(problem.detail) from None
    except (SQLAlchemyError, OSError) as error:
        told = sentence(error, url) or f"The database cannot be used ({type(error).__name__}); `pmhc check` says more."
        raise Refused(told) from None
    finally:
        await database.close()


async def create(
    url: str, role: str, name: str, *, scopes: str | None, expires: str | None, email: str | None
) -> tuple[str, str]:
    """Make a key for the owner of that role and name, a new owner if there is none; answers it and what to say."""
    async with _work(url) as work:
        kind = Role(role)
        owner = await work.session.scalar(owner_called(kind, name.strip()).limit(1))
        if owner is None:
            owner = service.create_owner(work, kind, _name(name), _email(email or ""))
        key, text = await service.create_key(
            work,
            owner,
            label="made on the command line",
            scopes=_scopes(scopes),
            expires_at=_instant(expires, work.now),
        )
        return text, _told(key, owner, work.now)


async def contact(url: str, role: str, name: str, email: str) -> str:
    """Write to an owner at another address from now on, or at none; answers what to say."""
    async with _work(url) as work:
        owner = await work.session.scalar(
            owner_called(Role(role), name.strip()).limit(1).with_for_update(key_share=True)
        )
        if owner is None:
            raise Refused(f"There is no {role} of this name; `pmhc keys list` shows who holds keys.")
        service.change_owner(work, owner, {"contact_email": _email(email)})
        return f"Letters to the {owner.kind} {owner.name} (owner {owner.id}) go to {owner.contact_email or 'nobody'}."


async def rotate(url: str, reference: str, *, overlap: str, expires: str | None) -> tuple[str, str]:
    """Put a new key in the place of another; answers it and what to say."""
    async with _work(url) as work:
        key, owner = await _find(work, reference)
        until = _instant(overlap, work.now) or work.now
        new, text = await service.rotate_key(
            work, key, owner, overlap=until - work.now, lengthen=True, expires_at=_instant(expires, work.now)
        )
        ends = rfc3339(key.expires_at) if key.expires_at else "never"
        return text, f"{_told(new, owner, work.now)}\n{key.prefix} works until {ends}."


async def revoke(url: str, reference: str) -> str:
    """Stop a key; answers what to say."""
    async with _work(url) as work:
        key, owner = await _find(work, reference)
        service.revoke_key(work, key)
        return f"{_told(key, owner, work.now)}\nRunning servers refuse it within two seconds."


async def listing(url: str) -> list[str]:
    """A line for each key, newest first, under a heading."""
    async with _work(url) as work:
        wanted = select(ApiKey, Owner).join(Owner, Owner.id == ApiKey.owner_id).where(ApiKey.world_id.is_(None))
        found = (await work.session.execute(wanted.order_by(ApiKey.id.desc()))).all()
        lines = [("PREFIX", "ROLE", "STATUS", "EXPIRES", "LAST USED", "OWNER")]
        lines += [
            (
                key.prefix, owner.kind, status_of(key, work.now), _at(key.expires_at), _at(key.last_used_at),
                owner.name,
            )
            for key, owner in found
        ]  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return [
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)), line[5]]) for line in lines
    ]


async def _find(work: Work, reference: str) -> tuple[ApiKey, Owner]:
    wanted = select(ApiKey, Owner).join(Owner, Owner.id == ApiKey.owner_id).with_for_update(of=ApiKey)
    text = reference.strip()
    if text.startswith(f"{NAME}_"):
        wanted = wanted.where(ApiKey.prefix == text[: len(NAME) + 1 + PREFIX_LENGTH])
    else:
        try:
            wanted = wanted.where(ApiKey.id == UUID(text))
        except ValueError:
            raise Refused("Name a key by its prefix, pmhc_…, or by its id.") from None
    row = (await work.session.execute(wanted)).one_or_none()
    if row is None:
        raise Refused("There is no such key; `pmhc keys list` shows them.")
    return row.ApiKey, row.Owner


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= 200 or not name.isprintable():
        raise Refused("--name has 1 to 200 printable characters.")
    return name


def _email(text: str) -> str | None:
    try:
        return EMAIL.validate_python(text) if text else None
    except ValidationError:
        raise Refused("--email is no address that letters reach.") from None


def _scopes(text: str | None) -> Iterable[Scope] | None:
    if text is None:
        return None
    words = text.replace(",", " ").split()
    unknown = [word for word in words if word not in BY_WORD]
    if unknown or not words:
        raise Refused(f"--scopes: {', '.join(unknown) or 'nothing'} is not among {', '.join(BY_WORD)}.")
    return known(words)


def _instant(text: str | None, now: datetime) -> datetime | None:
    """`90d`, `12h`, `2w` from now; or a date or an instant."""
    if text is None:
        return None
    if match := re.fullmatch(r"(\d{1,5})([hdw])", text):
        return now + int(match[1]) * UNITS[match[2]]
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text[:40]!r} is not a time: say 90d, 12h, 2w, or 2027-01-31.") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _told(key: ApiKey, owner: Owner, now: datetime) -> str:
    return (
        f"{key.prefix} of the {owner.kind} {owner.name} (owner {owner.id}): {status_of(key, now)}, "
        f"expires {_at(key.expires_at)}, may {', '.join(sorted(known(key.scopes)))}."
    )


def _at(instant: datetime | None) -> str:
    return "never" if instant is None else rfc3339(instant.replace(microsecond=0))
