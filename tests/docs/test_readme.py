"""The README tells the truth: what is made from the program is up to date, and its calls work as they stand."""

import os
import re
import subprocess

import pytest

from app.docs.document import DEVELOPED_AT
from tests.docs.readme import README, with_parts
from tests.make import ROOT, anyio_thread
from tests.ops.make import pmhc, server

TEXT = README.read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_the_parts_made_from_the_program_are_up_to_date():
    assert with_parts(TEXT) == TEXT, "run: python -m tests.docs.readme"


def test_the_two_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    for command in re.findall(r"^make (\w+)$", TEXT, re.MULTILINE) + re.findall(r"`make (\w+)`", TEXT):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command


def test_every_file_it_names_is_there():
    for path in re.findall(r"\]\((\.?[a-z][^):#]*)\)", TEXT) + re.findall(r"`(app/[\w/.]+)`", TEXT):
        assert (ROOT / path).exists(), path


async def test_its_calls_work_as_they_stand(database_url):
    async with server(database_url) as (client, _, _lines):
        calls = "\n".join(blocks("sh")).replace("curl ", "curl -fsS ")
        assert DEVELOPED_AT in calls
        script = "set -eu\n" + calls.replace(DEVELOPED_AT, str(client.base_url))
        environment = {name: value for name, value in os.environ.items() if name != "API"}
        done = await anyio_thread(
            lambda: subprocess.run(
                ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=100, check=False
            )
        )
    assert done.returncode == 0, done.stderr
    for told in ("topic_list", "distance_km", "crisis", "receipt", "tta.promise_breached"):
        assert told in done.stdout


@pytest.mark.parametrize("command", sorted(set(re.findall(r"pmhc (\w+(?: (?:create|preview))?)", TEXT))))
def test_every_command_it_names_exists(command, tmp_path):
    done = pmhc(*command.split(), "--help", url=f"sqlite:///{tmp_path}/none.sqlite3")
    assert done.returncode == 0, done.stderr
