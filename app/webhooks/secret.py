"""The signing secrets of an endpoint: sealed at rest, two of them during a rotation."""

from datetime import datetime
from uuid import UUID

from app.core.seal import Seal
from app.webhooks.models import WebhookEndpoint


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


def signing_secrets(seal: Seal, endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first."""
    context = f"webhook_endpoint.secret:{endpoint.id}"
    sealed = [endpoint.sealed_secret]
    if endpoint.sealed_previous_secret and endpoint.previous_until and endpoint.previous_until > now:
        sealed.append(endpoint.sealed_previous_secret)
    return [seal.open(one, context).decode() for one in sealed]
