"""A request that was checked, as the rows that keep it and the answer that tells it. Pure but for the random ids.

The answer is finished here, before anything is written: its receipt is signed over what the rows will say, and it is
stored with the idempotency key in the same transaction. Only the status token is left out of it; that is shown to the
person who asked and stored nowhere.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.access.principal import Kind, Principal
from app.core.clock import rfc3339
from app.core.idempotency import Use
from app.core.ids import new_id
from app.core.notices import Recipient, notice_row
from app.core.signing import Pen
from app.core.text import fold
from app.core.work import Moment
from app.editions.snapshot import encode
from app.tta import facts
from app.tta.drawing import split, version
from app.tta.form import RequestForm
from app.tta.sla import PromiseName, next_step_at, shown, start
from app.tta.states import Letter, Status

ROUTE = "POST /v1/tta-requests"
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0, 1, I, L, O and U: a reference is read out over the telephone."""
Row = dict[str, Any]


@dataclass(slots=True)
class Asked:
    """Who asks for what, checked."""

    form: RequestForm
    said: Mapping[str, Any]
    """What the form says, as JSON."""
    caller: Principal
    moment: Moment
    edition: int
    digest: str
    use: Use | None

    @property
    def owner_id(self) -> UUID | None:
        """The partner it belongs to; what staff enter for somebody belongs to nobody's system."""
        return self.caller.owner_id if self.caller.kind is Kind.PARTNER else None


@dataclass(slots=True)
class Plan:
    """Every row of one new request, and the answer to give once they are kept."""

    asked: Asked
    key: Row | None
    request: Row
    contact: Row
    topics: Sequence[Row]
    event: Row
    notices: Sequence[Row]
    answer: str
    location: str


def new_reference(year: int) -> str:
    """`TTA-2026-7K3Q-F9XA`: readable, and one of 650 thousand million in its year."""
    number, drawn = int.from_bytes(secrets.token_bytes(16)), ""
    for _ in range(8):
        number, place = divmod(number, len(ALPHABET))
        drawn += ALPHABET[place]
    return f"TTA-{year}-{drawn[:4]}-{drawn[4:]}"


def status_token(secret: str, request_id: str) -> str:
    """The secret that reads an anonymous request: made from its id, so a repeated answer can show it again."""
    mac = hmac.digest(secret.encode(), f"tta status token\n{request_id}".encode(), "sha256")
    return "tts_" + mac.hex()


def token_digest(token: str) -> str:
    """What is stored of a status token."""
    return hashlib.sha256(token.encode()).hexdigest()


def plan(asked: Asked, pen: Pen, secret: str) -> Plan:
    """Every row that keeping this request takes. Pure but for the random ids."""
    moment, form = asked.moment, asked.form
    id_, reference = new_id(), new_reference(moment.now.year)
    named = str(id_)
    clock = start(PromiseName.CONFIRMATION, moment.now)
    received_at, due_at = rfc3339(moment.now), rfc3339(clock.due_at)
    said, personal = split(asked.said)
    said.pop("external_ref")
    receipt = pen.sign(
        "tta-receipt+jws",
        {
            "reference": reference, "request_id": named, "body_sha256": asked.digest, "received_at": received_at,
            "due_at": due_at, "sandbox": moment.world_id is not None,
        },
    )  # fmt: skip
    answer = {
        "id": named, "reference": reference, "href": f"/v1/tta-requests/{named}", "status": Status.SUBMITTED,
        "received_at": received_at, "clock": shown(PromiseName.CONFIRMATION, clock, moment.now),
        "form_version": version(asked.edition), "external_ref": form.external_ref, "receipt": receipt,
        "status_token": None,
    }  # fmt: skip
    body = encode(answer).decode()
    request = {
        "id": id_, "reference": reference, "world_id": moment.world_id, "owner_id": asked.owner_id,
        "external_ref": form.external_ref, "form_version": version(asked.edition), "status": Status.SUBMITTED,
        "received_at": moment.now, "updated_at": moment.now, "due_at": clock.due_at,
        "next_step_at": next_step_at(moment.now, clock.due_at, 0), "agency_name": form.agency.name,
        "agency_key": fold(form.agency.name)[:240], "agency_type": form.agency.type, "state": form.agency.state,
        "search": fold(reference, form.external_ref, form.agency.name), "asked": said, "digest": asked.digest,
        "token_digest": token_digest(status_token(secret, named)) if asked.owner_id is None else None,
        "receipt": receipt, "told": 0,
    }  # fmt: skip
    return Plan(
        asked=asked,
        key=asked.use.row(moment, 201, body, str(answer["href"])) if asked.use else None,
        request=request,
        contact={"request_id": id_, "email_key": form.contact.email.casefold(), "said": personal},
        topics=[{"request_id": id_, "topic": topic} for topic in form.topics],
        event=moment.fact(
            "tta.submitted", facts.SUBJECT, named, owner_id=asked.owner_id, reference=reference,
            external_ref=form.external_ref, status=Status.SUBMITTED, due_at=due_at,
        ),
        notices=[
            notice_row(moment, Letter.RECEIPT, facts.SUBJECT, id_, Recipient.REQUESTER),
            notice_row(moment, Letter.ARRIVED, facts.SUBJECT, id_, Recipient.STAFF),
        ],
        answer=body,
        location=str(answer["href"]),
    )  # fmt: skip
