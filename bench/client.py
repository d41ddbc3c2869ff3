"""Our own load client, for machines without `wrk`: asyncio, httptools, keep-alive, one request in flight a connection.

It costs several times what wrk costs, so rates near its own limit say little; ratios between slow servers hold.
"""

import argparse
import asyncio
import itertools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httptools
import uvloop


class Connection(asyncio.Protocol):
    """Asks, waits for the whole answer, asks again."""

    def __init__(self, requests: Iterator[bytes], until: float, *, posting: bool = False) -> None:
        """Take requests from there, until then; what is posted must be answered 201."""
        self.requests, self.until, self.posting = requests, until, posting
        self.latencies: list[float] = []
        self.bytes = self.errors = 0
        self.finished = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.asked_at = time.perf_counter()
        self.transport.write(next(self.requests))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self.bytes += len(data)
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Note the answer; ask again while there is time."""
        now = time.perf_counter()
        self.latencies.append(now - self.asked_at)
        status = self.parser.get_status_code()
        self.errors += status != 201 if self.posting else status >= 400
        if now < self.until:
            self._ask()
        elif not self.finished.done():
            self.finished.set_result(None)

    def connection_lost(self, _error: Exception | None) -> None:
        """A server that hangs up makes an error."""
        if not self.finished.done():
            self.errors += 1
            self.finished.set_result(None)


def listed() -> tuple[list[str], int] | None:
    """The paths of the file that BENCH_PATHS names, and the number of the first to ask for."""
    file = os.environ.get("BENCH_PATHS")
    if not file:
        return None
    paths = Path(file).read_text(encoding="utf-8").splitlines()
    return paths, int(os.environ["BENCH_LINE"]) % len(paths)


def posts(head: str, body: str) -> Iterator[bytes]:
    """Endless requests that post a body, each with another text where it says `@@`."""
    for number in itertools.count():
        unique = f"{os.environ['BENCH_ROUND']}-{number}"
        content = body.replace("@@", unique).encode()
        sized = f"Content-Length: {len(content)}\r\nContent-Type: application/json\r\n\r\n"
        yield (head.replace("@@", unique) + sized).encode() + content


async def run(url: str, headers: list[str], connections: int, seconds: float) -> dict[str, float]:
    """Put load on a server and tell how it did."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    paths, start = listed() or ([path], 0)
    tail = "".join(f"{header}\r\n" for header in headers)
    body = os.environ.get("BENCH_BODY", "")
    if body:
        requests = posts(f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{tail}", body)
    else:
        written = [f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{tail}\r\n".encode() for path in paths]
        requests = itertools.cycle(written[start:] + written[:start])
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(
            lambda: Connection(requests, began + seconds, posting=bool(body)), parts.hostname, parts.port
        )
        for _ in range(connections)
    ]
    asking = [connection for _, connection in made]
    await asyncio.gather(*(connection.finished for connection in asking))
    took = time.perf_counter() - began
    for transport, _ in made:
        transport.close()
    all_of_them = sorted(itertools.chain.from_iterable(connection.latencies for connection in asking)) or [0.0]
    return {
        "requests": sum(len(connection.latencies) for connection in asking),
        "seconds": took,
        "bytes": sum(connection.bytes for connection in asking),
        "errors": sum(connection.errors for connection in asking),
        "p50": all_of_them[len(all_of_them) // 2] * 1000,
        "p99": all_of_them[int(len(all_of_them) * 0.99)] * 1000,
        "longest": all_of_them[-1] * 1000,
    }


def main() -> None:
    """Run from the command line, as `bench.load` does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("url")
    chosen = parser.parse_args()
    made = run(chosen.url, chosen.headers, chosen.connections, chosen.seconds)
    print(json.dumps(uvloop.run(made)))


if __name__ == "__main__":
    main()
