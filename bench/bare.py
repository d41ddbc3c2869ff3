"""Nothing but uvicorn: an ASGI application that sends prepared answers, to be measured beside ours.

The answers were captured from our server, headers included. Each stands behind a prefix of its own, so that one path
can have several: as it is, compressed, not modified.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn


@dataclass(frozen=True)
class Prepared:
    """An answer, ready to send."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def application(prepared: Mapping[str, Prepared]) -> Any:
    """An ASGI application that finds an answer by its path and sends it."""
    ready = {
        path: (
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers],
            },
            {"type": "http.response.body", "body": answer.body},
        )
        for path, answer in prepared.items()
    }
    ready["/ready"] = ({"type": "http.response.start", "status": 200}, {"type": "http.response.body"})

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        start, body = ready[scope["path"]]
        await send(start)
        await send(body)

    return app


def write(file: Path, prepared: Mapping[str, Prepared]) -> None:
    """Keep answers in a file."""
    told = {path: [a.status, a.headers, a.body.decode("latin-1")] for path, a in prepared.items()}
    file.write_text(json.dumps(told), encoding="utf-8")


def read(file: Path) -> dict[str, Prepared]:
    """The answers of a file."""
    told = json.loads(file.read_text(encoding="utf-8"))
    return {path: Prepared(status, headers, body.encode("latin-1")) for path, (status, headers, body) in told.items()}


if __name__ == "__main__":
    uvicorn.run(
        application(read(Path(sys.argv[1]))), host="127.0.0.1", port=int(sys.argv[2]), lifespan="off",
        log_config=None, access_log=False, server_header=False, backlog=2048,
    )  # fmt: skip
