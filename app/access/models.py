"""Owners, their keys, and the worlds in which sandbox keys live.

- `owner`: a partner's system or a member of staff. Requests, webhooks and events belong to owners, never to keys, so a
  key can be replaced without anything changing hands.
- `api_key`: the digest of a key and what it may do; the key itself is stored nowhere. A key lives from `created_at`
  until `expires_at` or `revoked_at`, whichever comes first; rows are never deleted, because the audit trail names them.
- `world`: a sandbox. Rows of the real world have `world_id` null everywhere; a world's rows never meet another's.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.words import Key, Title


class Role(StrEnum):
    """What kind of owner holds a key."""

    PARTNER = "partner"
    STAFF = "staff"


class World(Base):
    """A sandbox: separate data, and a clock that runs ahead of ours."""

    __tablename__ = "world"

    id: Mapped[Key]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    offset_seconds: Mapped[int]
    """How far the world's clock has been moved; never back."""


class Owner(Base):
    """A partner's system, or a member of staff."""

    __tablename__ = "owner"
    __table_args__ = (Index("ix_owner_name", "kind", "name"),)

    id: Mapped[Key]
    kind: Mapped[Role]
    name: Mapped[Title]
    contact_email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime]
    world_id: Mapped[UUID | None] = mapped_column(ForeignKey("world.id"), index=True)


class ApiKey(Base):
    """What is known of a key: everything but the key."""

    __tablename__ = "api_key"

    id: Mapped[Key]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owner.id"), index=True)
    prefix: Mapped[str] = mapped_column(String(32), unique=True)
    """The public part, `pmhc_…`, by which people and logs may name the key."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the whole key, in hexadecimal. A fast digest is enough: the secret has 256 random bits."""
    scopes: Mapped[list[str]]
    label: Mapped[Title]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """Right to the minute: written in batches, so that a request never waits for it."""
    replaced_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_key.id"))
    """The key that a rotation made in its place."""
    world_id: Mapped[UUID | None] = mapped_column(ForeignKey("world.id"), index=True)
