"""What an operator is told when the database does not do what a command wants: one sentence, never a password.

Failure cases first: it has no tables yet, it has those of another version, it is out of reach. Anything else is a
fault of the program, of which a sentence would say too little.
"""

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

NO_TABLE, NO_COLUMN = "42P01", "42703"
AWAY = ("08", "28", "3D", "53", "57", "58")
"""Classes of SQLSTATE for which the operator can do something: no connection, a wrong password, no such database, no
room, it starts or stops, the system below it fails."""


def place(url: str) -> str:
    """Where a database is: the whole path of a file, or the server and the name."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(Path(parsed.database).absolute()) if parsed.database else "memory"
    return f"{parsed.host or 'localhost'}:{parsed.port or 5432}/{parsed.database or ''}"


def missing(url: str) -> str | None:
    """Where a file should be and is not; asked first, for SQLite would make an empty one."""
    parsed = make_url(url)
    named = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    if not named or Path(str(parsed.database)).exists():
        return None
    relative = "" if Path(str(parsed.database)).is_absolute() else "; its path begins in the folder you are in"
    return f"There is no database at {place(url)}: run `pmhc migrate`, or set APP_DATABASE_URL{relative}."


def sentence(error: BaseException, url: str) -> str | None:
    """What to tell of a failure, and what to do; None where it is none of the operator's."""
    cause = getattr(error, "orig", None) or error
    state = str(getattr(cause, "sqlstate", None) or "")
    from_driver = isinstance(error, DBAPIError) or type(error).__module__.startswith("asyncpg")
    if from_driver and (state == NO_TABLE or "no such table" in str(cause)):
        return f"The database has no tables yet: run `pmhc migrate`. (It is {place(url)}.)"
    if from_driver and (state == NO_COLUMN or "no such column" in str(cause)):
        return f"The database has the tables of another version: run `pmhc migrate`. (It is {place(url)}.)"
    known = isinstance(error, OperationalError | InterfaceError | PoolTimeout | OSError)
    if known or (from_driver and (state.startswith(AWAY) or "not a database" in str(cause))):
        return f"The database is out of reach: {out_of_reach(error, url)}."
    return None


def out_of_reach(error: BaseException, url: str) -> str:
    """Why, where it was looked for, and what to check."""
    cause = getattr(error, "orig", None) or error
    if not url.startswith("sqlite"):
        # The type only: the text of a driver's error may hold what was sent.
        name = type(cause.__cause__ or cause).__name__
        return f"{place(url)} ({name}); check APP_DATABASE_URL and that it runs"
    words = "" if isinstance(cause, OSError) else f": {cause}"
    return f"{place(url)} ({type(cause).__name__}{words}); check APP_DATABASE_URL"
