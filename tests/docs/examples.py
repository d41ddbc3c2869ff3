"""Runs the calls of `calls.py` against a seeded application: `python -m tests.docs.examples` writes what it answers.

Everything that could differ from run to run stands still: the clock, the request id, the edition's time. What is
random by nature (identifiers, keys) is replaced by a value of the same form, the same everywhere it occurs.
"""

import asyncio
import json
import re
import tempfile
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from app.core.beat import beat
from app.docs.examples import FILE, GENERAL, load
from tests.access.make import a_key
from tests.docs import calls
from tests.docs.call import DRAIN, Call, General
from tests.make import Templates, World, publish_documents, running, seed_documents

REQUEST_ID = "7d0c3b52e1-4f"
REFERENCE = re.compile(r"\$([a-z_]+(?:\.\w+)+)")
ID = "019ab1c2-0000-7000-8000-"
RANDOM = {
    re.compile(rf"\b(?!{ID}|0{{8}}-)[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}\b"): ID + "{:012x}",
    re.compile(r"\bpmhc_(?!EXAMPLE)[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b"): "pmhc_EXAMPLE{:05d}_" + "0" * 49,
    re.compile(r"\bpmhc_(?!EXAMPLE)[0-9A-Za-z]{12}\b"): "pmhc_EXAMPLE{:05d}",
    re.compile(r"\b(?:cst|tts)_(?!0{32})[0-9a-f]{64}\b"): "tts_" + "0" * 56 + "{:08d}",
    re.compile(r"(?<=cursor=)(?!EXAMPLE)[\w-]+"): "EXAMPLE{:040d}",
    re.compile(r"\bwhsec_(?!EXAMPLE)[A-Za-z0-9+/]+=*"): "whsec_EXAMPLE{:025d}",
    re.compile(r"\beyJ[\w-]+\.(?!EXAMPLE)eyJ[\w-]+\.[\w-]+"): "eyJhbGciOiJFZERTQSJ9.EXAMPLE{:04d}.signature",
    re.compile(r"\b(?:TTA|PMHC)-2026-(?!EX)[0-9A-Z]{4}-[0-9A-Z]{4}\b"): "TTA-2026-EXAM-{:04d}",
    re.compile(r"(?<![\w-])(?!EXAMPLE)(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{43}(?![\w-])"): "EXAMPLE{:036d}",
}
"""What is random by nature, and the form that it keeps."""


async def make() -> dict[str, list[dict[str, Any]]]:
    """Every example, by operation."""
    with tempfile.TemporaryDirectory() as folder:
        templates = Templates("sqlite", Path(folder), None)
        async with AsyncExitStack() as stack:
            kept = {"mail_url": f"file:{folder}/mail", "files_url": f"file:{folder}/files"}
            world = await stack.enter_async_context(running(await templates.create(seeded=True), **kept))
            await beat(world.database, "worker", world.clock())
            runner = Runner(world)
            for call in calls.CALLS:
                if call == DRAIN:
                    await world.drain()
                else:
                    await runner.run(call)
        async with running(await templates.create(seeded=True)) as world:
            left = {key: document for key, document in seed_documents().items() if key not in calls.RETIRED}
            await publish_documents(world.database, left)
            await world.state.shelf.refresh()
            runner.world = world
            for call in calls.OF_WHAT_IS_GONE:
                await runner.run(call)
        for general in calls.GENERAL:
            settings = {"limits": "anonymous=1/60"} if general.broken == "limit" else {}
            async with running(await templates.create(seeded=True), **settings) as world:
                runner.note(GENERAL, await _general(world, general))
    loaded: dict[str, list[dict[str, Any]]] = json.loads(stand_still(json.dumps(runner.made, ensure_ascii=False)))
    return loaded


