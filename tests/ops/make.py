"""Real processes of the program: commands, and servers on ports of their own."""

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.make import ROOT

PMHC = Path(sys.executable).parent / "pmhc"


def environment(url: str, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    return {**kept, "APP_DATABASE_URL": url, "APP_LOG_FORMAT": "json", **more}


def pmhc(*arguments: str, url: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PMHC, *arguments],
        env=environment(url, **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def server(url: str, **more: str):
    """A real server process on a port of its own."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        PMHC, "serve", cwd=ROOT, env=environment(url, APP_PORT=str(port), **more),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    lines: list[str] = []

    async def collect():
        async for line in process.stderr:
            lines.append(line.decode())  # noqa: PERF401 - read while the process runs

    collecting = asyncio.create_task(collect())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(1600):
            try:
                await client.get("/livez")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.025)
        else:
            raise AssertionError("".join(lines))
        yield client, process, lines
    if process.returncode is None:
        process.terminate()
    await process.wait()
    await collecting
