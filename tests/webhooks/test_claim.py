"""Who is tried next: everybody in turns, nobody more than their places."""

from collections import Counter
from uuid import uuid4

import pytest

from app.webhooks.claim import PLACES_EACH, among, choose
from app.webhooks.models import Delivery


class Row(tuple):
    """An endpoint with its first deliveries, as the statement gives it."""

    __slots__ = ()
    id = property(lambda self: self[0])
    failures = property(lambda self: self[1])


def an_endpoint(waiting: int, failures: int = 0) -> Row:
    firsts = [uuid4() if turn < waiting else None for turn in range(PLACES_EACH)]
    return Row((uuid4(), failures, None, *firsts))


def test_everybody_gets_a_place_before_anybody_gets_a_second():
    busy, quiet = an_endpoint(4), an_endpoint(1)
    chosen, left = choose([busy, quiet], Counter(), 3)
    assert chosen == [busy[3], quiet[3], busy[4]]
    assert left


def test_an_endpoint_that_fails_gets_one_place_and_one_that_is_slow_none():
    failing, slow = an_endpoint(4, failures=2), an_endpoint(4)
    chosen, left = choose([failing, slow], Counter({slow.id: PLACES_EACH}), 100)
    assert chosen == [failing[3]]
    assert left


def test_where_all_that_is_due_has_a_place_nothing_is_left():
    one = an_endpoint(2)
    taken = Counter({one.id: 1})
    assert choose([one], taken, 100) == ([one[3], one[4]], False)
    assert taken == {one.id: 1}


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 200])
def test_lists_of_ids_come_in_few_lengths_and_name_the_same(count):
    ids = [uuid4() for _ in range(count)]
    told = among(Delivery.id, ids).right.value
    assert set(told) == set(ids)
    assert len(told) & (len(told) - 1) == 0
