"""Who calls: a value made once for each request, before anything else is done with it. Pure."""

import hmac
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
    """Names the client's address, for limits and `known_as` and for nothing else: never stored, logged or shown."""
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

    def known_as(self, secret: str) -> str:
        """Whose an idempotency key is: the owner's, and without a key of ours the address's from which it came.

        Were all strangers one caller, a key such as `1` would be refused to whoever is second, and with the same body
        would open to him what the first one sent. An honest client repeats within seconds or minutes, from where it
        was: the same address (the same network, for IPv6) finds the first answer, and is told of another body. From
        another address it is another request; whoever cannot live with that asks for a key. Those who share an address
        can still meet, but only with the same key, and nobody is shown anything without the very same body.

        What is kept is a digest under our secret, from which no address can be found again.
        """
        if not self.anonymous:
            return self.actor
        return "anonymous " + hmac.digest(secret.encode(), f"idempotency {self.client}".encode(), "sha256").hex()

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
