"""Opening a library: one SQLite file, its connections and its schema."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Self, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool, QueuePool

from tonotopy.catalog.functions import FUNCTIONS
from tonotopy.errors import LibraryError

__all__ = ["SCHEMA", "Catalog", "open_catalog"]

SCHEMA = "0004"  # the newest migration that this version knows
OLDER = (
    "0001",
    "0002",
    "0003",
)  # those that it reads as they are, until a write brings them up to date
BUSY_S = 30
T = TypeVar("T")


class Catalog:
    """An open library: recordings, windows, labels and spaces in one SQLite file.

    Open one with `open_catalog`; close it or use it as a context manager. Any number of threads
    and processes may read one file while one of them writes.

    Attributes
    ----------
    path : Path
        The library's file.
    read_only : bool
        Whether the file or its folder cannot be written.
    """

    def __init__(self, path: Path, engine: Engine, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._kept: dict[str, tuple[object, Any]] = {}
        self._making: dict[str, Lock] = {}
        self._engine = engine
        self._lock = Lock()
        self._readable = False  # the tables are there, perhaps those of an older schema
        self._current = False  # they are those of the newest schema

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Catalog({str(self.path)!r})"

    def close(self) -> None:
        """Close every connection and forget what was kept."""
        self.forget()
        self._engine.dispose()

    def kept(self, key: str, version: object, make: Callable[[T | None], T]) -> T:
        """Keep what a verb has made of the library, such as a loaded index, while it is open.

        Parameters
        ----------
        key : str
            What it is.
        version : object
            What it was made of; with another version it is made again. Once at a time, however
            many threads ask.
        make : callable
            Makes it, from what was kept of the same key before, or None.
        """
        with self._making.setdefault(key, Lock()):
            known, value = self._kept.get(key, (None, None))
            if known != version or value is None:
                value = make(value)
                self._kept[key] = (version, value)
            made: T = value
            return made

    def forget(self) -> None:
        """Drop what was kept; it is made again when it is needed."""
        self._kept.clear()

    def is_new(self) -> bool:
        """Tell whether the library has no tables yet."""
        if self._readable:
            return False
        if not self.path.exists():
            return True
        with self._translated(), self._engine.connect() as connection:
            return schema_of(connection, self.path) is None

    def create(self) -> None:
        """Create the tables of a new library, or bring those of an older version up to date.

        Raises
        ------
        LibraryError
            If it cannot be written, or is not a library that this version knows.
        """
        if self.read_only:
            raise LibraryError(
                f"the library {self.path} cannot be written; check the permissions of the file and "
                "its folder, or copy it to a folder of yours"
            )
        with self._lock, self._translated():
            if self._current:
                return
            with self._engine.connect() as connection:
                found = schema_of(connection, self.path)
            if found is None:
                self._keep_a_log()
            else:
                self._refuse_unknown(found)
            if found != SCHEMA:
                self._migrate()
            self._readable = self._current = True

    def _keep_a_log(self) -> None:
        """Let readers and a writer work side by side: outside of a transaction, once for a file."""
        raw = self._engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode = WAL")
        finally:
            raw.close()

    def _migrate(self) -> None:
        with (
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            if schema_of(connection, self.path) != SCHEMA:  # nobody else was faster
                migrate(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read from one snapshot of the library; never blocks a writer, and never writes.

        A library of an older version is read as it is: what came later is not in it.

        Raises
        ------
        LibraryError
            If the library is empty, was made by a newer version, or is damaged.
        """
        if not self._readable and not self.path.exists():
            raise LibraryError(self._empty())
        with self._translated(), self._engine.connect() as connection:
            if not self._readable:
                self._refuse_unknown(schema_of(connection, self.path))
                self._readable = True
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Write in one transaction: all of it lands or nothing does.

        Raises
        ------
        LibraryError
            If the library cannot be written: read-only, locked for 30 s, disk full.
        """
        self.create()
        with (
            self._translated(),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def _refuse_unknown(self, found: str | None) -> None:
        if found is None:
            raise LibraryError(self._empty())
        if found != SCHEMA and found not in OLDER:
            raise LibraryError(
                f"the library {self.path} has schema {found}, which this version does not know "
                f"(it knows {SCHEMA}); a newer tonotopy made it: pip install --upgrade tonotopy"
            )

    def _empty(self) -> str:
        return f"{self.path} is empty; fill it with: tonotopy -L {self.path} add PATH..."

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what SQLite says of the file or the disk into words a user can act on."""
        try:
            yield
        except DatabaseError as error:
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


def schema_of(connection: Connection, path: Path) -> str | None:
    """Tell which schema a file has; None if it has no tables at all."""
    names = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
    if not names:
        return None
    if not {"alembic_version", "recordings", "windows"} <= names:
        raise LibraryError(
            f"{path} is an SQLite file of another program; name another file with -L"
        )
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


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
    file = Path(os.path.abspath(os.path.expanduser(path)))
    if file.is_dir():
        raise LibraryError(f"{file} is a folder; a library is a file, such as {file / 'sounds.db'}")
    if not file.parent.is_dir():
        raise LibraryError(
            f"the folder {file.parent} does not exist; create it, or name another library"
        )
    exists = os.path.exists(file)
    if not exists and not create:
        raise LibraryError(
            f"there is no library at {file}; make one with: tonotopy -L {file} add PATH..."
        )
    touched = [file, file.parent] if exists else [file.parent]
    read_only = not all(os.access(each, os.W_OK) for each in touched)
    return Catalog(file, make_engine(file, read_only=read_only), read_only=read_only)


def make_engine(file: Path, *, read_only: bool) -> Engine:
    """Build the connections' factory with SQLite's settings on every connection."""
    pool: dict[str, Any] = (
        {"poolclass": NullPool}  # a fresh look at the file each time, see `connect`
        if read_only
        else {"poolclass": QueuePool, "max_overflow": -1}  # a connection a thread, none waits
    )
    engine = create_engine(
        "sqlite+pysqlite://", creator=lambda: connect(file, read_only=read_only), **pool
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def connect(file: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open one connection.

    A read-only folder cannot take the ``-wal`` and ``-shm`` that SQLite wants beside the file. As
    long as nobody writes there are none, and the file is read as one that does not change; while
    somebody else writes they are there, and hold the latest changes.
    """
    mode = "mode=rwc"
    if read_only:
        somebody_writes = os.path.exists(f"{os.fspath(file)}-wal")
        mode = "mode=ro" if somebody_writes else "mode=ro&immutable=1"
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(file))}?{mode}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,  # SQLAlchemy's begin event starts the transactions
        check_same_thread=False,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    for name, function in FUNCTIONS.items():
        connection.create_function(name, 1, function, deterministic=True)
    return connection
