"""What letters about submissions say, looked up when they are written; and the partner's letter about its endpoint."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.contact.models import ContactPerson, ContactSubmission
from app.core.letters import Facts
from app.core.notices import Notice, Recipient


async def facts_of(session: AsyncSession, notice: Notice) -> Facts | None:
    """The facts of a letter about a submission; None where it is no longer there."""
    row = await session.get(ContactSubmission, notice.subject_id)
    person = await session.get(ContactPerson, notice.subject_id)
    if row is None or person is None:
        return None
    staff = notice.recipient is Recipient.STAFF
    return Facts(
        address=None if staff else person.email,
        name=None if staff else person.name,
        reference=row.reference,
        path=f"/v1/contact-submissions/{row.id}",
        owner_id=row.owner_id,
        details={
            "submission": row.kind.value, "status": row.status.value, "received_at": row.received_at,
            "action": notice.data.get("action"), "reply": person.reply,
        },
    )  # fmt: skip
