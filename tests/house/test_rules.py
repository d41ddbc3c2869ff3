"""The rules of the house that no linter knows."""

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.core.db import Database
from app.tables import TABLES, metadata
from tests.make import ROOT, anyio_thread, migrate, publish_documents, seed_documents

SOURCES = sorted((ROOT / "app").rglob("*.py"))
CLOCK = ROOT / "app/core/clock.py"
ASKS_THE_TIME = re.compile(
    r"\b(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|monotonic|localtime|gmtime)|func\.now|"
    r"CURRENT_TIMESTAMP)\b"
)


def test_only_the_clock_asks_the_time():
    guilty = [path.name for path in SOURCES if path != CLOCK and ASKS_THE_TIME.search(path.read_text())]
    assert guilty == []


def test_transactions_end_in_one_place():
    guilty = [str(path) for path in SOURCES if ".commit(" in path.read_text()]
    assert guilty == []


LATE = {
    "commands": "they import what they need, so that --help answers at once",
    "files.py": "only who keeps attachments in S3 needs its library",
    "limiter.py": "only replicas count in Redis, and its libraries are heavy",
}


def test_no_import_hides_in_a_function():
    guilty = []
    for path in SOURCES:
        if path.name in LATE or path.parent.name == "commands":
            continue
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                guilty += [
                    f"{path.relative_to(ROOT)}:{inner.lineno}"
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Import | ast.ImportFrom)
                ]
    assert guilty == []


def test_every_module_says_what_lives_in_it():
    silent = [str(path.relative_to(ROOT)) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_packages_hold_a_docstring_and_no_imports():
    guilty = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name == "__init__.py"
        and any(isinstance(n, ast.Import | ast.ImportFrom) for n in ast.parse(path.read_text()).body)
    ]
    assert guilty == []


def test_the_floors_hold():
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_readme_puts_every_package_on_its_floor():
    told = (ROOT / "README.md").read_text(encoding="utf-8").partition("| floor | packages |")[2].partition("\n\n")[0]
    drawn = [set(re.findall(r"`(\w+)`", line)) for line in told.splitlines()[2:]]
    held = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    floors = [set(re.findall(r"\((\w+)\)", layer)) for layer in held[0]["layers"]]
    assert sorted(name for row in drawn for name in row) == sorted(name for floor in floors for name in floor)
    # A row may draw several floors as one, but none above another that it stands on.
    where = {name: place for place, row in enumerate(drawn) for name in row}
    heights = [{where[name] for name in floor} for floor in floors]
    assert all(len(row) == 1 for row in heights)
    assert heights == sorted(heights, key=min)


def test_every_table_is_named():
    assert {table.__tablename__ for table in TABLES} == set(metadata.tables)


def test_migrations_form_one_line():
    config = Config(ROOT / "alembic.ini")
    scripts = ScriptDirectory.from_config(config)
    assert len(scripts.get_heads()) == 1
    for script in scripts.walk_revisions():
        assert "app" not in {
            (node.module or "").split(".")[0]
            for node in ast.walk(ast.parse(Path(script.path).read_text()))
            if isinstance(node, ast.ImportFrom)
        }
        assert script.doc


def test_a_migration_that_was_committed_is_never_changed():
    """A database that has gone through one never goes through it again. When this fails: put it back, and write a new
    one. When a new one is to be recorded: `sha256sum 2*.py > ../../tests/house/migrations.txt` where they stand.
    """
    recorded = dict(reversed(line.split()) for line in (ROOT / "tests/house/migrations.txt").read_text().splitlines())
    files = (ROOT / "migrations/versions").glob("2*.py")
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files} == recorded


async def test_models_and_migrations_agree(bare_url):
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = bare_url
    await anyio_thread(command.check, config)


async def test_migrations_go_up_down_and_up_with_data_in_place(bare_url):
    """Content written at the head survives the newest migration's way down and up again."""
    database = Database(bare_url, 2)
    await publish_documents(database, seed_documents())
    await database.close()
    await anyio_thread(lambda: migrate(bare_url, "0002", down=True))
    await anyio_thread(migrate, bare_url)
    database = Database(bare_url, 2)
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM published")) == len(seed_documents())
    await database.close()
    await anyio_thread(lambda: migrate(bare_url, "base", down=True))
    await anyio_thread(migrate, bare_url)


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "NotImplementedError"])
def test_nothing_is_left_undone(word):
    guilty = [str(path.relative_to(ROOT)) for path in SOURCES if word in path.read_text()]
    assert guilty == []
