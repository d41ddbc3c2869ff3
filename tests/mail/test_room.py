"""Letters owed become letters sent: shared, put off, given up, and after every kind of death sent again."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from app.access.models import World
from app.core.db import Database
from app.core.ids import new_id
from app.core.letters import SandboxLetter
from app.core.mailbox import mail_target
from app.core.notices import Notice, NoticeStatus, Recipient, notify
from app.core.work import Event, Work
from app.mail import retry
from app.mail.kept import keeping
from app.mail.office import open_office
from app.mail.room import PLACES, MailRoom
from app.mail.samples import SAMPLES
from app.mail.sender import way_out
from tests.mail.post import HANG, post_office
from tests.make import NOW, MovableClock, settings_for

OWNER = new_id()
LEASE = timedelta(minutes=3)


async def sample_facts(_session, notice):
    facts = SAMPLES[notice.kind].facts
    return replace(facts, owner_id=OWNER, **notice.data.get("changes", {}))


async def broken(session, _notice):
    await session.execute(text("SELECT nothing FROM nowhere"))


async def gone(_session, _notice):
    return None


LOOKUPS = {"sample": sample_facts, "broken": broken, "gone": gone}


@dataclass
class Offices:
    """Workers over one database, and the mail server that they hand their letters to."""

    database: Database
    clock: MovableClock
    post: object
    url: str

    def room(self, seconds=5.0, **settings):
        target = f"smtp://127.0.0.1:{self.post.port}"
        chosen = {
            "mail_url": target,
            "mail_from": "toolkit@pmhc.example",
            "staff_mail": "desk@pmhc.example",
            **settings,
        }
        office = open_office(settings_for(self.url, **chosen))
        return MailRoom(office, LOOKUPS, way_out(mail_target(chosen["mail_url"]), seconds), self.clock, LEASE)

    def keeper(self):
        return keeping(open_office(settings_for(self.url)), LOOKUPS, self.clock)

    async def owe(self, *kinds, subject="sample", world=None, now=NOW, **data):
        async with self.database.write() as session:
            work = Work(session=session, actor="test", now=now, world_id=world)
            return [
                notify(work, kind, subject, new_id(), SAMPLES[kind].recipient, **data).id
                for kind in kinds or ("tta.receipt",)
            ]

    async def work(self, room):
        """One worker, until it finds nothing more to do."""
        while await room(self.database, self.clock()):
            await room.settle()

    async def notices(self):
        async with self.database.read() as session:
            return list(await session.scalars(select(Notice).order_by(Notice.id)))

    async def notice(self):
        (only,) = await self.notices()
        return only

    async def events(self):
        async with self.database.read() as session:
            return list(await session.scalars(select(Event).order_by(Event.id)))


@pytest.fixture
async def offices(bare_url, tmp_path):
    database = Database(bare_url, 5)
    async with post_office(tmp_path) as post:
        yield Offices(database, MovableClock(), post, bare_url)
    await database.close()


@asynccontextmanager
async def dying(room):
    """A worker that is killed when the block ends: what it had under way is never settled."""
    yield room
    for task in room._under_way:
        task.cancel()
    await room.settle()


async def test_a_letter_that_is_due_goes_out_and_everybody_can_see_that(offices):
    (id_,) = await offices.owe()
    await offices.work(offices.room())
    assert offices.post.ids == [f"<{id_}@pmhc.example>"]
    assert offices.post.envelopes == [("toolkit@pmhc.example", ["jo.doe@springfield.example"])]
    notice = await offices.notice()
    assert (notice.status, notice.attempts, notice.outcome) == (NoticeStatus.SENT, 1, "smtp-250")
    assert notice.settled_at == NOW
    (event,) = await offices.events()
    assert (event.type, event.subject_type, event.subject_id) == ("notice.sent", "sample", str(notice.subject_id))
    assert (event.owner_id, event.actor, event.at) == (OWNER, "worker", NOW)
    assert event.data == {
        "notice_id": str(id_), "kind": "tta.receipt", "recipient": "requester", "attempts": 1, "outcome": "smtp-250",
    }  # fmt: skip


async def test_every_kind_of_letter_goes_out(offices):
    await offices.owe(*SAMPLES)
    await offices.work(offices.room())
    assert {notice.status for notice in await offices.notices()} == {NoticeStatus.SENT}
    assert len(offices.post.letters) == len(SAMPLES)
    for letter in offices.post.letters:
        text, html = letter.iter_parts()
        assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")


async def test_letters_to_the_desk_go_to_the_desk_and_are_nobody_elses_business(offices):
    await offices.owe("tta.escalation")
    await offices.work(offices.room())
    assert offices.post.envelopes == [("toolkit@pmhc.example", ["desk@pmhc.example"])]
    assert offices.post.letters[0]["Reply-To"] is None
    (event,) = await offices.events()
    assert (event.type, event.owner_id) == ("notice.staff_sent", None)


async def test_a_letter_that_is_not_due_waits(offices):
    await offices.owe(now=NOW + timedelta(seconds=1))
    assert await offices.room()(offices.database, NOW) == 0
    assert offices.post.letters == []


async def test_a_server_that_says_later_is_asked_again_and_the_letter_is_the_same(offices):
    (id_,) = await offices.owe()
    offices.post.script = ["451 later"]
    await offices.work(offices.room())
    notice = await offices.notice()
    assert (notice.status, notice.attempts, notice.outcome) == (NoticeStatus.QUEUED, 1, "smtp-451")
    assert timedelta(seconds=24) <= notice.next_attempt_at - NOW <= timedelta(seconds=36)
    assert await offices.events() == []
    offices.clock.now = notice.next_attempt_at
    await offices.work(offices.room())
    assert offices.post.ids == [f"<{id_}@pmhc.example>"]
    notice = await offices.notice()
    assert (notice.status, notice.attempts, notice.outcome) == (NoticeStatus.SENT, 2, "smtp-250")


async def test_a_recipient_that_is_refused_for_good_is_told_once_and_not_tried_again(offices):
    await offices.owe()
    offices.post.recipients = ["550 no such person"]
    await offices.work(offices.room())
    offices.clock.advance(days=3)
    await offices.work(offices.room())
    notice = await offices.notice()
    assert (notice.status, notice.attempts, notice.outcome) == (NoticeStatus.FAILED, 1, "smtp-550")
    assert offices.post.letters == []
    (event,) = await offices.events()
    assert (event.type, event.owner_id, event.data["outcome"]) == ("notice.failed", OWNER, "smtp-550")


async def test_after_two_days_and_twenty_attempts_a_letter_is_given_up(offices):
    await offices.owe()
    room = offices.room()
    offices.post.script = ["451 later"] * 100
    times = []
    while (notice := await offices.notice()).status is NoticeStatus.QUEUED:
        times.append(notice.next_attempt_at)
        offices.clock.now = notice.next_attempt_at
        await offices.work(room)
    assert notice.status is NoticeStatus.FAILED
    assert notice.attempts == len(times) == retry.ATTEMPTS
    assert timedelta(days=1.6) < notice.settled_at - NOW < timedelta(days=2.4)
    assert [event.type for event in await offices.events()] == ["notice.failed"]


def test_waits_grow_to_four_hours_and_last_two_days():
    waits = [retry.wait_after(attempt) for attempt in range(1, retry.ATTEMPTS)]
    assert waits == sorted(waits)
    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert waits[-1] == timedelta(hours=4)
    assert timedelta(hours=40) <= sum(waits, timedelta()) <= timedelta(hours=48)
    for chance in (0.0, 0.5, 0.999):
        wait = retry.next_attempt(NOW, 1, chance) - NOW
        assert timedelta(seconds=24) <= wait <= timedelta(seconds=36)
    assert retry.next_attempt(NOW, retry.ATTEMPTS, 0.5) is None


async def test_two_workers_share_the_letters_and_send_none_twice(offices):
    ids = await offices.owe(*["tta.receipt"] * 40)
    other = Offices(Database(offices.url, 5), offices.clock, offices.post, offices.url)
    await asyncio.gather(offices.work(offices.room()), other.work(other.room()))
    await other.database.close()
    assert sorted(offices.post.ids) == sorted(f"<{id_}@pmhc.example>" for id_ in ids)
    assert offices.post.most_at_once <= 2 * PLACES
    assert {(n.status, n.attempts) for n in await offices.notices()} == {(NoticeStatus.SENT, 1)}
    events = await offices.events()
    assert sorted(event.data["notice_id"] for event in events) == sorted(str(id_) for id_ in ids)


async def test_a_letter_that_hangs_delays_no_other_and_no_loop(offices):
    await offices.owe()
    offices.post.script = [HANG]
    async with dying(offices.room(seconds=60)) as room:
        await asyncio.wait_for(room(offices.database, NOW), 5)
        await offices.post.arrived.wait()
        later = await offices.owe(*["tta.receipt"] * 20)
        while len(offices.post.letters) < 21:
            await asyncio.wait_for(room(offices.database, NOW), 5)
            await asyncio.sleep(0)
        waiting = [task for task in room._under_way if not task.done()]
        while len(waiting) > 1:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            waiting = [task for task in room._under_way if not task.done()]
        sent = {n.id for n in await offices.notices() if n.status is NoticeStatus.SENT}
        assert sent == set(later)


async def test_a_letter_whose_time_is_up_is_for_later(offices):
    await offices.owe()
    offices.post.script = [HANG]
    await offices.work(offices.room(seconds=0.2))
    notice = await offices.notice()
    assert (notice.status, notice.outcome) == (NoticeStatus.QUEUED, "timeout")


async def test_a_worker_killed_between_sending_and_settling_sends_the_same_letter_again(offices):
    (id_,) = await offices.owe()
    offices.post.script = [HANG]  # the server has the letter, and its answer never reaches us
    async with dying(offices.room()) as room:
        await room(offices.database, NOW)
        await offices.post.arrived.wait()
    await offices.work(offices.room())
    assert len(offices.post.letters) == 1, "the lease still runs: it is not ours to send"
    offices.clock.now = NOW + LEASE
    await offices.work(offices.room())
    assert offices.post.ids == [f"<{id_}@pmhc.example>"] * 2
    first, second = (letter.as_bytes().replace(str(letter["Date"]).encode(), b"") for letter in offices.post.letters)
    assert first == second
    assert [event.type for event in await offices.events()] == ["notice.sent"]


async def test_a_worker_that_slept_past_its_lease_changes_nothing(offices):
    await offices.owe()
    offices.post.script = [HANG]
    slow = offices.room(seconds=0.5)
    await slow(offices.database, NOW)
    await offices.post.arrived.wait()
    offices.clock.now = NOW + LEASE
    await offices.work(offices.room())
    await slow.settle()
    notice = await offices.notice()
    assert (notice.status, notice.attempts, notice.outcome) == (NoticeStatus.SENT, 2, "smtp-250")
    assert len(await offices.events()) == 1


async def test_a_letter_that_takes_its_worker_with_it_each_time_is_given_up(offices):
    await offices.owe()
    async with offices.database.write() as session:
        await session.execute(update(Notice).values(attempts=retry.ATTEMPTS - 1))
    offices.post.script = [HANG]
    async with dying(offices.room()) as room:
        assert await room(offices.database, NOW) == 1
        await offices.post.arrived.wait()
    offices.clock.now = NOW + LEASE
    await offices.work(offices.room())
    notice = await offices.notice()
    assert (notice.status, notice.outcome) == (NoticeStatus.FAILED, "given-up")
    assert len(offices.post.letters) == 1


async def test_a_database_that_is_away_when_a_letter_has_gone_is_told_when_it_is_back(offices):
    await offices.owe()
    offices.post.script = [HANG]
    room = offices.room(seconds=0.4)
    await room(offices.database, NOW)
    await offices.post.arrived.wait()
    await _rename(offices.database, "notice", "away")
    await room.settle()
    await _rename(offices.database, "away", "notice")
    assert (await offices.notice()).outcome is None
    await room(offices.database, NOW)
    notice = await offices.notice()
    assert (notice.status, notice.outcome) == (NoticeStatus.QUEUED, "timeout")


async def _rename(database, before, after):
    async with database.write() as session:
        await session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


@pytest.mark.parametrize(
    ("subject", "kind", "changes", "settings", "status", "outcome"),
    [
        ("unheard_of", "tta.receipt", {}, {}, NoticeStatus.QUEUED, "unknown-subject"),
        ("broken", "tta.receipt", {}, {}, NoticeStatus.QUEUED, "lookup"),
        ("gone", "tta.receipt", {}, {}, NoticeStatus.FAILED, "subject-gone"),
        ("sample", "tta.receipt", {"address": None}, {}, NoticeStatus.FAILED, "no-address"),
        (
            "sample",
            "tta.receipt",
            {"address": "jo@a.example\nBcc: x@b.example"},
            {},
            NoticeStatus.FAILED,
            "bad-address",
        ),
        ("sample", "tta.receipt", {"details": {}}, {}, NoticeStatus.QUEUED, "template"),
        ("sample", "tta.escalation", {}, {"staff_mail": ""}, NoticeStatus.QUEUED, "no-address"),
    ],
)
async def test_a_letter_that_cannot_be_written_spoils_no_other(
    offices, subject, kind, changes, settings, status, outcome
):
    (bad,) = await offices.owe(kind, subject=subject, changes=changes)
    (good,) = await offices.owe()
    await offices.work(offices.room(**settings))
    told = {notice.id: (notice.status, notice.outcome) for notice in await offices.notices()}
    assert told == {bad: (status, outcome), good: (NoticeStatus.SENT, "smtp-250")}


async def test_an_unknown_kind_waits_for_the_version_that_knows_it(offices):
    async with offices.database.write() as session:
        work = Work(session=session, actor="test", now=NOW)
        notify(work, "tta.unheard_of", "other", new_id(), Recipient.REQUESTER)
    LOOKUPS["other"] = lambda _session, _notice: _facts()
    await offices.work(offices.room())
    del LOOKUPS["other"]
    assert (await offices.notice()).outcome == "unknown-kind"


async def _facts():
    return SAMPLES["tta.receipt"].facts


async def test_without_a_server_letters_lie_in_a_folder_the_desks_too(offices, tmp_path):
    ids = await offices.owe("tta.receipt", "tta.escalation")
    await offices.work(offices.room(mail_url=f"file:{tmp_path}/mail", staff_mail=""))
    files = sorted(path.name for path in (tmp_path / "mail").iterdir())
    assert files == sorted([f"{ids[0]}.tta.receipt.eml", f"{ids[1]}.tta.escalation.eml"])
    assert "To: desk@localhost" in (tmp_path / "mail" / f"{ids[1]}.tta.escalation.eml").read_text()


async def test_no_word_and_no_address_enters_events_or_the_log(offices, capsys):
    await offices.owe(*SAMPLES)
    offices.post.script = ["451 jo.doe@springfield.example later", "550 jo.doe@springfield.example no"]
    offices.post.recipients = ["550 <jo.doe@springfield.example> unknown"]
    await offices.work(offices.room())
    out = capsys.readouterr()
    kept = json.dumps([event.data for event in await offices.events()])
    for secret in ("jo.doe", "Jo Doe", "Springfield", "desk@", "Maria"):
        assert secret not in kept
        assert secret not in out.out + out.err


async def make_world(offices, hours):
    async with offices.database.write() as session:
        world = World(created_at=NOW, expires_at=NOW + timedelta(days=1), offset_seconds=int(hours * 3600))
        session.add(world)
        await session.flush()
        return world.id


async def test_letters_of_a_sandbox_are_kept_to_be_read_and_never_sent(offices):
    world = await make_world(offices, hours=37)
    there = NOW + timedelta(hours=37)
    (mine, desk) = await offices.owe("tta.breach", "tta.escalation", world=world, now=there)
    (real,) = await offices.owe()
    room, keep = offices.room(), offices.keeper()
    await offices.work(room)
    assert await keep(offices.database, NOW) == 2
    assert await keep(offices.database, NOW) == 0
    await offices.work(room)
    assert offices.post.ids == [f"<{real}@pmhc.example>"]
    async with offices.database.read() as session:
        letters = {letter.notice_id: letter for letter in await session.scalars(select(SandboxLetter))}
    assert set(letters) == {mine, desk}
    letter = letters[mine]
    assert (letter.world_id, letter.kind, letter.recipient) == (world, "tta.breach", Recipient.REQUESTER)
    assert letter.address == "jo.doe@springfield.example"
    assert letter.kept_at == there
    assert letter.subject == "[Sandbox] We are late with your request TTA-2026-7Q4M2K"
    assert "nothing in it is real" in letter.text
    assert "nothing in it is real" in letter.html
    assert letters[desk].address == "desk@localhost"
    events = [event for event in await offices.events() if event.world_id == world]
    assert {(event.type, event.at) for event in events} == {("notice.sent", there), ("notice.staff_sent", there)}
    kept = [notice for notice in await offices.notices() if notice.world_id]
    assert {(n.status, n.outcome, n.settled_at) for n in kept} == {(NoticeStatus.SENT, "sandbox", there)}


async def test_two_workers_keep_a_letter_of_a_sandbox_once(offices):
    world = await make_world(offices, hours=0)
    await offices.owe(*["tta.receipt"] * 20, world=world)
    other = Database(offices.url, 5)
    keep = offices.keeper()
    await asyncio.gather(*(keep(database, NOW) for database in (offices.database, other, offices.database, other)))
    await other.close()
    async with offices.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(SandboxLetter)) == 20
    assert len(await offices.events()) == 20


async def test_a_letter_of_a_sandbox_that_cannot_be_written_has_failed(offices):
    world = await make_world(offices, hours=0)
    await offices.owe(world=world, subject="gone")
    await offices.owe(world=world, changes={"details": {}})
    assert await offices.keeper()(offices.database, NOW) == 2
    assert {(n.status, n.outcome) for n in await offices.notices()} == {
        (NoticeStatus.FAILED, "subject-gone"), (NoticeStatus.FAILED, "template"),
    }  # fmt: skip
    assert {event.type for event in await offices.events()} == {"notice.failed"}
