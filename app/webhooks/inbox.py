"""A sandbox's inbox: what its webhooks would have posted, kept to be read. Nothing of a sandbox leaves the building."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import new_id
from app.core.words import Key
from app.webhooks.settle import Result


class InboxItem(Base):
    """One webhook as the endpoint would have got it."""

    __tablename__ = "sandbox_inbox"
    __table_args__ = (Index("ix_sandbox_inbox_world", "world_id", "id"),)

    id: Mapped[Key]
    world_id: Mapped[UUID] = mapped_column(ForeignKey("world.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    received_at: Mapped[datetime]
    headers: Mapped[dict[str, Any]]
    body: Mapped[str] = mapped_column(Text)
    """The very bytes that were signed, as text."""


def keep_in_inbox(session: AsyncSession, result: Result) -> None:
    """Put a delivery into the inbox of its world, in the transaction that settles it."""
    world_id = result.claimed.endpoint.world_id
    if world_id is not None:
        session.add(
            InboxItem(
                id=new_id(), world_id=world_id, endpoint_id=result.claimed.endpoint.id, received_at=result.at,
                headers=result.headers, body=result.body.decode(),
            )
        )  # fmt: skip
