"""The harness that lends the tests a PostgreSQL, tested as strictly as what stands on it."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from tests import postgres
from tests.postgres import PostgreSQL, PostgreSQLUnavailable

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def server():
    with PostgreSQL(private=True) as server:
        yield server


async def ask(url, question):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_a_new_database_is_a_copy_of_its_template(server):
    server.create_database("pattern")
    server.execute("CREATE TABLE t AS SELECT 7 AS n", "pattern")
    url = server.create_database("copy", template="pattern")
    assert await ask(url, "SELECT n FROM t") == 7


async def test_a_database_is_dropped_though_somebody_is_in_it(server):
    connection = await asyncpg.connect(server.create_database("busy"))
    server.drop_database("busy")
    server.drop_database("busy")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await ask(server.url_of("busy"), "SELECT 1")
    connection.terminate()


@pytest.mark.parametrize("mode", ["fast", "immediate", "kill"])
async def test_a_durable_server_comes_back_with_what_was_committed(mode):
    with PostgreSQL(durable=True, private=True) as server:
        assert await ask(server.url, "SHOW fsync") == "on"
        server.execute("CREATE TABLE t AS SELECT 7 AS n")
        server.stop(mode)
        with pytest.raises(ConnectionRefusedError):
            await ask(server.url, "SELECT 1")
        server.start()
        assert await ask(server.url, "SELECT n FROM t") == 7


async def test_many_connections_fit(server):
    assert await ask(server.url, "SHOW max_connections") == "300"
    assert await ask(server.url, "SHOW fsync") == "off"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_test_run_that_dies(how):
    story = """
from tests.postgres import PostgreSQL
with PostgreSQL(private=True) as server:
    print(server._folder, server._port, flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", story], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        folder, port = run.stdout.readline().split()
        assert answers(int(port))
        run.send_signal(how)
    deadline = time.monotonic() + 10
    while Path(folder).exists() or answers(int(port)):
        assert time.monotonic() < deadline, "the server outlived its test run"
        time.sleep(0.05)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


async def test_a_server_that_is_named_is_used_and_not_stopped(server, monkeypatch):
    monkeypatch.setenv("TEST_DATABASE_URL", server.url.replace("postgresql:", "postgresql+asyncpg:"))
    with PostgreSQL() as named:
        assert named.url == server.url
        with pytest.raises(RuntimeError, match="private=True"):
            named.stop()
    assert await ask(server.url, "SELECT 1") == 1


async def test_the_wheel_serves_where_no_server_is_installed(monkeypatch):
    monkeypatch.setattr(postgres, "_installed", lambda: iter(()))
    with PostgreSQL(private=True) as server:
        assert "pginstall" in str(server._programs)
        assert await ask(server.url, "SELECT 1") == 1


def test_programs_in_a_closed_folder_are_copied_for_the_user(monkeypatch, tmp_path):
    monkeypatch.setattr(postgres, "_open_to_all", lambda _: False)
    copied = postgres._programs("nobody", tmp_path)
    assert copied.is_relative_to(tmp_path)
    assert "PostgreSQL" in subprocess.check_output([copied / "postgres", "--version"], text=True)


def test_without_any_postgresql_it_fails_and_says_what_to_do(monkeypatch):
    monkeypatch.setattr(postgres, "_installed", lambda: iter(()))
    monkeypatch.setattr(postgres.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(PostgreSQLUnavailable, match="TEST_DATABASE_URL"), PostgreSQL(private=True):
        pass
