"""What the desk's endpoints are asked, and what they answer."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.core.notices import NoticeStatus
from app.core.paging import CursorQuery, Links
from app.core.web import In, Out
from app.core.words import Instant, Printable, Slug, State, When
from app.tta.choices import AgencyType
from app.tta.models import TaskKind
from app.tta.sla import ClockState, PromiseName
from app.tta.states import Action, By, Status

Href = Annotated[str, Field(examples=["/v1/tta-requests/01a208c4-feda-7120-8306-f3cb06d19a56"])]


class ClockOut(Out):
    """A promise, and how it stands now."""

    promise: PromiseName
    due_at: Instant = Field(description="For the confirmation: exactly 36 elapsed hours after receipt; never moves.")
    state: ClockState
    remaining_seconds: int | None = Field(description="Negative once it is late; null when the clock has stopped.")
    met_at: Instant | None
    breached_at: Instant | None = Field(description="The instant at which the promise was broken.")
    cancelled_at: Instant | None = Field(description="When the request ended before the promise was due.")
    paused_at: Instant | None = Field(description="Always null for the confirmation, which never pauses.")
    new_due_at: Instant | None = Field(description="The new time that was named with an apology.")


class SubmittedOut(Out):
    """The receipt. It is not yet the confirmation: that comes from a person, by `clock.due_at`."""

    id: UUID
    reference: str = Field(description="For people; also works in place of the id.", examples=["TTA-2026-7K3Q-F9XA"])
    href: Href
    status: Status
    received_at: Instant
    clock: ClockOut
    form_version: str
    external_ref: str | None
    receipt: str = Field(
        description="Compact JWS (EdDSA) over reference, SHA-256 of the canonical body, `received_at` and `due_at`; "
        "verify it with `/.well-known/jwks.json`."
    )
    status_token: str | None = Field(
        description="Shown this once, to those without a partner's key: reads the request in `X-Status-Token`."
    )


class Candidate(Out):
    """One of your own requests that looks like this one."""

    id: UUID
    reference: str
    href: Href
    status: Status
    received_at: Instant
    alike: list[str] = Field(description="In what it is alike: `body`, `agency`, `email`, `topics`.")


class TermBrief(Out):
    """Why a site fits."""

    name: str
    contribution: int
    weight: int
    reason: str


class SiteSuggestion(Out):
    """A learning site that fits, and why."""

    slug: Slug
    title: str
    href: str
    score: int
    highest: int = Field(description="The highest score that this agency could give.")
    terms: list[TermBrief]


class DryRunOut(Out):
    """What `POST` would do. Nothing was written."""

    verdict: Literal["accepted"]
    replay: bool = Field(description="True where the idempotency key would give an earlier answer again.")
    form_version: str
    body_sha256: str = Field(description="Digest of the canonical body, as the receipt would name it.")
    normalised: dict[str, Any] = Field(description="The form as it would be stored.")
    clock: ClockOut = Field(description="What would be promised, were it sent now.")
    likely_duplicates: list[Candidate]
    suggested_sites: list[SiteSuggestion]


class AgencyBrief(Out):
    """Who asks."""

    name: str
    type: AgencyType
    state: State


class Hands(Out):
    """Who has the request in hand. Shown to staff."""

    assignee_id: UUID
    assignee: str | None
    leased_until: Instant | None = Field(description="When the claim ends by itself; null for an assignment.")


class RequestBrief(Out):
    """A request in a list, without personal data."""

    id: UUID
    reference: str
    href: Href
    status: Status
    external_ref: str | None
    owner_id: UUID | None = Field(description="The partner who sent it; null for the public form.")
    received_at: Instant
    updated_at: Instant
    clock: ClockOut
    agency: AgencyBrief
    kind: str | None
    topics: list[Slug]
    in_hand: Hands | None = Field(description="Null in nobody's hands, and for everybody but staff.")


class RequestPage(Out):
    """Requests, by time left."""

    items: list[RequestBrief]
    total: int
    links: Links


class RequestOut(RequestBrief):
    """A request, whole."""

    form_version: str
    request: dict[str, Any] = Field(
        description="The form, normalised, as it was stored; without `tta:read`, without what may be personal."
    )
    promises: list[ClockOut] = Field(description="Every promise made so far: confirmation first, then the match.")
    reason: str | None = Field(description="Why it was declined, referred, withdrawn or put on hold: a code.")
    matched: dict[str, Any] | None = Field(description="The sites it was matched with, each with score and terms.")
    scheduled: dict[str, Any] | None = Field(description="When and how help is planned.")
    evaluated_at: Instant | None
    body_sha256: str
    receipt: str = Field(description="The signed receipt.")
    confirmation_receipt: str | None = Field(description="The signed confirmation; null until there is one.")
    allowed_actions: list[Action] = Field(description="What you may do now.")


class RequestFilter(CursorQuery):
    """Which requests."""

    status: list[Status] = Field([], max_length=13, description="In any of these statuses.")
    clock: list[Literal["running", "met", "breached", "cancelled"]] = Field(
        [], max_length=4, description="Whose promise of confirmation stands so."
    )
    due_before: When | None = Field(None, description="Whose confirmation is due before this instant.")
    state: list[State] = Field([], max_length=60, description="From agencies in any of these states.")
    topic: list[Slug] = Field([], max_length=20, description="That name any of these topics.")
    assignee: str | None = Field(
        None, max_length=36, pattern=r"^(me|none|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$",
        description="In whose hands: an owner id, `me` or `none`. For staff.",
    )  # fmt: skip
    external_ref: Annotated[str, Printable] | None = Field(
        None, max_length=100, description="The partner's own reference, exactly."
    )
    q: Annotated[str, Printable] | None = Field(
        None, min_length=1, max_length=100, description="Part of the reference, the own reference or the agency's name."
    )
    sort: Literal["due_at", "-due_at"] = Field(
        "due_at", description="By time left; `-due_at` shows the newest requests first."
    )


class CountsOut(Out):
    """How many requests there are that you may see."""

    total: int
    by_status: dict[str, int]
    by_clock: dict[str, int]
    open: int = Field(description="Not ended.")
    unassigned: int | None = Field(description="Open and in nobody's hands; null for everybody but staff.")


class NoticeOut(Out):
    """A letter, and how far it has come."""

    kind: str
    recipient: str
    status: NoticeStatus
    settled_at: Instant | None


class TimelineEntry(Out):
    """Something that happened."""

    id: UUID
    at: Instant
    type: str = Field(description="A type of event, or `notice` for a letter.")
    by: Literal["requester", "staff", "system"]
    actor: str | None = Field(description="Who, by name. Staff are named to staff.")
    status_before: Status | None
    status: Status | None
    reason: str | None
    words: dict[str, str] | None = Field(description="What was written, by field.")
    internal: bool = Field(description="True only for staff, on what reaches nobody else.")
    notice: NoticeOut | None
    data: dict[str, Any] = Field(description="The data of the event.")


class TimelinePage(Out):
    """What happened, oldest first."""

    items: list[TimelineEntry]
    total: int
    links: Links


class MessageIn(In):
    """Words about a request."""

    words: Annotated[str, Printable] = Field(min_length=1, max_length=5_000, examples=["We could also come in April."])
    internal: bool = Field(default=False, strict=True, description="A note among staff; reaches nobody else.")


class StepOut(Out):
    """One row of the life of a request."""

    action: Action
    before: list[Status] = Field(
        description="Where it may be taken. From a pause, an end is open only where it was open before the pause."
    )
    after: list[Status] = Field(description="Where it leads; several where it leads back to where it was.")
    by: list[By]
    fact: str = Field(description="The type of event it makes.")
    letter: str | None = Field(description="The kind of letter that goes out.")
    reasons: list[str] = Field(description="Codes of why; the first is meant where none is sent.")


class PromiseOut(Out):
    """A promise."""

    name: PromiseName
    within_seconds: int
    pauses: bool
    description: str


class LifecycleOut(Out):
    """The life of a request, as the table that the server goes by."""

    statuses: list[Status]
    starts_in: Status
    ends_in: list[Status]
    steps: list[StepOut]
    desk_actions: list[Action] = Field(description="What staff do to any open request without moving it.")
    promises: list[PromiseOut]
    mermaid: str = Field(description="The same as a diagram.")


class TaskOut(Out):
    """Something that staff must do."""

    id: UUID
    kind: TaskKind = Field(description="What to do; `GET /v1/tta-tasks` says what closes it.")
    request: Href
    reference: str
    opened_at: Instant
    done_at: Instant | None


class TaskPage(Out):
    """Tasks, oldest first."""

    items: list[TaskOut]
    total: int
    links: Links


class TaskFilter(CursorQuery):
    """Which tasks."""

    done: bool = Field(default=False, description="Those that are done, instead of those that are open.")


class ServiceLevelOut(Out):
    """How well the promise of confirmation is kept."""

    promise: PromiseName
    window_from: Instant
    window_until: Instant
    n: int = Field(description="Requests received in the window whose promise was kept or broken by now.")
    kept: int | None
    share_kept: float | None = Field(description="Kept of n, rounded to four digits.")
    p50_seconds: int | None = Field(description="Half of n were confirmed within this time.")
    p90_seconds: int | None = Field(description="Nine of ten were; null where one in ten still waits.")
    open: int | None = Field(description="Received in the window, waiting, and not late.")
    overdue: int | None = Field(description="Received in the window, waiting, and late.")
    suppressed: str | None = Field(description="Why the figures are null.")


class FormOut(Out):
    """The form, ready to be drawn."""

    version: str
    edition: int
    title: str
    notice: str
    submit: dict[str, str]
    groups: list[dict[str, Any]] = Field(description="The order of the fields, as JSON Pointers into the body.")
    form_schema: dict[str, Any] = Field(
        alias="schema", serialization_alias="schema", description="JSON Schema (2020-12) with labels and options."
    )
