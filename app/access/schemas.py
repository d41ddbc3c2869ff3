"""What is said about callers, owners and keys, and what is accepted."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.access.matrix import Cell, Who, Whose
from app.access.models import Role
from app.access.policies import Per
from app.access.principal import Kind
from app.access.scopes import Scope
from app.core.reach import Email, Stripped
from app.core.web import In, Out
from app.core.words import Instant, Title, When

LIMIT, LIMIT_MAX = 50, 200
OVERLAP_HOURS, OVERLAP_HOURS_MAX = 24, 30 * 24
CONTACT = "Whom to tell when a key leaks or a webhook endpoint was disabled; shown to staff and to the owner."


class Mode(StrEnum):
    """Which data a caller works on."""

    REAL = "real"
    SANDBOX = "sandbox"


class KeyStatus(StrEnum):
    """Whether a key works."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class LimitOut(Out):
    """One limit that the caller lives under."""

    name: str
    quota: int = Field(description="Requests that pass in a window.")
    window_seconds: int
    per: Per = Field(description="What is counted apart.")
    applies_to: str


class WhoKey(Out):
    """The key that the request carried."""

    id: UUID
    prefix: str = Field(description="The public part of the key.")
    expires_at: Instant | None
    href: str


class WhoAmI(Out):
    """The caller, as the server sees it."""

    kind: Kind
    name: str
    owner_id: UUID | None
    key: WhoKey | None
    scopes: list[Scope] = Field(description="What the key allows, in alphabetical order.")
    limits: list[LimitOut]
    mode: Mode
    now: Instant = Field(description="The present instant; in a sandbox, that of its own clock.")


class OwnerIn(In):
    """A partner's system, or a member of staff."""

    kind: Role
    name: Annotated[Title, Stripped]
    contact_email: Email | None = Field(None, description=CONTACT)


class OwnerChange(In):
    """What to change of an owner; what is left out stays."""

    name: Annotated[Title, Stripped] | None = None
    contact_email: Email | None = Field(None, description=f"{CONTACT} Null takes it away.")


class OwnerOut(Out):
    """Who holds keys."""

    id: UUID
    href: str
    kind: Role
    name: str
    contact_email: str | None
    created_at: Instant


class KeyIn(In):
    """A key to be made."""

    owner_id: UUID = Field(description="Whose key it will be; `GET /v1/owners` lists them.")
    label: Title | None = Field(None, description="What the key is used for, for people to read.")
    scopes: list[Scope] | None = Field(
        None, min_length=1, max_length=len(Scope),
        description="What the key may do. Without it: all that a key of this kind of owner may hold.",
    )  # fmt: skip
    expires_at: When | None = Field(None, description="When the key stops by itself; without it, never.")


class RotateIn(In):
    """How a key is replaced."""

    overlap_hours: int = Field(
        OVERLAP_HOURS, ge=0, le=OVERLAP_HOURS_MAX, description="How long the old key goes on working."
    )
    expires_at: When | None = Field(
        None,
        description="When the new key stops by itself. Without it: when the old one was to stop, which is also the "
        "latest for a partner; where staff rotate, after as long a life as the old one was given.",
    )


class KeyOwner(Out):
    """Whose key it is."""

    id: UUID
    kind: Role
    name: str


class KeyOut(Out):
    """What is known of a key: everything but the key."""

    id: UUID
    href: str
    prefix: str = Field(description="The public part, by which people and logs may name the key.")
    label: str
    owner: KeyOwner
    scopes: list[Scope]
    status: KeyStatus
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None = Field(description="Right to about a minute.")
    replaced_by: UUID | None = Field(description="The key that the last rotation made in its place.")


class KeyMade(KeyOut):
    """A new key, and its text: shown this once, stored nowhere."""

    key: str = Field(description="The key itself. Keep it where secrets are kept; it cannot be shown again.")


class PageQuery(In):
    """How a list is cut, newest first."""

    limit: int = Field(LIMIT, ge=1, le=LIMIT_MAX, description="Items on a page.")
    before: UUID | None = Field(None, description="Only what was made before this one; `links.next` carries it.")


class OwnerQuery(PageQuery):
    """Which owners."""

    kind: Role | None = Field(None, description="Only this kind.")


class KeyQuery(PageQuery):
    """Which keys."""

    owner_id: UUID | None = Field(None, description="Only this owner's.")
    status: KeyStatus | None = Field(None, description="Only keys in this state.")


class PageLinks(Out):
    """Links between pages; the walk goes one way."""

    self: str
    next: str | None
    prev: str | None


class KeyPage(Out):
    """Keys, a page at a time."""

    items: list[KeyOut]
    total: int
    links: PageLinks


class OwnerPage(Out):
    """Owners, a page at a time."""

    items: list[OwnerOut]
    total: int
    links: PageLinks


class MatrixCell(Out):
    """What one kind of caller is answered about one kind of thing."""

    who: Who
    whose: Whose
    answer: Cell


class MatrixRow(Out):
    """One operation."""

    operation_id: str
    method: str
    path: str
    scopes: list[Scope] = Field(description="Any one of them is enough; empty where nothing is asked for.")
    open: bool
    cells: list[MatrixCell]


class MatrixOut(Out):
    """Who may do what to whose things."""

    items: list[MatrixRow]
