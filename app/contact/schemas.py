"""What comes in and goes out."""

import re
import unicodedata
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from app.contact.models import AttachmentStatus
from app.contact.sniff import FILE_LIMIT, TYPES
from app.contact.states import Action, Kind, Status
from app.core.paging import CursorQuery, Links
from app.core.reach import BlankIsAbsent, Email, Stripped
from app.core.web import In, Out
from app.core.words import SLUG_OF, Instant, Printable, Slug

ATTACHMENTS_MAX = 5
ENDINGS = ", ".join(ending for endings in TYPES.values() for ending in endings)
UNSEEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
"""Categories of characters that nobody sees, but that may turn round how the others are shown."""
CANNOT_SHARE = "confirm that you may share it: we cannot take what we may not show others"


def _file_name(name: str) -> str:
    """A name for people to read: no folders, nothing hidden, and nothing that is shown other than it is stored."""
    unseen = any(unicodedata.category(letter) in UNSEEN for letter in name)
    if unseen or re.search(r"[/\\<>:\"|?*]", name) or name.startswith("."):
        raise ValueError("must be a plain file name, without folders and special characters")
    return name


def _media_type(name: str) -> str:
    if name not in TYPES:
        raise ValueError(f"must be one of: {', '.join(TYPES)}")
    return name


FileName = Annotated[str, Field(min_length=1, max_length=150), AfterValidator(_file_name), Printable]
Text = Annotated[str, Field(min_length=10, max_length=8000), Printable, Stripped]


class AttachmentIn(In):
    """A file that will follow."""

    # Before the name, whose ending is checked against it.
    media_type: Annotated[
        str, Field(max_length=80, json_schema_extra={"enum": list(TYPES)}), AfterValidator(_media_type)
    ]
    filename: FileName = Field(
        examples=["crisis-response-policy.pdf"], description="Ends as its type demands: " + ENDINGS + "."
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="SHA-256 of the bytes, in hexadecimal; checked when they come."
    )

    @field_validator("filename")
    @classmethod
    def _ends_as_its_type_demands(cls, name: str, info: ValidationInfo) -> str:
        endings = TYPES.get(info.data.get("media_type", ""))
        if endings and not name.lower().endswith(endings):
            raise ValueError(f"must end in {' or '.join(endings)}, as its type demands")
        return name


class SubmissionIn(In):
    """A question, or material for others."""

    kind: Kind
    name: Annotated[str, Field(min_length=1, max_length=200), Printable, Stripped] = Field(examples=["Jo Doe"])
    email: Email
    agency: Annotated[Annotated[str, Field(max_length=200), Printable] | None, BlankIsAbsent] = None
    topic: Annotated[Slug, Field(json_schema_extra={SLUG_OF: "topic"})] | None = Field(
        None, description="Slug of the topic it is about."
    )
    subject: Annotated[str, Field(min_length=3, max_length=200), Printable, Stripped]
    message: Text
    may_be_shared: bool = Field(
        default=False, description="For policies and materials, required: you may share it, and others may use it."
    )
    nothing_personal: bool = Field(
        default=False,
        description="For policies and materials, required: it holds no names, health facts or case numbers.",
    )
    attachments: Annotated[list[AttachmentIn], Field(max_length=ATTACHMENTS_MAX)] = []
    website: Annotated[str, Field(max_length=200, json_schema_extra={"maxLength": 0})] | None = Field(
        None, description="Leave this empty: people do not see it, programs that fill in everything do."
    )


class AttachmentOut(Out):
    """A file of a submission."""

    id: UUID
    filename: str
    media_type: str
    status: AttachmentStatus
    size_bytes: int | None
    sha256: str | None
    href: str = Field(description=f"`PUT` the bytes here, at most {FILE_LIMIT} of them; `GET` them back.")


class SubmissionOut(Out):
    """A submission, as its sender and staff see it."""

    id: UUID
    reference: str
    href: str
    kind: Kind
    status: Status
    topic: str | None
    received_at: Instant
    decided_at: Instant | None
    name: str
    email: str
    agency: str | None
    subject: str
    message: str
    reply: str | None = Field(description="Our answer, or the words of our decision.")
    attachments: list[AttachmentOut]
    allowed_actions: list[Action]


class SubmissionMade(SubmissionOut):
    """The receipt."""

    status_token: str | None = Field(
        description="For those without a key: reads and changes this submission. Shown once."
    )


class SubmissionBrief(Out):
    """A submission in a list."""

    id: UUID
    reference: str
    href: str
    kind: Kind
    status: Status
    topic: str | None
    received_at: Instant
    decided_at: Instant | None


class SubmissionPage(Out):
    """Submissions, newest first."""

    items: list[SubmissionBrief]
    total: int
    links: Links


class SubmissionQuery(CursorQuery):
    """Which submissions."""

    kind: Kind | None = Field(None, description="Only of this kind.")
    status: Status | None = Field(None, description="Only those that stand here.")
    topic: Slug | None = Field(None, description="Only about this topic.")


class MoveIn(In):
    """What to do."""

    action: Action
    words: Text | None = Field(
        None, description="To the sender: required to answer, accept, return and decline; other actions send none."
    )
