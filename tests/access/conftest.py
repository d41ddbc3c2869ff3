"""What only the tests of access need."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import event


@pytest.fixture
def statements() -> Callable[..., AbstractContextManager[list[str]]]:
    """The statements that a block sends to a database, transactions' own apart."""

    @contextmanager
    def listen(database) -> Iterator[list[str]]:
        run: list[str] = []

        def note(_connection, _cursor, statement, *_) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SELECT 1")):
                run.append(statement)

        engines = {database.reader.sync_engine, database.writer.sync_engine}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        yield run
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)

    return listen