class Runner:
    """Runs calls one after the other in one world, and remembers what was answered."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.document = world.app.app.openapi()
        self.made: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.answered: dict[str, Any] = {}
        self.keys: dict[str, str] = {}

    def note(self, operation: str, example: dict[str, Any]) -> None:
        self.made[operation].append(example)

    async def run(self, call: Call) -> None:
        """Ask what the call asks, as the document says it is asked."""
        path, method, operation = self._operation(call.operation)
        sent = self._resolved({"path": call.path, "query": call.query, "headers": call.headers, "body": call.body})
        headers = {"X-Request-Id": REQUEST_ID, **sent["headers"], **await self._credentials(call)}
        answer = await self.world.client.request(
            method,
            path.format(**sent["path"]),
            params=list(self._query(operation, sent["query"])),
            headers=headers,
            **({} if call.body is None else {"json": sent["body"]}),
            **({} if call.content is None else {"content": call.content}),
        )
        assert answer.status_code == call.status, (call, answer.status_code, answer.text[:500])
        self.note(call.operation, told(call.name, call.summary, sent, answer, call.first))
        self.answered[call.name] = self.made[call.operation][-1]["response"]["body"]

    def _operation(self, wanted: str) -> tuple[str, str, dict[str, Any]]:
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                if operation["operationId"] == wanted:
                    return path, method.upper(), operation
        raise LookupError(wanted)

    @staticmethod
    def _query(operation: dict[str, Any], query: dict[str, Any]) -> Any:
        commas = {p["name"] for p in operation.get("parameters", ()) if p.get("explode") is False}
        for name, value in query.items():
            if isinstance(value, list) and name in commas:
                yield name, ",".join(value)
            else:
                yield from ((name, part) for part in (value if isinstance(value, list) else [value]))

    async def _credentials(self, call: Call) -> dict[str, str]:
        if call.key is None:
            return {}
        if call.key not in self.keys:
            self.keys[call.key] = await a_key(self.world, call.key)
        return {"Authorization": f"Bearer {self.keys[call.key]}"}

    def _resolved(self, value: Any) -> Any:
        """The value with `$name.key` replaced by what the call of that name answered."""
        if isinstance(value, dict):
            return {key: self._resolved(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._resolved(part) for part in value]
        if isinstance(value, str):
            whole = REFERENCE.fullmatch(value)
            return self._found(whole) if whole else REFERENCE.sub(lambda match: str(self._found(match)), value)
        return value

    def _found(self, reference: re.Match[str]) -> Any:
        name, *keys = reference[1].split(".")
        found = self.answered[name]
        for key in keys:
            found = found[int(key)] if isinstance(found, list) else found[key]
        return found


async def _general(world: World, general: General) -> dict[str, Any]:
    if general.broken == "limit":
        await world.client.get("/v1/topics?limit=1")
    elif general.broken == "program":
        world.state.shelf.current = None
    elif general.broken == "database":
        Path(world.settings.database_url.get_secret_value().partition("///")[2]).unlink()
        await world.database.close()
    answer = await world.client.request(
        general.method,
        general.url,
        headers={"X-Request-Id": REQUEST_ID, **general.headers},
        content=general.content,
    )
    assert answer.status_code >= 400, (general, answer.status_code, answer.text[:500])
    return told(general.name, general.summary, {"path": {}, "query": {}, "headers": {}, "body": None}, answer)


def told(name: str, summary: str, sent: dict[str, Any], answer: Any, first: int = 0) -> dict[str, Any]:
    """A call and its answer, as the file keeps them."""
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    is_json = media_type == "application/json" or media_type.endswith("+json")
    body = None if not answer.content else answer.json() if is_json else answer.text
    if first:
        body = begun(body, first)
    response = {"status": answer.status_code, "media_type": media_type, "body": body}
    return {"name": name, "summary": summary, "request": sent, "response": response}


def begun(body: Any, first: int) -> Any:
    """The beginning of a long answer: so many lines, or items of each list."""
    if isinstance(body, str):
        return "".join(body.splitlines(keepends=True)[:first])
    return {name: value[:first] if isinstance(value, list) else value for name, value in body.items()}


def stand_still(text: str) -> str:
    """The text with every random value replaced by one that is the same in every run."""
    for pattern, form in RANDOM.items():
        seen: dict[str, str] = {}
        text = pattern.sub(lambda m, form=form, seen=seen: seen.setdefault(m[0], form.format(len(seen) + 1)), text)
    return text


def written(made: dict[str, list[dict[str, Any]]]) -> str:
    """The file's text: readable, and the same for the same examples."""
    return json.dumps(dict(sorted(made.items())), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the file; again, where an answer shows what an example says (the page of a problem, a link to a search)."""
    for _ in range(3):
        made = written(asyncio.run(make()))
        if made == FILE.read_text(encoding="utf-8"):
            return
        FILE.write_text(made, encoding="utf-8")
        load.cache_clear()
    raise SystemExit("The examples differ with every run: something random is shown.")


if __name__ == "__main__":
    main()
