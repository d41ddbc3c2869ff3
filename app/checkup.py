"""What `pmhc check` looks at. Each finding says what was looked at, and what is wrong and what to do about it.

Nothing is changed, and nothing is made: a database that is not there stays away. A fault is named with the place where
it was looked for, never with a password.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.shared import Shared
from app.contact.files import SANDBOXES, open_files
from app.contents import KINDS
from app.core.beat import is_late
from app.core.clock import utcnow
from app.core.db import Database
from app.core.mailbox import Folder, mail_target
from app.core.seal import Seal
from app.core.settings import Settings, variables
from app.core.signing import newest_opens
from app.core.trouble import missing, out_of_reach, place, sentence
from app.editions.load import ContentError, read
from app.editions.load import check as check_drafts
from app.editions.publish import compare, standing_documents
from app.mail.sender import Unsent, knock
from app.webhooks.models import WebhookEndpoint
from app.webhooks.secret import opens

Finding = tuple[str, str | None]
"""What was looked at, and what is wrong with it."""
Shipped = Callable[[str], Path]
"""Finds what comes with the program."""
LOOKED_AT = 1000
"""Webhooks of which it is tried whether their secret opens, the oldest first."""
LOST = (
    "set it to the value that they were sealed with; a backup should hold it. If it is lost: a new key for receipts is "
    "made by itself, and each webhook wants a new secret (`POST /v1/webhook-endpoints/{id}/rotate`)"
)


async def findings(settings: Settings, shipped: Shipped) -> list[Finding]:
    """Everything, in the order in which it should be mended."""
    others = [await _attachments(settings), *await _limits(settings), await _letters(settings)]
    return [*await _database(settings, shipped), *others]


def strange(environment: Mapping[str, str]) -> list[str]:
    """A remark on each variable that begins as ours do and is none of ours."""
    known, remarks = variables(), []
    for name in sorted(environment):
        if name.upper().startswith("APP_") and name.upper() not in known:
            near = get_close_matches(name.upper(), known, n=1)
            remarks.append(f"{name} is no setting and changes nothing" + (f"; is {near[0]} meant?" if near else ""))
    return remarks


async def _database(settings: Settings, shipped: Shipped) -> list[Finding]:
    url = settings.database_url.get_secret_value()
    if gone := missing(url):
        return [("database", gone)]
    database = Database(url)
    told: list[Finding] = []
    try:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
            told.append((f"database ({database.dialect}, {place(url)})", None))
            revision, head = await _revision(session), _head(shipped)
            if revision != head:
                return [*told, (f"schema {revision or 'empty'}", f"this version wants {head}; run `pmhc migrate`")]
            told += [(f"schema {head}", None), *await _contents(session, shipped)]
            late = await is_late(session, utcnow())
            told += [
                ("worker", "has not ticked lately; `pmhc serve` or `pmhc worker` runs one" if late else None),
                await _sealed(session, settings),
            ]
    except Exception as error:
        if sentence(error, url) is None:
            raise
        told.append(("database", f"out of reach: {out_of_reach(error, url)}"))
    finally:
        await database.close()
    return told


async def _revision(session: AsyncSession) -> str | None:
    try:
        return str(await session.scalar(text("SELECT version_num FROM alembic_version")) or "") or None
    except SQLAlchemyError:
        await session.rollback()
        return None


def _head(shipped: Shipped) -> str | None:
    config = Config(shipped("alembic.ini"))
    config.set_main_option("script_location", str(shipped("migrations")))
    return ScriptDirectory.from_config(config).get_current_head()


async def _contents(session: AsyncSession, shipped: Shipped) -> list[Finding]:
    standing = await standing_documents(session)
    told: list[Finding] = [
        (f"content ({len(standing)} items)", None if standing else "nothing is published; run `pmhc load`")
    ]
    try:
        differs = compare(standing, check_drafts(read(shipped("seed_data"), KINDS)))
    except ContentError as error:
        return [*told, ("seed_data", f"{len(error.faults)} mistakes; run `pmhc load --check`")]
    return [*told, ("seed_data" + (" (differs from what is published)" if differs else ""), None)]


async def _sealed(session: AsyncSession, settings: Settings) -> Finding:
    """Whether APP_SECRET is the one under which the database keeps its secrets."""
    seal = Seal(settings.secret.get_secret_value())
    shut = [] if settings.signing_key or await newest_opens(session, seal) else ["the key that signs receipts"]
    oldest = select(WebhookEndpoint).order_by(WebhookEndpoint.created_at, WebhookEndpoint.id).limit(LOOKED_AT)
    endpoints = list(await session.scalars(oldest))
    failed = sum(not opens(seal, endpoint) for endpoint in endpoints)
    if failed:
        shut.append(f"the secrets of {failed} of {len(endpoints)} webhooks")
    return "sealed secrets", f"APP_SECRET does not open {' and '.join(shut)}; {LOST}" if shut else None


async def _attachments(settings: Settings) -> Finding:
    try:
        await open_files(settings.files_url).names(SANDBOXES)
    except OSError as error:
        told = error.strerror or error
        return f"attachments ({settings.files_url})", f"out of reach ({told}); check APP_FILES_URL (and AWS_*)"
    return f"attachments ({settings.files_url})", None


async def _limits(settings: Settings) -> list[Finding]:
    if settings.redis_url is None:
        return []
    url = settings.redis_url.get_secret_value()
    parts, shared = urlsplit(url), Shared(url)
    where = f"limits (Redis, {parts.hostname or 'localhost'}:{parts.port or 6379})"
    try:
        await shared.ping()
    except OSError as error:
        return [(where, f"out of reach ({error}); check APP_REDIS_URL. Meanwhile each process counts for itself")]
    finally:
        await shared.close()
    return [(where, None)]


async def _letters(settings: Settings) -> Finding:
    target = mail_target(settings.mail_url.get_secret_value())
    if isinstance(target, Folder):
        told = f"letters (kept in {target.path.absolute()}, sent to nobody)"
        advice = "set APP_MAIL_URL (smtp://user:password@host), APP_MAIL_FROM and APP_STAFF_MAIL"
        return told, f"in production people wait for them; {advice}" if settings.is_mute else None
    try:
        await knock(target, settings.mail_timeout)
    except Unsent as unsent:
        return f"letters ({target!r})", f"{unsent.code}; check APP_MAIL_URL. Letters wait meanwhile."
    return f"letters ({target!r})", None
