"""The stranger's first calls: taken from the page as they stand, and run against a real server."""

import asyncio
import os
import re
import shutil
import sys

import pytest

from tests.ops.make import server

FENCE = re.compile(r"^```(\w+)\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
COMMANDS = {"bash": ["bash", "-euo", "pipefail"], "python": [sys.executable]}


async def calls_on_the_page(client) -> dict[str, str]:
    document = (await client.get("/openapi.json", timeout=90)).json()
    first = document["info"]["description"].partition("## From nothing")[2].partition("\n## ")[0]
    return dict(FENCE.findall(first))


async def test_a_stranger_comes_from_nothing_to_a_verified_webhook(database_url, tmp_path):
    async with server(database_url) as (client, _, _lines):
        calls = await calls_on_the_page(client)
        assert list(calls) == ["bash", "python", "typescript"]
        for language, command in COMMANDS.items():
            if any(shutil.which(tool) is None for tool in ("bash", "curl", "jq", "openssl")) and language == "bash":
                continue
            file = tmp_path / f"calls.{language}"
            file.write_text(calls[language], encoding="utf-8")
            process = await asyncio.create_subprocess_exec(
                *command, str(file), env={**os.environ, "BASE_URL": str(client.base_url).rstrip("/")},
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await asyncio.wait_for(process.communicate(), 60)
            assert process.returncode == 0, (language, err.decode(), out.decode())
            last = out.decode().splitlines()[-1]
            assert "tta.promise_breached" in last, language
            assert "CASE-1" in last, language


@pytest.mark.parametrize("language", ["bash", "python", "typescript"])
async def test_they_are_fewer_than_ten_calls(reader, language):
    text = (await calls_on_the_page(reader))[language]
    steps = re.findall(r"^(?:#|//) (\d+)\. ", text, re.MULTILINE)
    assert steps == ["1", "2", "3", "4", "5"]
