"""Who calls: a value made once for each request, before anything else is done with it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.access.scopes import Scope
from app.core.errors import Forbidden, Unauthenticated


class Kind(StrEnum):
    """What kind of caller."""

    ANONYMOUS = "anonymous"
    PARTNER = "partner"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request, and what the key allows."""

    kind: Kind
    name: str
    client: str = ""
    """Names the client's address for limits and for nothing else: never stored, logged or shown."""
    owner_id: UUID | None = None
    key_id: UUID | None = None
    prefix: str | None = None
    expires_at: datetime | None = None
    """When the key stops working, by our clock and not by the world's."""
    scopes: frozenset[Scope] = frozenset()
    world_id: UUID | None = None
    offset: timedelta = timedelta()
    """How far the clock of the caller's world runs ahead; zero in the real world."""

    @property
    def anonymous(self) -> bool:
        """Whether no key was sent."""
        return self.kind is Kind.ANONYMOUS

    @property
    def staff(self) -> bool:
        """Whether the key belongs to staff."""
        return self.kind is Kind.STAFF

    @property
    def actor(self) -> str:
        """How events name the caller."""
        return self.kind if self.owner_id is None else f"{self.kind}:{self.owner_id}"

    def may(self, scope: Scope) -> bool:
        """Whether the key has a scope."""
        return scope in self.scopes

    def demand(self, *scopes: Scope) -> None:
        """Refuse a caller who has none of the scopes: 401 without a key, 403 with one that is too weak."""
        if not self.scopes.isdisjoint(scopes):
            return
        words = " or ".join(f"`{scope}`" for scope in scopes)
        if self.anonymous:
            raise Unauthenticated(f"Send a key with the scope {words}: `Authorization: Bearer pmhc_…`.")
        raise Forbidden(f"This needs the scope {words}.", scopes_needed=[str(s) for s in scopes])


ANONYMOUS = Principal(kind=Kind.ANONYMOUS, name="anonymous")
