"""`pmhc serve` and `pmhc worker`."""

import asyncio
import errno
import gc
import importlib
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.common import fail, knock, plainly, read_settings, say, warn

if TYPE_CHECKING:
    from socket import socket

    from app.core.settings import Settings

ACCEPTED_AT_ONCE = 32
"""Each turn of the loop takes one new connection from each listening socket, and then answers whoever has asked. With
one socket, thirty that come together to a busy server wait through thirty turns; so it listens that often."""


def serve(
    setup: Annotated[
        bool, typer.Option(help="First migrate the database, and load seed_data/ when it holds no content.")
    ] = False,
) -> None:
    """Serve the API.

    Listens on APP_HOST:APP_PORT. With APP_WORKER=inline (the default) a worker runs inside; with
    APP_WORKER=none run `pmhc worker` beside it. SIGTERM stops gracefully: requests in flight are answered.
    """
    _without_rich()
    settings = read_settings()
    if not setup:
        with plainly(settings, 3):
            asyncio.run(knock(settings))
    sockets = _bind(settings)
    if setup:
        # A process of its own: what migrating and loading import need not stay in the server's memory.
        import subprocess

        done = subprocess.run([sys.executable, "-m", "app.cli", "setup"], check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
    import uvicorn

    from app.core.wire import Wire
    from app.main import create_app

    # uvicorn stops gracefully and then raises the signal again; by then everything is done, and done well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    door = create_app(settings)
    warn(settings)

    class Server(uvicorn.Server):
        """Ends the streams of events when it is told to stop; they would hold it up until its time is over."""

        async def startup(self, sockets: "list[socket] | None" = None) -> None:
            try:
                await super().startup(sockets)
            except OSError as error:  # another program was as far as we were, and began to listen first
                say(_no_port(settings, error))
                await self.lifespan.shutdown()
                self.should_exit = True
                return
            say(f"Documentation: {_address(settings, sockets or [])}/docs")
            # In a thread, beside the first answers: nobody's first search shall wait for the index.
            self.warming = asyncio.create_task(door.app.state.warm())  # type: ignore[attr-defined]
            self.warming.add_done_callback(_keep_what_is_there)

        async def shutdown(self, sockets: "list[socket] | None" = None) -> None:
            door.app.state.stopping.set()  # type: ignore[attr-defined]
            await super().shutdown(sockets)

    config = uvicorn.Config(
        door,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whose X-Forwarded-For is believed is APP_TRUSTED_PROXIES' business
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_keep_alive=65,
        backlog=2048,
        http=Wire,
        ws="none",
    )
    running = Server(config)
    with suppress(KeyboardInterrupt):
        running.run([one.dup() if turn else one for one in sockets for turn in range(ACCEPTED_AT_ONCE)])
    if not running.started:
        raise typer.Exit(3)


def _without_rich() -> None:
    """Import without `rich` what takes it where it finds it, for a terminal: 75 modules that a server never needs."""
    if "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    for name in ("structlog", "httpx"):
        importlib.import_module(name)
    del sys.modules["rich"]


def _keep_what_is_there(_: object) -> None:
    """Clear away once, and look after what is made from now on; to look through the whole would hold up requests."""
    import ctypes

    gc.collect()
    with suppress(AttributeError, OSError):  # only glibc has it, and keeps what a start used unless it is asked
        ctypes.CDLL(None).malloc_trim(0)
    gc.freeze()
    gc.enable()


def _bind(settings: "Settings") -> "list[socket]":
    """Take the port before anything is done; nobody is answered until the server listens."""
    import socket

    made: list[socket.socket] = []
    fault: OSError | None = None
    try:
        found = socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        fail(_no_port(settings, error), 3)
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            one = socket.socket(family, kind, protocol)
        except OSError as error:  # a machine without IPv6, say
            fault = error
            continue
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
        except OSError as error:
            fault = error
            one.close()
            if error.errno == errno.EADDRINUSE:
                break  # of two addresses of one name, both or none: the other would be somebody else's
        else:
            made.append(one)
    if fault and (not made or fault.errno == errno.EADDRINUSE):
        for one in made:
            one.close()
        fail(_no_port(settings, fault), 3)
    return made


def _no_port(settings: "Settings", error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is taken; set APP_PORT to another."
    if error.errno == errno.EACCES:
        return f"Port {settings.port} needs rights that this user has not; set APP_PORT to one above 1023."
    return f"Nobody can listen on {settings.host} ({error.strerror}); set APP_HOST to an address of this machine."


def _address(settings: "Settings", sockets: "list[socket]") -> str:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "") else settings.host  # noqa: S104
    port = sockets[0].getsockname()[1] if sockets else settings.port
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def worker() -> None:
    """Run the worker apart from the server (serve with APP_WORKER=none).

    It numbers and delivers events, sends letters, and watches over promises. Run as many as you like; they share
    the work. SIGTERM lets it finish what it is doing.
    """
    from app.core.clock import utcnow
    from app.core.db import Database
    from app.core.log import configure
    from app.main import all_tasks
    from app.worker import Worker

    settings = read_settings()
    with plainly(settings):
        asyncio.run(knock(settings))
    configure(settings)
    warn(settings)

    async def run() -> None:
        database = Database(settings.database_url.get_secret_value(), settings.database_pool)
        running = Worker(database, utcnow, all_tasks(settings, utcnow))
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        running.start()
        await stop.wait()
        await running.stop()
        await database.close()

    asyncio.run(run())
