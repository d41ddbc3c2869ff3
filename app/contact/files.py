"""Where attachments are kept: one small interface, a folder by default, S3-compatible storage by a well-kept library.

Keys are made of ids, never of anything a person typed, so there is no path to play tricks with. A file is kept before
its row says so: a crash in between leaves a file that nobody names, never a row without its file.
"""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Protocol

import obstore
from obstore.store import ObjectStore, from_url


class Files(Protocol):
    """Keeps bytes under a key."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep; when this returns the bytes survive a power cut. OSError where they could not be kept."""

    async def get(self, key: str) -> bytes:
        """What is kept; FileNotFoundError where nothing is."""


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


class Bucket:
    """Files in S3-compatible storage."""

    def __init__(self, store: ObjectStore) -> None:
        """Any store of obstore."""
        self._store = store

    async def put(self, key: str, content: bytes) -> None:
        """The service answers when the object is durable."""
        try:
            await obstore.put_async(self._store, key, content)
        except Exception as error:  # noqa: BLE001 - the library raises its own types for each service
            raise OSError(type(error).__name__) from None

    async def get(self, key: str) -> bytes:
        """Read the whole object."""
        found = await obstore.get_async(self._store, key)
        return bytes(await found.bytes_async())


def open_files(url: str) -> Files:
    """`file:var/files`, or `s3://bucket/prefix` with the usual AWS_* variables."""
    if url.startswith("file:"):
        return Folder(Path(url.removeprefix("file:")))
    return Bucket(from_url(url))
