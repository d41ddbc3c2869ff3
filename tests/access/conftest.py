"""What only the tests of access need."""

import asyncio
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
        mine = asyncio.current_task()

        def note(_connection, _cursor, statement, *_) -> None:
            # The process also looks for new editions now and then.
            if asyncio.current_task() is mine and not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SELECT 1")):
                run.append(statement)

        engines = {database.reader.sync_engine, database.writer.sync_engine}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        yield run
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)

    return listen
