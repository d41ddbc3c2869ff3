"""The description, without a server: it is the same on every database."""

import copy
from typing import Any

import pytest

from app.main import create_app
from tests.make import settings_for


@pytest.fixture(scope="session")
def made_document(tmp_path_factory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("document") / "never-opened.sqlite3"
    return create_app(settings_for(f"sqlite:///{file}")).app.openapi()


@pytest.fixture
def document(made_document) -> dict[str, Any]:
    return copy.deepcopy(made_document)
