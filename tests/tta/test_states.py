"""The life of a request, enumerated: what the table allows, and that it allows nothing else."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tta.states import DESK, ENDS, PAUSES, STEPS, TABLE, Action, By, ForbiddenMove, Letter, Status, allowed, step

MOVES = [a for a in Action if a not in DESK]


@pytest.mark.parametrize(("status", "action", "by"), sorted(product(Status, MOVES, By)))
def test_a_move_is_made_if_and_only_if_the_table_has_it(status, action, by):
    row = STEPS.get((status, action))
    if row and by in row.by:
        assert step(status, action, by) is row
        assert action in allowed(status, by)
    else:
        with pytest.raises(ForbiddenMove) as refusal:
            step(status, action, by)
        assert refusal.value.status == 409
        assert refusal.value.extra["allowed_actions"] == [a.value for a in allowed(status, by)]
        assert action not in allowed(status, by)


def after(row) -> set[Status]:
    """Where a row may lead; a way back leads to whatever a pause can be entered from."""
    if row.after is not None:
        return {row.after}
    return {s for (s, a), r in STEPS.items() if r.after in row.before}


def test_an_ended_request_never_moves_again_except_to_be_evaluated():
    assert {(s, a) for s, a in STEPS if s in ENDS} == {(Status.CLOSED, Action.EVALUATE)}
    assert STEPS[Status.CLOSED, Action.EVALUATE].after is Status.CLOSED


@pytest.mark.parametrize("status", Status)
def test_every_status_can_be_reached_and_can_reach_an_end(status):
    def reachable(start):
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for (before, _), row in STEPS.items():
                if before is here:
                    waiting += after(row) - seen
                    seen |= after(row)
        return seen

    assert status in reachable(Status.SUBMITTED)
    assert reachable(status) & ENDS


def test_a_way_back_never_leads_into_another_pause():
    for row in TABLE:
        if row.after is None:
            assert set(row.before) <= PAUSES
            assert not after(row) & (PAUSES | ENDS)


def test_each_move_makes_its_own_fact():
    facts = [row.fact for row in TABLE] + list(DESK.values())
    assert len(facts) == len(set(facts))
    assert all(fact.startswith("tta.") for fact in facts)


def test_word_goes_out_at_every_step_that_the_agency_waits_for():
    told = {row.action: row.letter for row in TABLE}
    assert told[Action.CONFIRM] is Letter.CONFIRMATION
    assert told[Action.ASK] is Letter.QUESTION
    assert told[Action.MATCH] is Letter.MATCH
    assert told[Action.SCHEDULE] is Letter.SCHEDULE
    assert told[Action.DECLINE] is Letter.DECLINE
    assert told[Action.DELIVER] is Letter.DELIVERY


@given(st.lists(st.tuples(st.sampled_from(MOVES), st.sampled_from(By)), max_size=30))
def test_any_sequence_of_actions_keeps_a_request_within_its_life(attempts):
    status, paused = Status.SUBMITTED, None
    confirmed = False
    for action, by in attempts:
        try:
            row = step(status, action, by)
        except ForbiddenMove:
            continue
        before, status = status, row.after or paused
        assert before not in ENDS or status is before
        if status in PAUSES:
            assert before not in PAUSES
            paused = before
        confirmed |= action is Action.CONFIRM
        assert confirmed or status in {Status.SUBMITTED, Status.DECLINED, Status.REFERRED, Status.WITHDRAWN}
        assert status is not Status.DELIVERED or by is By.STAFF or before is Status.DELIVERED
