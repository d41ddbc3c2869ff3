"""What letters about webhook endpoints say: for the mail room, which knows notices and nothing of endpoints."""

from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Owner
from app.core.letters import Facts
from app.core.notices import Notice
from app.webhooks.models import DELETED, WebhookEndpoint


async def facts_of(session: AsyncSession, notice: Notice) -> Facts | None:
    """Everything that one letter about an endpoint needs; None when the endpoint is gone."""
    endpoint = await session.get(WebhookEndpoint, notice.subject_id)
    if endpoint is None or endpoint.disabled_reason == DELETED:
        return None
    owner = await session.get_one(Owner, endpoint.owner_id)
    return Facts(
        address=owner.contact_email,
        name=owner.name,
        # The host alone: an address may carry a secret in its path.
        reference=f'"{endpoint.description or urlsplit(endpoint.url).hostname}"',
        path=f"/v1/webhook-endpoints/{endpoint.id}",
        owner_id=owner.id,
        details={"reason": notice.data["reason"], "disabled_at": notice.queued_at},
    )
