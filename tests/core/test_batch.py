"""Many writes in one transaction: who waits for whom, and whose fault reaches whom."""

import asyncio

from sqlalchemy.exc import IntegrityError

from app.core import batch
from app.core.batch import Batch


class Book:
    """What was written, transaction by transaction; what is negative collides."""

    def __init__(self) -> None:
        self.transactions: list[list[int]] = []

    async def write(self, items):
        self.transactions.append(list(items))
        await asyncio.sleep(0)
        if any(item < 0 for item in items):
            raise IntegrityError("insert", None, ValueError("taken"))
        return [item * 2 for item in items]


async def test_who_writes_alone_waits_for_nobody(monkeypatch):
    monkeypatch.setattr(batch, "PATIENCE", 3600)
    book = Book()
    shared = Batch(book.write)
    assert [await shared.put(number) for number in (1, 2, 3)] == [2, 4, 6]
    assert book.transactions == [[1], [2], [3]]


async def test_those_who_come_again_are_waited_for_and_share_a_transaction(monkeypatch):
    monkeypatch.setattr(batch, "PATIENCE", 3600)
    book = Book()
    shared = Batch(book.write)

    async def client(number):
        for _ in range(5):
            await shared.put(number)
            await asyncio.sleep(0)

    # The last turns end with all of them, so nobody is waited for in vain.
    async with asyncio.timeout(30):
        await asyncio.gather(*(client(number) for number in range(8)))
    assert sorted(map(len, book.transactions))[-4:] == [8, 8, 8, 8]
    assert sum(map(len, book.transactions)) == 40


async def test_one_who_does_not_come_again_is_waited_for_once(monkeypatch):
    monkeypatch.setattr(batch, "PATIENCE", 0.01)
    book = Book()
    shared = Batch(book.write)
    await asyncio.gather(shared.put(1), shared.put(2))
    assert await shared.put(3) == 6
    monkeypatch.setattr(batch, "PATIENCE", 3600)
    assert await shared.put(4) == 8


async def test_a_collision_reaches_the_one_who_made_it():
    book = Book()
    shared = Batch(book.write)
    answers = await asyncio.gather(*map(shared.put, (1, -2, 3)), return_exceptions=True)
    assert answers[0] == 2
    assert isinstance(answers[1], IntegrityError)
    assert answers[2] == 6


async def test_a_batch_has_a_limit():
    book = Book()
    shared = Batch(book.write, most=3)
    await asyncio.gather(*map(shared.put, range(8)))
    assert max(map(len, book.transactions)) == 3


async def test_any_other_fault_reaches_all_of_them():
    async def away(_items):
        raise OSError("the database is away")

    answers = await asyncio.gather(*map(Batch(away).put, (1, 2)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError]


async def test_lanes_run_side_by_side_and_take_equal_shares(monkeypatch):
    monkeypatch.setattr(batch, "PATIENCE", 3600)
    running, most, sizes = 0, 0, []

    async def write(items):
        nonlocal running, most
        running += 1
        most = max(most, running)
        sizes.append(len(items))
        for _ in range(20):  # longer than whoever was answered takes to come again
            await asyncio.sleep(0)
        running -= 1
        return items

    shared = Batch(write, lanes=2)

    async def client(number):
        return [await shared.put(number) for _ in range(6)]

    async with asyncio.timeout(30):
        assert await asyncio.gather(*map(client, range(8))) == [[number] * 6 for number in range(8)]
    assert most == 2
    assert sum(sizes) == 48
    assert sizes.count(4) > len(sizes) / 2


async def test_a_lane_that_failed_is_free_again(monkeypatch):
    monkeypatch.setattr(batch, "PATIENCE", 0)
    book = Book()
    shared = Batch(book.write, lanes=2, most=1)
    answers = await asyncio.gather(*map(shared.put, (-1, -2, -3, 4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [IntegrityError] * 3 + [int]
