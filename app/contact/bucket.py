"""Attachments in S3-compatible storage, by a well-kept library."""

import obstore
from obstore.store import ObjectStore, from_url


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

    async def names(self, folder: str) -> list[str]:
        """Ask for the common prefixes, which is what a bucket has of folders."""
        try:
            found = await obstore.list_with_delimiter_async(self._store, f"{folder}/")
        except Exception as error:  # noqa: BLE001 - as above
            raise OSError(type(error).__name__) from None
        return sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"])

    async def remove(self, folder: str) -> None:
        """Delete the objects, some hundreds at a time."""
        try:
            async for some in obstore.list(self._store, f"{folder}/"):
                await obstore.delete_async(self._store, [one["path"] for one in some])
        except Exception as error:  # noqa: BLE001 - as above
            raise OSError(type(error).__name__) from None


def open_bucket(url: str) -> Bucket:
    """`s3://bucket/prefix`; keys and endpoint come from the usual AWS_* variables."""
    return Bucket(from_url(url))
