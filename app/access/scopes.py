"""What a key may do, word by word, and which words each role may hold."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from app.access.models import Role


class Scope(StrEnum):
    """One permission: `<noun>:<verb>`, in alphabetical order."""

    AUDIT_READ = "audit:read"
    CONTACT_READ = "contact:read"
    CONTACT_REVIEW = "contact:review"
    CONTACT_SUBMIT = "contact:submit"
    CONTENT_PUBLISH = "content:publish"
    EVENTS_READ = "events:read"
    KEYS_MANAGE = "keys:manage"
    TTA_ACT = "tta:act"
    TTA_NOTE = "tta:note"
    TTA_READ = "tta:read"
    TTA_SUBMIT = "tta:submit"
    WEBHOOKS_MANAGE = "webhooks:manage"


MEANINGS: Mapping[Scope, str] = MappingProxyType({
    Scope.AUDIT_READ: "Read the audit trail: who did what, and when.",
    Scope.CONTACT_READ: "Read contact submissions: a partner its own, staff all.",
    Scope.CONTACT_REVIEW: "Review and answer contact submissions.",
    Scope.CONTACT_SUBMIT: "Send questions, policies and training materials.",
    Scope.CONTENT_PUBLISH: "Publish an edition of the content.",
    Scope.EVENTS_READ: "Read the stream of events: a partner its own, staff all.",
    Scope.KEYS_MANAGE: "Manage keys: a partner lists, rotates and revokes its own; staff also create, for everybody.",
    Scope.TTA_ACT: "Move TTA requests along their life: claim, assign, confirm, ask, match, schedule, decline, close.",
    Scope.TTA_NOTE: "Read and write internal notes on TTA requests.",
    Scope.TTA_READ: "Read TTA requests: a partner its own, staff all.",
    Scope.TTA_SUBMIT: "Ask for TTA; answer questions about one's own requests, and withdraw them.",
    Scope.WEBHOOKS_MANAGE: "Register, change, test and disable webhook endpoints, and repeat deliveries.",
})  # fmt: skip

GRANTABLE: Mapping[Role, frozenset[Scope]] = MappingProxyType({
    Role.PARTNER: frozenset((
        Scope.CONTACT_READ, Scope.CONTACT_SUBMIT, Scope.EVENTS_READ, Scope.KEYS_MANAGE, Scope.TTA_READ,
        Scope.TTA_SUBMIT, Scope.WEBHOOKS_MANAGE,
    )),
    Role.STAFF: frozenset(Scope),
})  # fmt: skip
"""The words that a key of each role may hold, and holds unless fewer are chosen when it is made."""


BY_WORD: Mapping[str, Scope] = MappingProxyType({scope.value: scope for scope in Scope})


def known(words: Iterable[str]) -> frozenset[Scope]:
    """The scopes among stored words; a word that this version no longer knows grants nothing."""
    return frozenset(BY_WORD[word] for word in words if word in BY_WORD)
