"""The worker: a loop for each task, over tables; nothing is promised in memory.

A task is an async function of the database and the present instant that answers how much it did. It is called again
soon while it finds something, else after a wake-up or a second. Each task has a loop of its own, so a slow partner's
webhook delays no letter and no escalation. Several workers may run: tasks claim rows with leases. A task that fails is
logged, tried again, and stops no other.

It runs inside the server (`APP_WORKER=inline`) or as `pmhc worker`.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import structlog

from app.contact.correspondence import facts_of as submission_facts
from app.core.beat import EVERY, beat
from app.core.clock import Clock
from app.core.db import Database
from app.core.feed import number_events
from app.core.idempotency import forget_old_keys
from app.core.letters import Lookup
from app.core.mailbox import mail_target
from app.core.outbound import Outbound
from app.core.seal import Seal
from app.core.settings import Settings
from app.mail.kept import keeping
from app.mail.office import open_office
from app.mail.room import MailRoom
from app.mail.sender import way_out
from app.tta.letters import letter_facts
from app.tta.sweep import end_leases, seek_acknowledgements, tell_matches, tell_steps
from app.webhooks.correspondence import facts_of as endpoint_facts
from app.webhooks.dispatch import dispatch
from app.webhooks.inbox import keep_in_inbox
from app.webhooks.send import TOGETHER, Sender

log = structlog.get_logger()
Task = Callable[[Database, datetime], Awaitable[int]]
PERIOD, PAUSE_AFTER_FAILURE = 1.0, 5.0
GAP, MANY = 0.1, 100
"""Seconds between two looks of a task, unless it did as much as this in one go: what is written meanwhile is done
together. Without it, a stream of requests would pay for a look of every task after each of its transactions."""
BY_THE_CLOCK = frozenset(
    ("tell_steps", "tell_matches", "end_leases", "seek_acknowledgements", "forget_old_keys", "end_sandboxes")
)
"""Time alone makes these due, hours after what was written: a wake-up is not for them."""
FOLLOWED: Mapping[str, Collection[str]] = {
    "number_events": ("dispatch",),
    "dispatch": ("send_webhooks", "keep_sandbox_webhooks"),
}
"""What one task did is at once work for others: an event waits for one look, not for three."""
INSIDE = 2.0
"""Seconds between two looks of a worker inside a server: each costs readers a moment, and only what others write, or
what falls due by the clock, waits for one."""
SOONER = 0.2
"""Seconds after which events are looked for where no server wakes us."""
LOOKUPS: Mapping[str, Lookup] = {
    "tta_request": letter_facts,
    "contact_submission": submission_facts,
    "webhook_endpoint": endpoint_facts,
}
"""Type of subject → who finds the words of its letters."""


@runtime_checkable
class Outgoing(Protocol):
    """A task that goes on with what it started after it has answered."""

    async def settle(self) -> None:
        """Wait until nothing is under way."""


def tasks(settings: Settings, clock: Clock) -> Mapping[str, Task]:
    """Everything a worker does, in the order in which `drain` does it."""
    outbound, seal = Outbound(loopback=settings.webhook_loopback), Seal(settings.secret.get_secret_value())
    office = open_office(settings)
    send = way_out(mail_target(settings.mail_url.get_secret_value()), settings.mail_timeout)
    lease = timedelta(seconds=3 * settings.mail_timeout + 60)
    return {
        "tell_steps": tell_steps,
        "tell_matches": tell_matches,
        "end_leases": end_leases,
        "seek_acknowledgements": seek_acknowledgements,
        "forget_old_keys": forget_old_keys,
        "number_events": number_events,
        "dispatch": dispatch,
        "send_webhooks": Sender(outbound, seal, clock),
        "keep_sandbox_webhooks": Sender(outbound, seal, clock, keep_in_inbox),
        "send_letters": MailRoom(office, LOOKUPS, send, clock, lease),
        "keep_sandbox_letters": keeping(office, LOOKUPS, clock),
    }


class Worker:
    """Runs tasks until it is stopped."""

    def __init__(self, database: Database, clock: Clock, work: Mapping[str, Task], *, inside: bool = False) -> None:
        """Nothing runs until `start`. `inside` a server, which wakes it after each write of its own."""
        self._inside = inside
        self.database, self.clock, self.work = database, clock, work
        self.name = f"{socket.gethostname()[:40]}-{os.getpid()}"
        self._wakes = {name: asyncio.Event() for name in work}
        self._stopping = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """Look now: something was just written."""
        for name, event in self._wakes.items():
            if name not in BY_THE_CLOCK:
                event.set()

    def start(self) -> None:
        """Begin every loop."""
        for name, task in self.work.items():
            if isinstance(task, Sender):
                task.wake, task.together = self._wakes[name].set, TOGETHER
        self._running = [asyncio.create_task(self._loop(name, task)) for name, task in self.work.items()]
        self._running.append(asyncio.create_task(self._beat()))

    async def stop(self) -> None:
        """Finish what is being done, begin nothing new."""
        self._stopping.set()
        for event in self._wakes.values():
            event.set()
        await asyncio.gather(*self._running)
        await self._settle()
        for task in self.work.values():
            if isinstance(task, Sender):
                await task.close()

    async def _settle(self, names: Collection[str] | None = None) -> None:
        """Wait for what tasks have under way."""
        for name, task in self.work.items():
            if (names is None or name in names) and isinstance(task, Outgoing):
                await task.settle()

    async def drain(self, names: Collection[str] | None = None) -> int:
        """Do everything that is due now, task after task, until nothing is left: for tests and moved clocks.

        With `names` only these tasks.
        """
        total = 0
        while True:
            done = 0
            for name, task in self.work.items():
                if names is not None and name not in names:
                    continue
                while more := await task(self.database, self.clock()):
                    done += more
                    await self._settle(names)
            total += done
            if not done:
                return total

    async def _loop(self, name: str, task: Task) -> None:
        wake, followers = self._wakes[name], FOLLOWED.get(name, ())
        while not self._stopping.is_set():
            wake.clear()
            done, pause = 0, INSIDE if self._inside else SOONER if name == "number_events" else PERIOD
            try:
                done = await task(self.database, self.clock())
            except Exception as error:  # noqa: BLE001 - one bad row must not end the promise-keeping
                # The type only: a message may quote what a person typed.
                log.error("worker.task_failed", task=name, cause=type(error).__name__)  # noqa: TRY400
                pause = PAUSE_AFTER_FAILURE
            for follower in followers if done else ():
                self._wakes[follower].set()
            if done >= MANY or self._stopping.is_set():
                continue
            await asyncio.sleep(GAP)
            if not done:
                with suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), pause - GAP)

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            with suppress(Exception):  # a database that is away is told by readiness
                await beat(self.database, self.name, self.clock())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), EVERY.total_seconds())
