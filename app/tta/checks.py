"""Reading what was sent: the model's faults and the rules across fields, all at once.

Pydantic stops before rules that look at several fields when one field is wrong. A person who fills in a form wants to
hear of everything in one answer, so the rules look at the body as it was sent: each judges only what it understands.
The rules need what is published (slugs) and which day it is; both are handed in, so a dry run, a real call and a test
read the same verdict.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from app.core.bodies import faults_of
from app.core.errors import Invalid
from app.editions.snapshot import Snapshot
from app.tta.form import RequestForm

Fault = dict[str, str]
SLUGS = (("topics", "topic"), ("program_types", "program-type"), ("learning_sites", "learning-site"))


@dataclass(frozen=True, slots=True)
class Setting:
    """What a body is judged against."""

    shown: Snapshot
    today: date


def read(body: Any, setting: Setting) -> tuple[RequestForm, dict[str, Any]]:
    """The form, normalised, and what it says as JSON; or every fault of it."""
    faults: list[Fault] = []
    form: RequestForm | None = None
    said = body
    try:
        form = RequestForm.model_validate(body)
        # What was understood is judged as it was understood; of the rest, what can be.
        said = form.model_dump(mode="json")
    except ValidationError as error:
        faults += faults_of(error)
    known = {fault["pointer"] for fault in faults}
    faults += [fault for fault in across(said, setting) if fault["pointer"] not in known]
    if faults or form is None:
        raise Invalid(faults)
    return form, said


def across(body: Any, setting: Setting) -> Iterator[Fault]:
    """The faults that no field has alone."""
    if not isinstance(body, Mapping):
        return
    if not _said(body.get("topics")) and not _said(body.get("kind")):
        yield _fault("/topics", "Name at least one topic, or say in `kind` what you want to do.")
    for field, kind in SLUGS:
        yield from _unknown_slugs(field, kind, body.get(field), setting.shown)
    timing = body.get("timing")
    if isinstance(timing, Mapping):
        yield from _timing(timing, setting.today)


def _unknown_slugs(field: str, kind: str, values: Any, shown: Snapshot) -> Iterator[Fault]:
    if not isinstance(values, list):
        return
    for place, slug in enumerate(values[:100]):
        if isinstance(slug, str) and shown.get(kind, slug) is None:
            words = kind.replace("-", " ")
            yield _fault(
                f"/{field}/{place}", f"No {words} has this slug; `GET /v1/{shown[kind].kind.plural}` lists them."
            )


def _timing(timing: Mapping[str, Any], today: date) -> Iterator[Fault]:
    start, end = _day(timing.get("start_on")), _day(timing.get("end_on"))
    # A day of grace: where the agency is, it may still be yesterday.
    earliest = today - timedelta(days=1)
    for field, day in (("start_on", start), ("end_on", end)):
        if day and day < earliest:
            yield _fault(f"/timing/{field}", f"This day has passed; the earliest is {earliest.isoformat()}.")
    if start and end and end < start:
        yield _fault("/timing/end_on", "This is before `start_on`; send the same day or a later one.")


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _said(value: Any) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _fault(pointer: str, detail: str) -> Fault:
    return {"pointer": pointer, "detail": detail}
