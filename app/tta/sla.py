"""The promises and their clocks: pure values. Times are handed in; nothing here asks what time it is.

A clock stores the instant at which it is due, never a duration that is counted down, so a worker that slept for two
days finds what fell due by looking at one column. Time is elapsed time in UTC: 36 hours are 36 hours across a change
to or from daylight saving, over nights and weekends.

A promise is kept when it is met at or before the instant it is due, and broken as soon as that instant has passed.
The confirmation clock never pauses. Other promises may stand still while the agency is asked: their `due_at` moves by
as long as they stood.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.core.clock import rfc3339


class ClockState(StrEnum):
    """How a promise stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class PromiseName(StrEnum):
    """What is promised."""

    CONFIRMATION = "confirmation"
    MATCH = "match"


@dataclass(frozen=True, slots=True)
class Promise:
    """A time within which something happens."""

    name: PromiseName
    within: timedelta
    pauses: bool
    told: str


PROMISES: Mapping[PromiseName, Promise] = MappingProxyType({
    PromiseName.CONFIRMATION: Promise(
        PromiseName.CONFIRMATION, timedelta(hours=36), pauses=False,
        told="A person confirms the request within 36 elapsed hours of its receipt. This clock never pauses.",
    ),
    PromiseName.MATCH: Promise(
        PromiseName.MATCH, timedelta(days=14), pauses=True,
        told="A learning site or provider is found within 14 days of the confirmation. This clock pauses while the "
        "agency is asked and while the request is on hold.",
    ),
})  # fmt: skip

STEPS = (50, 75, 90, 100)
"""Percent of the time after which staff are told; the last one is the breach."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One running promise; every method returns a new clock."""

    due_at: datetime
    met_at: datetime | None = None
    breached_at: datetime | None = None
    cancelled_at: datetime | None = None
    paused_at: datetime | None = None

    @property
    def stopped(self) -> bool:
        """Whether nothing more can be done for the promise; a broken one still waits to be met late."""
        return self.met_at is not None or self.cancelled_at is not None

    def overdue(self, now: datetime) -> bool:
        """Whether the instant has passed without word."""
        return not self.stopped and self.paused_at is None and now > self.due_at

    def state(self, now: datetime) -> ClockState:
        """How the promise stands; broken from the instant on, whether or not a worker has noted it yet."""
        if self.breached_at is not None or self.overdue(now):
            return ClockState.BREACHED
        if self.met_at is not None:
            return ClockState.MET
        if self.cancelled_at is not None:
            return ClockState.CANCELLED
        return ClockState.PAUSED if self.paused_at is not None else ClockState.RUNNING

    def remaining(self, now: datetime) -> int | None:
        """Whole seconds until it is due, negative once that has passed; None when the clock has stopped."""
        if self.stopped:
            return None
        left = self.due_at - (self.paused_at or now)
        return int(left.total_seconds() // 1)

    def breach(self, now: datetime) -> "Clock":
        """Note a broken promise, once; it was broken when it was due, whenever we notice."""
        if self.breached_at is not None or not self.overdue(now):
            return self
        return replace(self, breached_at=self.due_at)

    def meet(self, now: datetime) -> "Clock":
        """Keep the promise, or meet it late."""
        if self.stopped:
            return self
        awake = self.resume(now)
        return replace(awake.breach(now), met_at=now)

    def cancel(self, now: datetime) -> "Clock":
        """Stop the clock because the request ended; a promise already broken stays broken."""
        if self.stopped:
            return self
        awake = self.resume(now)
        return replace(awake.breach(now), cancelled_at=now)

    def pause(self, now: datetime) -> "Clock":
        """Stand still while somebody else must act; a broken promise is not mended by it."""
        if self.stopped or self.paused_at is not None:
            return self
        noted = self.breach(now)
        return noted if noted.breached_at is not None else replace(noted, paused_at=now)

    def resume(self, now: datetime) -> "Clock":
        """Run on, due later by as long as it stood still."""
        if self.paused_at is None:
            return self
        return replace(self, due_at=self.due_at + (now - self.paused_at), paused_at=None)


def start(name: PromiseName, now: datetime) -> Clock:
    """Begin to keep a promise."""
    return Clock(due_at=now + PROMISES[name].within)


def step_at(began_at: datetime, due_at: datetime, step: int) -> datetime:
    """The instant at which a step of escalation falls due."""
    return began_at + (due_at - began_at) * step / 100


def steps_due(began_at: datetime, due_at: datetime, told: int, now: datetime) -> tuple[int, ...]:
    """The steps that have passed and were not told yet, in order; `told` is the last one that was, 0 for none."""
    return tuple(step for step in STEPS if step > told and now > step_at(began_at, due_at, step))


def next_step_at(began_at: datetime, due_at: datetime, told: int) -> datetime | None:
    """When the next step falls due; None after the last."""
    return next((step_at(began_at, due_at, step) for step in STEPS if step > told), None)


def shown(name: PromiseName, clock: Clock, now: datetime, renewed: datetime | None = None) -> dict[str, Any]:
    """A clock as every answer shows it."""
    return {
        "promise": name,
        "due_at": rfc3339(clock.due_at),
        "state": clock.state(now),
        "remaining_seconds": clock.remaining(now),
        "met_at": rfc3339(clock.met_at) if clock.met_at else None,
        "breached_at": rfc3339(clock.breached_at) if clock.breached_at else None,
        "cancelled_at": rfc3339(clock.cancelled_at) if clock.cancelled_at else None,
        "paused_at": rfc3339(clock.paused_at) if clock.paused_at else None,
        "new_due_at": rfc3339(renewed) if renewed else None,
    }
