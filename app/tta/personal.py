"""The one place for personal data: who asks, and every word that people write.

Two tables and nothing else hold it, so that a request can be disposed of by deleting its rows here and keeping the
skeleton. Nothing of it enters events, notices, logs, metrics or addresses: those name the request, and who may read
them looks here.

- `tta_contact`: what the form marks `x-personal` (name, e-mail, telephone, address, free words).
- `tta_message`: words said later: messages, answers, questions, internal notes, and what was written with a move.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.words import Key
from app.tta.states import By


class Contact(Base):
    """Who asks, and in which words."""

    __tablename__ = "tta_contact"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("tta_request.id", ondelete="CASCADE"), primary_key=True)
    email_key: Mapped[str] = mapped_column(String(254))
    """The address folded, to find likely duplicates."""
    said: Mapped[dict[str, Any]]


class Message(Base):
    """Words about a request."""

    __tablename__ = "tta_message"
    __table_args__ = (Index("ix_tta_message_request", "request_id", "at", "id"),)

    id: Mapped[Key]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("tta_request.id", ondelete="CASCADE"))
    event_id: Mapped[UUID]
    """The fact that these words belong to."""
    at: Mapped[datetime]
    by: Mapped[By]
    author_id: Mapped[UUID | None]
    internal: Mapped[bool]
    """Said among staff; reaches nobody else, by no way."""
    words: Mapped[dict[str, Any]]
    """Each text under the name of the field that it was sent in."""
