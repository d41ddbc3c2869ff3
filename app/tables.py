"""Every table by name: what Alembic compares with the database."""

from sqlalchemy import MetaData

from app.access.models import ApiKey, Owner, World
from app.contact.models import Attachment, ContactPerson, ContactSubmission
from app.core.beat import Beat
from app.core.db import Base
from app.core.feed import Counter
from app.core.idempotency import IdempotencyRow
from app.core.letters import SandboxLetter
from app.core.notices import Notice
from app.core.signing import SigningKey
from app.core.work import Event
from app.editions.models import Edition, Published, Revision
from app.tta.acknowledgement import Acknowledgement
from app.tta.models import Escalation, RequestTopic, Task, TTARequest
from app.tta.personal import Contact, Message
from app.webhooks.inbox import InboxItem
from app.webhooks.models import Attempt, Delivery, WebhookEndpoint

TABLES = (
    Event,
    Counter,
    Beat,
    Notice,
    SandboxLetter,
    IdempotencyRow,
    SigningKey,
    Edition,
    Published,
    Revision,
    World,
    Owner,
    ApiKey,
    WebhookEndpoint,
    Delivery,
    Attempt,
    InboxItem,
    TTARequest,
    RequestTopic,
    Escalation,
    Task,
    Contact,
    Message,
    Acknowledgement,
    ContactSubmission,
    ContactPerson,
    Attachment,
)
metadata: MetaData = Base.metadata
