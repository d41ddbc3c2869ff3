"""Where attachments are kept: one small interface, a folder by default, S3-compatible storage by a well-kept library.

Keys are made of ids and a digest, never of anything a person typed, so there is no path to play tricks with. A file is
kept before its row says so, and before the transaction that makes it say so begins: a crash in between leaves a file
that the next attempt writes again, never a row that lacks its file.

Files of a sandbox stand below a folder of its own. When it ends its rows go first, in one transaction; its folder goes
afterwards, by a sweep that looks for folders whose sandbox is not there. So a crash at any point leaves at worst a
folder for the next sweep, and never a row without its file.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import structlog

from app.core.errors import Unavailable

log = structlog.get_logger()
SANDBOXES = "sandboxes"
"""The folder in which each sandbox has one of its own, called by its id."""


class Files(Protocol):
    """Keeps bytes under a key. OSError where the storage is out of reach, or refuses."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep; when this returns the bytes survive a power cut."""

    async def get(self, key: str) -> bytes:
        """What is kept; FileNotFoundError where nothing is."""

    async def names(self, folder: str) -> list[str]:
        """What the folders are called that stand in a folder; none where there is no such folder."""

    async def remove(self, folder: str) -> None:
        """Take away a folder with everything in it; one that is not there is as good as taken away."""


class Folder:
    """Files in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        """Nothing is made until something is kept."""
        self.root = root

    async def put(self, key: str, content: bytes) -> None:
        """Write beside, flush, and rename: a reader sees the whole file or none."""
        await asyncio.to_thread(self._put, key, content)

    def _put(self, key: str, content: bytes) -> None:
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(target)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name of the file must survive too
        finally:
            os.close(folder)

    async def get(self, key: str) -> bytes:
        """Read the whole file."""
        return await asyncio.to_thread((self.root / key).read_bytes)

    async def names(self, folder: str) -> list[str]:
        """Look into the folder."""
        return await asyncio.to_thread(self._names, folder)

    def _names(self, folder: str) -> list[str]:
        try:
            return sorted(entry.name for entry in (self.root / folder).iterdir() if entry.is_dir())
        except FileNotFoundError:
            return []

    async def remove(self, folder: str) -> None:
        """Remove the tree; what is half gone after a crash is gone after the next call."""
        await asyncio.to_thread(self._remove, folder)

    def _remove(self, folder: str) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self.root / folder)


@contextmanager
def reachable() -> Iterator[None]:
    """Answer 503 where the storage is away, or lacks a file that it was given; the log says which."""
    try:
        yield
    except OSError as error:
        log.warning("attachments.unavailable", cause=type(error).__name__, errno=error.errno)
        raise Unavailable("The attachments are out of reach for the moment. Nothing was changed; repeat.") from error


def open_files(url: str) -> Files:
    """`file:var/files`, or `s3://bucket/prefix` with the usual AWS_* variables."""
    if url.startswith("file:"):
        return Folder(Path(url.removeprefix("file:")))
    # Its library takes five megabytes, and a folder needs none of it.
    from app.contact.bucket import open_bucket  # noqa: PLC0415

    return open_bucket(url)
