"""Endpoints, deliveries and attempts.

    delivery: pending --claim--> pending (leased) --2xx--> delivered
                                                  --anything else--> pending, later (back-off)
                                                  --the last attempt--> failed
                                                  --410--> failed, and the endpoint is disabled
    endpoint: enabled <--> paused (by the partner: deliveries wait)
              enabled --410, or failing for five days--> disabled (deliveries wait for `enabled`; no new ones are made)
              what a person sets begins afresh: no failure of before counts
              any --deleted by its partner--> disabled for good, and seen by nobody; its deliveries can still be read

A delivery is unique per event and endpoint, so dispatching twice makes it once. `webhook-id` is the event's id on
every attempt and every redelivery. A worker that dies after claiming leaves a lease that runs out.

One slow or dead partner delays nobody: an endpoint that fails is left alone until its own `retry_at`, and only a few
deliveries of one endpoint are under way at once. When it is well again, what waits for it comes at once.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.words import Key, Label

Address = Annotated[str, mapped_column(String(500))]


class EndpointStatus(StrEnum):
    """Whether deliveries go out."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


DELETED = "deleted"
"""Why an endpoint is disabled that its partner deleted. The row stays, for the sake of the deliveries that point to it,
without its address, its words and its secret."""


class DeliveryStatus(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class WebhookEndpoint(Base):
    """Where a partner wants its events."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (Index("ix_webhook_endpoint_owner", "owner_id", "world_id"),)

    id: Mapped[Key]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owner.id"))
    world_id: Mapped[UUID | None]
    url: Mapped[Address]
    description: Mapped[str | None] = mapped_column(String(200))
    event_types: Mapped[list[str]]
    """Only these types; all where it is empty."""
    status: Mapped[EndpointStatus]
    disabled_reason: Mapped[Label | None]
    created_at: Mapped[datetime]
    sealed_secret: Mapped[str] = mapped_column(Text)
    sealed_previous_secret: Mapped[str | None] = mapped_column(Text)
    """Those that sign beside it, the newest first, separated by spaces."""
    previous_until: Mapped[datetime | None]
    """Until when the secrets before the last rotation sign too."""
    failing_since: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    """While it fails: when it is tried again, whatever waits."""
    failures: Mapped[int]
    """Failed rounds since the last success; tries that were under way at once are one round."""


class Delivery(Base):
    """One event for one endpoint."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id"),
        Index(
            "ix_webhook_delivery_due", "endpoint_id", "next_attempt_at",
            sqlite_where=text("status = 'pending'"), postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_webhook_delivery_owner", "owner_id", "id"),
    )  # fmt: skip

    id: Mapped[Key]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    owner_id: Mapped[UUID]
    status: Mapped[DeliveryStatus]
    created_at: Mapped[datetime]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    """When it may be tried (again); while it is leased, when the lease runs out. By our own clock, in sandboxes too."""
    settled_at: Mapped[datetime | None]


class Attempt(Base):
    """One try at a delivery, as the partner may read it."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_delivery", "delivery_id"),)

    id: Mapped[Key]
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_delivery.id"))
    at: Mapped[datetime]
    duration_ms: Mapped[int]
    status_code: Mapped[int | None]
    outcome: Mapped[Label]
    """`delivered`, `http-500`, `redirect`, `timeout`, `connection-failed`, `private-address`, `unsigned`."""
    excerpt: Mapped[str | None] = mapped_column(String(1000))
