"""The promise clock: any times, any downtime."""
# ruff: noqa: DTZ001 - times on a wall are what some of these tests are about

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tta.sla import (
    PROMISES,
    STEPS,
    Clock,
    ClockState,
    PromiseName,
    next_step_at,
    start,
    step_at,
    steps_due,
)

CONFIRMATION, MATCH = PromiseName.CONFIRMATION, PromiseName.MATCH
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(0), timedelta(days=60))


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        # The night in which clocks go back has 25 hours, the one in which they go forward 23.
        (datetime(2026, 10, 31, 12, 0), datetime(2026, 11, 1, 23, 0)),
        (datetime(2027, 3, 13, 12, 0), datetime(2027, 3, 15, 1, 0)),
        (datetime(2026, 7, 4, 12, 0), datetime(2026, 7, 6, 0, 0)),
    ],
)
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "America/New_York"])
def test_36_hours_are_elapsed_hours_across_daylight_saving(asked, due, zone):
    here = ZoneInfo(zone)
    clock = start(CONFIRMATION, asked.replace(tzinfo=here).astimezone(UTC))
    assert clock.due_at.astimezone(here).replace(tzinfo=None) == due


@given(instants)
def test_the_confirmation_is_due_exactly_36_hours_after_receipt(now):
    clock = start(CONFIRMATION, now)
    assert clock.due_at - now == timedelta(hours=36)
    assert clock.remaining(now) == 36 * 3600
    assert not PROMISES[CONFIRMATION].pauses


@given(instants, spans)
def test_a_promise_is_broken_as_soon_as_its_instant_has_passed_and_not_before(now, later):
    clock = start(CONFIRMATION, now)
    at = now + later
    kept = later <= timedelta(hours=36)
    assert clock.state(at) is (ClockState.RUNNING if kept else ClockState.BREACHED)
    assert clock.meet(at).state(at) is (ClockState.MET if kept else ClockState.BREACHED)
    assert clock.meet(at).met_at == at
    assert clock.breach(at).breached_at == (None if kept else clock.due_at)
    assert clock.cancel(at).state(at) is (ClockState.CANCELLED if kept else ClockState.BREACHED)


@given(
    instants, st.lists(st.tuples(spans, st.sampled_from(["breach", "meet", "cancel", "pause", "resume"])), max_size=20)
)
def test_whatever_is_done_to_a_clock_it_stays_true(now, acts):
    clock = began = start(MATCH, now)
    stood = timedelta(0)
    for span, act in acts:
        was = clock
        if was.paused_at is not None:
            stood += span
        now += span
        clock = getattr(clock, act)(now)
        assert clock.breached_at is None or clock.breached_at == clock.due_at
        assert was.breached_at is None or clock.breached_at == was.breached_at, "a breach is noted once, for good"
        assert was.met_at is None or clock == was, "a kept promise is not touched again"
        assert not (clock.met_at and clock.cancelled_at)
        assert not (clock.paused_at and clock.stopped)
        assert clock.due_at >= was.due_at
        assert clock.paused_at is not None or clock.due_at == began.due_at + stood


@given(instants, spans, spans)
def test_a_question_to_the_agency_moves_the_match_by_as_long_as_it_took(now, first, asked):
    clock = start(MATCH, now)
    paused = clock.pause(now + first)
    resumed = paused.resume(now + first + asked)
    if first <= timedelta(days=14):
        assert paused.state(now + first + asked) is ClockState.PAUSED
        assert resumed.due_at == clock.due_at + asked
        assert resumed.remaining(now + first + asked) == clock.remaining(now + first)
    else:
        assert resumed.state(now + first) is ClockState.BREACHED


@given(instants, st.lists(spans, min_size=1, max_size=10))
def test_each_step_of_escalation_is_told_once_and_in_order_whenever_the_worker_wakes(began, naps):
    due = start(CONFIRMATION, began).due_at
    now, told, heard = began, 0, []
    for nap in naps:
        now += nap
        steps = steps_due(began, due, told, now)
        heard += steps
        told = steps[-1] if steps else told
        waiting = next_step_at(began, due, told)
        assert waiting is None or waiting >= now
    assert heard == [step for step in STEPS if now > step_at(began, due, step)]


def test_a_worker_that_slept_for_two_days_tells_all_four_steps():
    began = datetime(2026, 11, 1, 6, tzinfo=UTC)
    due = start(CONFIRMATION, began).due_at
    assert steps_due(began, due, 0, began + timedelta(days=2)) == (50, 75, 90, 100)
    assert step_at(began, due, 50) == began + timedelta(hours=18)
    assert step_at(began, due, 100) == due


def test_time_left_is_negative_once_the_promise_is_broken_and_unsaid_when_it_is_met():
    now = datetime(2026, 11, 1, tzinfo=UTC)
    clock = start(CONFIRMATION, now)
    assert clock.remaining(now + timedelta(hours=37)) == -3600
    assert clock.meet(now).remaining(now + timedelta(hours=37)) is None
    assert Clock(due_at=now).overdue(now) is False
