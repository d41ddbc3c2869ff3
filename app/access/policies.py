"""How often who may ask: one table, from which the documentation, `whoami` and the enforcement all read. Pure.

A window begins with a caller's first request and lasts `window` seconds; in it `quota` requests pass. Public reads that
are answered from memory are not counted: answering costs no more than refusing.

With a key it is the owner who is counted, whatever key is used, so that keys do not multiply a limit; a sandbox is
counted as a whole.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.access.principal import Kind


class Per(StrEnum):
    """What a limit is counted for."""

    CLIENT = "client address"
    OWNER = "owner"
    KEY = "key"
    """Nothing is counted so any more; the word was promised."""


@dataclass(frozen=True, slots=True)
class Policy:
    """So many requests in so many seconds."""

    name: str
    quota: int
    window: int
    per: Per
    meaning: str


POLICIES = (
    Policy("anonymous", 6000, 60, Per.CLIENT, "Requests without a key, but for those answered from memory."),
    Policy("intake", 5, 60, Per.CLIENT, "TTA requests and contact submissions sent without a key, dry runs included."),
    Policy("partner", 600, 60, Per.OWNER, "Requests with the keys of a partner, all together; or of a sandbox."),
    Policy("sandbox", 10, 3600, Per.CLIENT, "Sandboxes made."),
    Policy("staff", 1200, 60, Per.OWNER, "Requests with the keys of one member of staff, all together."),
    Policy("upload", 30, 60, Per.CLIENT, "Attachments sent without a key."),
)
INTAKE = frozenset(("/v1/tta-requests", "/v1/contact-submissions"))
SANDBOXES = "/v1/sandboxes"
UNCOUNTED = frozenset(("/livez", "/readyz", "/metrics", "/version"))
"""What machines of the operator ask all the time."""
CHOSEN = re.compile(r"([a-z]+)=([1-9]\d{0,8})/([1-9]\d{0,6})")

Policies = Mapping[str, Policy]


def chosen(text: str, table: Sequence[Policy] = POLICIES) -> Policies:
    """The table with the operator's numbers: `intake=20/60,partner=6000/60`."""
    policies = {policy.name: policy for policy in table}
    for part in text.replace(",", " ").split():
        match = CHOSEN.fullmatch(part)
        if match is None or match[1] not in policies:
            names = ", ".join(policies)
            raise ValueError(f"APP_LIMITS: {part[:40]!r} is not `name=requests/seconds` with one of the names {names}")
        policies[match[1]] = replace(policies[match[1]], quota=int(match[2]), window=int(match[3]))
    return policies


def policy_name(kind: Kind, method: str, path: str) -> str | None:
    """Which policy counts a request; None where nothing does."""
    if path in UNCOUNTED:
        return None
    if method == "POST" and path == SANDBOXES:
        return "sandbox"
    if kind is not Kind.ANONYMOUS:
        return str(kind)
    if method == "PUT":
        return "upload"  # nothing else is put, and each may have megabytes
    return "intake" if method == "POST" and path in INTAKE else "anonymous"


def policies_of(kind: Kind, policies: Policies) -> list[Policy]:
    """The limits that a kind of caller lives under."""
    names = ("anonymous", "intake", "sandbox", "upload") if kind is Kind.ANONYMOUS else (str(kind), "sandbox")
    return [policies[name] for name in names]
