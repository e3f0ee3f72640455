"""The connection to nbgrader's gradebook, and one sentence for each way in which it refuses.

SQLite and PostgreSQL: nbgrader speaks to both through SQLAlchemy, and so does this package.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy
from nbgrader.api import Gradebook
from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from autograder.course_folder import CourseError

#: How long a writer waits for another one, such as a click in formgrader, before it gives up.
WAIT_SECONDS = 30

#: What a database says when it refuses -> what a person does about it. The first match counts.
REFUSALS = {
    "database is locked": "another program keeps it locked. Close formgrader and other graders",
    "lock timeout": "another program keeps it locked. Close formgrader and other graders",
    "readonly database": "it is read-only. Give yourself the right to write it, and its folder",
    "read-only transaction": "it is read-only. Connect as a user who may write",
    "permission denied": "its user may not write it. Connect as a user who may",
    "database or disk is full": "its disk is full. Free some space",
    "no space left": "its disk is full. Free some space",
    "disk i/o error": "its disk refuses. Is it full, or a network drive that went away?",
    "malformed": "its file is damaged. Put a backup in its place",
    "not a database": "that file is no database. Check the address",
    "unable to open": "its file cannot be opened. Check the address and your rights",
    "could not translate host": "its server is not known. Check the address",
    "connection": "its server does not answer. Start it, or check the address",
    "no such table": "it is not nbgrader's. Check the address, or run `nbgrader db upgrade`",
    "no such column": "an older nbgrader made it. Run `nbgrader db upgrade` after a backup",
}


class GradebookError(CourseError):
    """The gradebook cannot be read or written; one sentence with what to do. Stops a batch."""


def connect(db_url: str) -> Engine:
    """An engine for nbgrader's gradebook; its tables are made where they are missing.

    Raises GradebookError.
    """
    with refusals(db_url):
        with Gradebook(db_url):  # makes the tables and the row of the course
            pass
        engine = sqlalchemy.create_engine(db_url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _patient_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _patient_postgres)
    return engine


@contextlib.contextmanager
def refusals(db_url: str) -> Iterator[None]:
    """Turn what the database says in here into one sentence, without SQL and without its data."""
    try:
        yield
    except (NoSuchModuleError, ModuleNotFoundError) as fault:
        raise GradebookError(
            f"The driver for the gradebook {_shown(db_url)} is not installed ({_name(fault)}). "
            "For PostgreSQL: pip install 'quantlab[postgres]'."
        ) from None
    except ArgumentError:
        raise GradebookError(
            "The gradebook's address is none; expected is sqlite:///FILE or "
            "postgresql://USER@HOST/NAME."
        ) from None
    except (SQLAlchemyError, OSError) as fault:
        raise GradebookError(
            f"The gradebook {_shown(db_url)} cannot be used: {_why(fault)}. What was stored "
            "before stays; run the same command again afterwards."
        ) from None


def _why(fault: Exception) -> str:
    said = str(fault.orig if isinstance(fault, DBAPIError) else fault).lower()
    for words, sentence in REFUSALS.items():
        if words in said:
            return sentence
    return f"it stopped with {_name(fault)}. Look into the database's own log"


def _name(fault: Exception) -> str:
    return type(fault.orig if isinstance(fault, DBAPIError) else fault).__name__


def _shown(db_url: str) -> str:
    """The address without its password."""
    try:
        return make_url(db_url).render_as_string(hide_password=True)
    except ArgumentError:
        return "at this address"


def _patient_sqlite(connection, _record) -> None:  # type: ignore[no-untyped-def]
    connection.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")


def _patient_postgres(connection, _record) -> None:  # type: ignore[no-untyped-def]
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{WAIT_SECONDS}s'")
    connection.commit()
