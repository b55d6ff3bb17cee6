"""Opening a library: one SQLite file, its connections and its schema."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from tonotopy.errors import LibraryError

__all__ = ["SCHEMA", "Catalog", "open_catalog"]

SCHEMA = "0001"  # the newest migration that this version knows
OLDER_SCHEMAS: frozenset[str] = frozenset()
BUSY_S = 30


class Catalog:
    """An open library: recordings, windows, labels and spaces in one SQLite file.

    Open one with `open_catalog`; close it or use it as a context manager. Any number of threads
    and processes may read one file while one of them writes.

    Attributes
    ----------
    path : Path
        The library's file.
    cache : dict
        What a verb wants to keep in memory as long as the library is open, such as a loaded index.
    """

    def __init__(self, path: Path, engine: Engine, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self.cache: dict[str, Any] = {}
        self._engine = engine
        self._lock = Lock()
        self._schema_checked = False

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Catalog({str(self.path)!r})"

    def close(self) -> None:
        """Close every connection and drop what was cached."""
        self.cache.clear()
        self._engine.dispose()

    def create(self) -> None:
        """Create the tables of a new library; an existing one is left as it is."""
        with self.write():
            pass

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read from one snapshot of the library; never blocks a writer.

        Raises
        ------
        LibraryError
            If the library was made by another version of the schema, or is damaged.
        """
        with self._translated(), self._engine.connect() as connection:
            self._check_schema(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Write in one transaction: all of it lands or nothing does.

        Raises
        ------
        LibraryError
            If the library cannot be written: read-only, locked for 30 s, disk full.
        """
        if self.read_only:
            raise LibraryError(
                f"the library {self.path} cannot be written; check its permissions, "
                "or copy it to a folder of yours"
            )
        with (
            self._translated(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            self._check_schema(connection)
            yield connection

    def _check_schema(self, connection: Connection) -> None:
        """Create the tables in a new file (when writing); refuse a schema we do not know."""
        with self._lock:
            if self._schema_checked:
                return
            found = schema_of(connection)
            if found is None and connection.get_execution_options().get("writes"):
                migrate(connection)
            elif found != SCHEMA:
                raise LibraryError(self._schema_problem(found))
            self._schema_checked = True

    def _schema_problem(self, found: str | None) -> str:
        if found is None:
            return f"{self.path} is empty; fill it with: tonotopy -L {self.path} add PATH..."
        return (
            f"the library {self.path} has schema {found}, which this version does not know "
            f"(it knows {SCHEMA}); a newer tonotopy made it: pip install --upgrade tonotopy"
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what SQLite says of the file or the disk into words a user can act on."""
        try:
            yield
        except (OperationalError, DatabaseError) as error:
            advice = advice_for(str(error.orig), self.path)
            if advice is None:
                raise
            raise LibraryError(advice) from error


def advice_for(message: str, path: Path) -> str | None:
    """Say what to do about a message of SQLite's; None if it is a bug of ours."""
    known = {
        "database or disk is full": "is full: free some space and run the command again; "
        "what was added so far is safe",
        "disk I/O error": "could not be written or read (disk I/O error): check free space and "
        "the disk, and run the command again; what was added so far is safe",
        "attempt to write a readonly database": "cannot be written; check its permissions, "
        "or copy it to a folder of yours",
        "database is locked": f"was busy for {BUSY_S} s: another program is writing to it; "
        "wait for it to finish",
        "file is not a database": "is not a tonotopy library (not an SQLite file); "
        "name another file with -L",
        "malformed": "is damaged (SQLite: database disk image is malformed); restore a copy, or "
        "delete it and add the recordings again",
        "unable to open database file": "cannot be opened; check that its folder exists and may "
        "be written",
    }
    for phrase, advice in known.items():
        if phrase in message:
            return f"the library {path} {advice}"
    return None


def schema_of(connection: Connection) -> str | None:
    """Tell which schema a file has; None if it has no tables at all."""
    names = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
    if "alembic_version" not in names:
        if names:
            raise LibraryError(
                "this SQLite file belongs to another program; name another file with -L"
            )
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def migrate(connection: Connection) -> None:
    """Bring the tables to the newest schema."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, SCHEMA)


def open_catalog(path: str | os.PathLike[str], *, create: bool = True) -> Catalog:
    """Open a library, or prepare a new one that its first write creates.

    Parameters
    ----------
    path : path-like
        The library's file, e.g. ``"sounds.db"``.
    create : bool, default True
        Whether a file that does not exist is a new library rather than an error.

    Returns
    -------
    Catalog
        The open library; read-only where the file or its folder cannot be written.

    Raises
    ------
    LibraryError
        If `path` is a folder, a URL, in a folder that does not exist, or not a library.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with open_catalog(folder.name + "/sounds.db") as catalog:
    ...     catalog.read_only
    False
    """
    if "://" in os.fspath(path):
        raise LibraryError(
            f"{path} is a URL; this version keeps libraries in files: give a path such as sounds.db"
        )
    file = Path(path).expanduser().absolute()
    if file.is_dir():
        raise LibraryError(f"{file} is a folder; a library is a file, such as {file / 'sounds.db'}")
    if not file.exists() and (not create or not file.parent.is_dir()):
        raise LibraryError(
            f"there is no library at {file}; make one with: tonotopy -L {file} add PATH..."
            if file.parent.is_dir()
            else f"the folder {file.parent} does not exist; create it, or name another library"
        )
    read_only = not os.access(file if file.exists() else file.parent, os.W_OK) or not os.access(
        file.parent, os.W_OK
    )
    return Catalog(file, make_engine(file, read_only=read_only), read_only=read_only)


def make_engine(file: Path, *, read_only: bool) -> Engine:
    """Build the connections' factory with SQLite's settings on every connection."""
    name = quote(os.fsencode(file))
    # An immutable file needs no -wal or -shm beside it, which a read-only folder could not hold.
    mode = "mode=ro&immutable=1" if read_only else "mode=rwc"
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: sqlite3.connect(
            f"file:{name}?{mode}",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,  # SQLAlchemy's begin event below starts the transactions
            check_same_thread=False,
        ),
        poolclass=None,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
