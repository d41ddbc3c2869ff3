"""What is measured over: the real content alone, with 10,000 made-up learning sites, and with 10,000 topics as well.

Each set stands in a database of ours and in one of the textbook application's, in the scratch folder of the run.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.core.clock import utcnow
from app.core.db import Database
from app.core.work import Work
from app.editions.publish import export_line, publish
from bench.generate import Documents, documents
from bench.machine import environment
from bench.textbook.fill import fill


@dataclass(frozen=True)
class Data:
    """One set of content, and the files that hold it."""

    name: str
    documents: Documents
    folder: Path

    @cached_property
    def ours(self) -> Path:
        """Our database, migrated and published, of SQLite."""
        file = self.folder / f"{self.name}.sqlite3"
        self.publish(f"sqlite:///{file}")
        return file

    @cached_property
    def textbook(self) -> Path:
        """The textbook application's database, of SQLite."""
        file = self.folder / f"{self.name}-textbook.sqlite3"
        asyncio.run(fill(f"sqlite+aiosqlite:///{file}", self.documents))
        return file

    @cached_property
    def export(self) -> Path:
        """An export, as `pmhc load` reads it."""
        return self.export_as(self.name, self.documents)

    def export_as(self, name: str, changed: Documents) -> Path:
        """An export of other documents, beside ours."""
        file = self.folder / f"{name}.ndjson"
        file.write_bytes(b"".join(export_line(*key, changed[key]) for key in sorted(changed)))
        return file

    def publish(self, url: str) -> None:
        """Migrate a database of ours and publish into it."""
        migrated(url, self.folder)
        asyncio.run(_publish(url, self.documents))

    def copy(self) -> Path:
        """A copy of our database that may be written to."""
        return Path(shutil.copy(self.ours, self.folder / f"{self.name}-copy.sqlite3"))


class Store:
    """Makes each set when it is first asked for."""

    def __init__(self, folder: Path, sites: int, topics: int, progress: Callable[[str, int, int], None]) -> None:
        """Make so many sites and topics."""
        self._folder, self._sites, self._topics, self._progress = folder, sites, topics, progress

    @cached_property
    def real(self) -> Data:
        """The real content."""
        return Data("real", documents(0, 0, progress=self._progress), self._folder)

    @cached_property
    def both(self) -> Data:
        """With made-up learning sites and topics."""
        made = documents(self._sites, self._topics, progress=self._progress)
        return Data("both", made, self._folder)

    @cached_property
    def sites(self) -> Data:
        """With made-up learning sites; topics and sections are the real ones."""
        kept = {key: text for key, text in self.both.documents.items() if key[0] == "learning-site"}
        return Data("sites", {**kept, **self.real.documents}, self._folder)


def migrated(url: str, folder: Path) -> None:
    """Make an empty database of ours, in a process of its own."""
    command = [sys.executable, "-m", "app.cli", "migrate"]
    env = environment(APP_DATABASE_URL=url, APP_LOG_LEVEL="error")
    subprocess.run(command, env=env, cwd=folder, check=True, capture_output=True)


async def _publish(url: str, wanted: Documents) -> None:
    database = Database(url, 1)
    async with database.write() as session:
        await publish(Work(session, actor="bench", now=utcnow()), wanted)
    await database.close()
