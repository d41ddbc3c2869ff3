"""What a letter says, found when it is written: the seam between the features that owe letters and the mail room.

A notice names only its kind and its subject. Each feature that owes letters offers a `Lookup`: given the notice, it
reads the address and the words from the one place where they are kept. The worker hands the lookups to the mail room,
so neither side knows the other.

`sandbox_mail` keeps the letters of sandboxes: they are written like all others and never sent, so that whoever tries
the API can read over HTTP what would have gone out. It holds what people typed into a sandbox, and ends with it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.notices import Notice, Recipient
from app.core.words import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a letter needs to know; never stored, never logged."""

    address: str | None
    """Whom it goes to; None when there is nobody to write to. For staff, None means the desk's own address."""
    name: str | None
    """Whom it greets."""
    reference: str
    """How people name the subject."""
    path: str
    """Where the subject is served, such as `/v1/tta-requests/…`."""
    owner_id: UUID | None = None
    """The partner whom the subject concerns: its system is told when the letter has gone out."""
    state: str | None = None
    """The postal code of the state whose time the reader lives by."""
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What this kind of letter says; `app/mail/samples.py` shows the details of each kind. Instants are aware
    datetimes: the mail room tells them in the reader's time and in UTC."""


Lookup = Callable[[AsyncSession, Notice], Awaitable[Facts | None]]
"""Finds the facts for a notice about one type of subject; None when the subject is no longer there."""


class SandboxLetter(Base):
    """A letter of a sandbox: written, kept, never sent."""

    __tablename__ = "sandbox_mail"
    __table_args__ = (Index("ix_sandbox_mail_world", "world_id", "notice_id"),)

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"), primary_key=True)
    world_id: Mapped[UUID]
    kind: Mapped[Label]
    recipient: Mapped[Recipient]
    address: Mapped[str] = mapped_column(String(320))
    kept_at: Mapped[datetime]
    message_id: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
