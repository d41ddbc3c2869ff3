"""Where attachments are kept: a folder and a bucket behave the same."""

import pytest
from obstore.store import MemoryStore

from app.contact.bucket import Bucket
from app.contact.files import Folder

OTHERS = {"sandboxes/b/3/4": b"b's", "5/6": b"in earnest"}


@pytest.fixture(params=["folder", "bucket"])
def files(request, tmp_path):
    return Folder(tmp_path / "files") if request.param == "folder" else Bucket(MemoryStore())


async def test_what_is_put_is_got(files):
    await files.put("1/2", b"first")
    await files.put("1/2", b"second")
    assert await files.get("1/2") == b"second"
    with pytest.raises(FileNotFoundError):
        await files.get("1/3")


async def test_a_folder_is_seen_and_goes_with_all_that_is_in_it_and_nothing_else(files):
    assert await files.names("sandboxes") == []
    for key, content in {"sandboxes/a/1/1": b"1", "sandboxes/a/1/2": b"2", "sandboxes/a/2/1": b"3", **OTHERS}.items():
        await files.put(key, content)
    assert await files.names("sandboxes") == ["a", "b"]
    await files.remove("sandboxes/a")
    assert await files.names("sandboxes") == ["b"]
    with pytest.raises(FileNotFoundError):
        await files.get("sandboxes/a/1/1")
    for key, content in OTHERS.items():
        assert await files.get(key) == content


async def test_to_remove_what_is_not_there_is_no_fault(files):
    await files.remove("sandboxes/a")
