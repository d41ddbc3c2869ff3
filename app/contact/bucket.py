"""Attachments in S3-compatible storage, by a well-kept library."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

CLIENT: "ClientConfig" = {"connect_timeout": "5s", "timeout": "30s", "allow_http": True}
"""Plain http only where AWS_ENDPOINT says http: a MinIO beside the server has no certificate."""
RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""Whoever sends a file is told of a storage that is away while they still wait; the library would try for minutes."""


class Bucket:
    """Files in S3-compatible storage."""

    def __init__(self, store: ObjectStore) -> None:
        """Any store of obstore."""
        self._store = store

    async def put(self, key: str, content: bytes) -> None:
        """The service answers when the object is durable."""
        with _as_os_error():
            await obstore.put_async(self._store, key, content)

    async def get(self, key: str) -> bytes:
        """Read the whole object."""
        with _as_os_error():
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())

    async def names(self, folder: str) -> list[str]:
        """Ask for the common prefixes, which is what a bucket has of folders."""
        with _as_os_error():
            found = await obstore.list_with_delimiter_async(self._store, f"{folder}/")
        return sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"])

    async def remove(self, folder: str) -> None:
        """Delete the objects, some hundreds at a time."""
        with _as_os_error():
            async for some in obstore.list(self._store, f"{folder}/"):
                await obstore.delete_async(self._store, [one["path"] for one in some])


@contextmanager
def _as_os_error() -> Iterator[None]:
    """The library raises types of its own; their texts name addresses, so only the type is told."""
    try:
        yield
    except BaseError as error:
        raise OSError(type(error).__name__) from None


def open_bucket(url: str) -> Bucket:
    """`s3://bucket/prefix`; keys and endpoint come from the usual AWS_* variables."""
    return Bucket(from_url(url, client_options=CLIENT, retry_config=RETRIES))
