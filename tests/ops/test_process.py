"""The program as an operator meets it: a process that is started, asked, and stopped."""

import asyncio
import shutil
import signal

import httpx
import pytest

from tests.make import ROOT
from tests.ops.make import pmhc, server


async def test_a_stop_cuts_no_request_in_flight(database_url):
    """SIGTERM under load: everything that was sent is answered, and the process ends well."""
    async with server(database_url) as (client, process, _):
        # Misses of the cache, each a whole parse and render, so that many are in flight at the signal.
        asked = [
            asyncio.create_task(client.get(f"/v1/topics?limit={n}&include=resources&offset=1")) for n in range(1, 40)
        ]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert await asyncio.wait_for(process.wait(), 30) == 0
    # A connection that had not been taken up when the signal came may be refused; none is cut in the middle.
    cut = [a for a in answers if isinstance(a, Exception) and not isinstance(a, httpx.ConnectError)]
    assert not [a for a in cut if isinstance(a, httpx.RemoteProtocolError) and "incomplete" in str(a)]
    assert all(a.status_code == 200 for a in answers if isinstance(a, httpx.Response))
    assert sum(isinstance(a, httpx.Response) for a in answers) >= 1


async def test_ready_means_database_and_worker(database_url):
    async with server(database_url) as (client, _, _lines):
        for _ in range(200):
            ready = await client.get("/readyz")
            if ready.status_code == 200:
                break
            await asyncio.sleep(0.05)
        assert ready.json() == {"status": "ok"}
        version = (await client.get("/version")).json()
        assert version["edition"] == 1
        assert version["schema_revision"]


async def test_without_a_worker_it_is_not_ready(database_url):
    async with server(database_url, APP_WORKER="none") as (client, _, _lines):
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert "pmhc worker" in answer.json()["detail"]


async def test_every_line_of_the_log_is_json_with_the_request_id(database_url):
    async with server(database_url) as (client, process, lines):
        await client.get("/v1/facts?limit=3", headers={"X-Request-Id": "partner-87654321"})
        process.terminate()
        await process.wait()
    logged = [line for line in lines if line.startswith("{")]
    assert any('"request_id": "partner-87654321"' in line and "/v1/facts" in line for line in logged)
    assert not [line for line in lines if not line.startswith("{") and "Documentation:" not in line]


async def test_production_refuses_default_secrets_and_says_which(database_url):
    done = pmhc("serve", url=database_url, APP_ENV="production")
    assert done.returncode == 2
    assert "APP_SECRET" in done.stderr
    assert "APP_PUBLIC_URL" in done.stderr


async def test_a_secret_may_come_from_a_file(database_url, tmp_path):
    (tmp_path / "secret").write_text("x" * 40 + "\n")
    settings = {"APP_SECRET_FILE": str(tmp_path / "secret"), "APP_PUBLIC_URL": "https://api.example.gov"}
    done = pmhc("check", url=database_url, APP_ENV="production", **settings)
    assert "configuration" in done.stdout
    assert "refusing" not in done.stderr


async def test_check_says_what_to_do(bare_url):
    done = pmhc("check", url=bare_url)
    assert done.returncode == 1
    assert "pmhc load" in done.stdout


async def test_load_check_shows_a_readable_diff_and_publishes_nothing(database_url, tmp_path):
    export = tmp_path / "export.ndjson"
    assert pmhc("export", str(export), url=database_url).returncode == 0
    changed = export.read_text().replace('"title":"Mental Health First Aid', '"title":"First Aid', 1)
    export.write_text(changed)
    done = pmhc("load", str(export), "--check", url=database_url)
    assert done.returncode == 0
    assert "~ " in done.stdout
    assert "title:" in done.stdout
    assert pmhc("load", str(export), url=database_url).stderr.count("Edition 2 is published") == 1
    assert "Nothing differs" in pmhc("load", str(export), url=database_url).stderr


async def test_load_check_shows_the_words_that_differ_far_down_in_a_text(database_url, tmp_path):
    folder = tmp_path / "seed_data"
    shutil.copytree(ROOT / "seed_data", folder)
    file = folder / "topics" / "cit-training.yaml"
    start, dot, end = file.read_text().rstrip().rpartition(".")
    file.write_text(f"{start}, we think{dot}{end}\n")
    done = pmhc("load", str(folder), "--check", url=database_url)
    removed, added = (line for line in done.stdout.splitlines() if line.startswith("      "))
    assert "we think" in added
    assert removed.removeprefix("      - …")[:50] == added.removeprefix("      + …")[:50]
    assert max(len(removed), len(added)) < 220


async def test_a_mistake_names_file_record_and_field_and_nothing_is_loaded(database_url, tmp_path):
    folder = tmp_path / "seed_data"
    shutil.copytree(ROOT / "seed_data", folder)
    file = folder / "topics" / "cit-training.yaml"
    file.write_text(file.read_text().replace("section: training", "section: nowhere"))
    done = pmhc("load", str(folder), url=database_url)
    assert done.returncode == 1
    assert "topics/cit-training.yaml: cit-training: section: there is no section called 'nowhere'" in done.stderr
    assert "Nothing differs" in pmhc("load", url=database_url).stderr


@pytest.mark.parametrize("command", ["serve", "worker", "load", "export", "keys", "check", "migrate", "setup"])
def test_every_command_has_help_worth_reading(command, tmp_path):
    done = pmhc(command, "--help", url=f"sqlite:///{tmp_path}/none.sqlite3")
    assert done.returncode == 0
    assert len(done.stdout) > 300
