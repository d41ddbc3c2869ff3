"""Writes the description that is served, and what clients may rely on: `python -m tests.docs.description`."""

import tempfile
from pathlib import Path
from typing import Any

from app.docs.served import FILE, write
from app.main import create_app
from tests.docs.surface import record
from tests.make import settings_for


def made() -> dict[str, Any]:
    """The description of the program as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        door = create_app(settings_for(f"sqlite:///{Path(folder)}/never-opened.sqlite3"))
        return door.app.openapi()


if __name__ == "__main__":
    document = made()
    FILE.write_text(write(document), encoding="utf-8")
    record(document)
