"""The signing secrets of an endpoint: sealed at rest, several of them during a rotation.

Rotated again before the overlap is over, because an answer was lost or a second person did the same, an endpoint has
secrets of which nobody here knows which one its receiver uses. So all that were shown since the overlap began go on
signing until it ends: a signature more does no receiver any harm, one less breaks it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from app.core.seal import Seal
from app.webhooks.models import WebhookEndpoint

PREVIOUS_MOST = 4
"""Secrets that sign beside the newest: the oldest of them, which the receiver had before, and the last ones."""


def seal_secret(seal: Seal, endpoint_id: UUID, shown: str) -> str:
    """A secret as it is stored."""
    return seal.seal(shown.encode(), f"webhook_endpoint.secret:{endpoint_id}")


def opens(seal: Seal, endpoint: WebhookEndpoint) -> bool:
    """Whether the secret that signs now was sealed under this APP_SECRET."""
    try:
        seal.open(endpoint.sealed_secret, f"webhook_endpoint.secret:{endpoint.id}")
    except ValueError:
        return False
    return True


def replace_secret(endpoint: WebhookEndpoint, sealed: str, now: datetime, overlap: timedelta) -> None:
    """Sign with another secret from now on, and with those before it while the overlap lasts; without one, alone."""
    before = _sealed(endpoint, now)
    kept = [*before[: PREVIOUS_MOST - 1], *before[PREVIOUS_MOST - 1 :][-1:]]
    endpoint.sealed_secret = sealed
    endpoint.sealed_previous_secret = " ".join(kept) if overlap else None
    endpoint.previous_until = now + overlap if overlap else None


def signing_secrets(seal: Seal, endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first."""
    context = f"webhook_endpoint.secret:{endpoint.id}"
    return [seal.open(one, context).decode() for one in _sealed(endpoint, now)]


def _sealed(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    overlapping = endpoint.previous_until is not None and endpoint.previous_until > now
    previous = endpoint.sealed_previous_secret if overlapping else None
    return [endpoint.sealed_secret, *(previous or "").split()]
