"""Opening a library, and what is said of files that are none or cannot be used."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tonotopy import catalog
from tonotopy.catalog import open_catalog
from tonotopy.errors import LibraryError


def foreign(path: Path, *tables: str) -> bytes:
    """Write an SQLite file of another program; give back its bytes."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in tables:
            connection.execute(f"CREATE TABLE {table} (version_num)")
            connection.execute(f"INSERT INTO {table} VALUES ('abc')")
    return path.read_bytes()


def use(path: Path, *, write: bool) -> None:
    with (
        open_catalog(path) as opened,
        opened.write() if write else opened.read() as connection,
    ):
        catalog.list_spaces(connection)


@pytest.mark.parametrize("write", [False, True], ids=["reading", "writing"])
@pytest.mark.parametrize("tables", [("notes",), ("alembic_version", "notes")], ids=len)
def test_an_sqlite_file_of_another_program_is_refused_and_left_as_it_is(tmp_path, tables, write):
    path = tmp_path / "notes.db"
    before = foreign(path, *tables)
    with pytest.raises(LibraryError, match=r"notes\.db is an SQLite file of another program"):
        use(path, write=write)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["notes.db"]


@pytest.mark.parametrize("write", [False, True], ids=["reading", "writing"])
def test_a_library_of_a_newer_schema_is_refused_and_left_as_it_is(library, write):
    with library.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    library.close()
    before = library.path.read_bytes()
    with pytest.raises(LibraryError, match=r"has schema 9999.*knows 0004.*pip install --upgrade"):
        use(library.path, write=write)
    assert library.path.read_bytes() == before


@pytest.mark.parametrize("write", [False, True], ids=["reading", "writing"])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path, write):
    path = tmp_path / "song.db"
    path.write_text("These are the words of a song. " * 100)
    before = path.read_bytes()
    with pytest.raises(LibraryError, match=r"song\.db is not a tonotopy library"):
        use(path, write=write)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_library_with_the_first_write(tmp_path):
    path = tmp_path / "new.db"
    path.touch()
    with pytest.raises(LibraryError, match=r"is empty; fill it with: tonotopy -L .* add"):
        use(path, write=False)
    assert path.read_bytes() == b""
    use(path, write=True)
    use(path, write=False)


def test_reading_a_library_that_is_not_there_yet_makes_no_file(tmp_path):
    with pytest.raises(LibraryError, match="is empty"):
        use(tmp_path / "new.db", write=False)
    assert not list(tmp_path.iterdir())


def test_a_library_that_must_exist_and_does_not_is_an_error(tmp_path):
    with pytest.raises(LibraryError, match=r"there is no library at .*new\.db; make one with"):
        open_catalog(tmp_path / "new.db", create=False)


def test_a_folder_is_no_library(tmp_path):
    with pytest.raises(LibraryError, match=r"is a folder; .* such as .*sounds\.db"):
        open_catalog(tmp_path)


@pytest.mark.parametrize("create", [False, True])
def test_a_library_in_a_folder_that_does_not_exist_is_an_error(tmp_path, create):
    with pytest.raises(LibraryError, match=r"the folder .*nowhere does not exist; create it"):
        open_catalog(tmp_path / "nowhere" / "sounds.db", create=create)


def test_a_url_is_no_path(tmp_path):
    with pytest.raises(LibraryError, match=r"postgresql://host/sounds is a URL.*sounds\.db"):
        open_catalog("postgresql://host/sounds")


def test_a_home_of_nobody_is_a_folder_that_does_not_exist():
    with pytest.raises(LibraryError, match="does not exist"):
        open_catalog("~nobody-of-this-name/sounds.db")


@pytest.mark.parametrize("name", ["a b.db", "näh 🎵.db", "a?mode=memory#%41.db", "line\nbreak.db"])
def test_any_name_is_taken_as_it_is(tmp_path, name):
    use(tmp_path / name, write=True)
    assert (tmp_path / name).stat().st_size > 0
    use(tmp_path / name, write=False)


def damage(path: Path, at: int, length: int) -> None:
    content = bytearray(path.read_bytes())
    content[at : at + length] = b"\xa5" * length
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("at", "length"), [(0, 100), (100, 4000), (4096, 200_000)], ids=["header", "schema", "rest"]
)
def test_a_damaged_library_says_so_instead_of_giving_wrong_rows(library, put, at, length):
    with library.write() as connection:
        for number in range(300):
            put(connection, f"/sounds/{number}.wav")
    library.close()
    damage(library.path, at, length)
    with (
        pytest.raises(LibraryError, match=r"library\.db is (damaged|not a tonotopy library)"),
        open_catalog(library.path) as again,
        again.read() as connection,
    ):
        catalog.get_recordings(connection, catalog.recording_ids(connection))


def test_a_library_that_lost_its_end_says_so(library, put):
    with library.write() as connection:
        for number in range(300):
            put(connection, f"/sounds/{number}.wav")
    library.close()
    content = library.path.read_bytes()
    library.path.write_bytes(content[: len(content) // 2])
    with (
        pytest.raises(LibraryError, match=r"library\.db is damaged"),
        open_catalog(library.path) as again,
        again.read() as connection,
    ):
        catalog.get_recordings(connection, catalog.recording_ids(connection))


def test_the_first_transaction_may_fail_without_leaving_a_library_that_cannot_be_used(tmp_path):
    with open_catalog(tmp_path / "new.db") as opened:
        with pytest.raises(RuntimeError), opened.write():
            raise RuntimeError
        with opened.read() as connection:
            assert catalog.list_spaces(connection) == []


def test_a_reader_sees_one_state_while_a_writer_goes_on(library, put):
    with library.read() as reader:
        assert catalog.recording_ids(reader) == []
        with library.write() as writer:
            put(writer, "/sounds/a.wav")
        assert catalog.recording_ids(reader) == []
    with library.read() as reader:
        assert catalog.recording_ids(reader) == [1]


def test_many_threads_read_and_write_one_open_library(library, put):
    """More threads than a pool keeps connections, all at the same moment."""
    n_threads = 24
    together = threading.Barrier(n_threads)
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            together.wait()
            with library.write() as connection:
                put(connection, f"/sounds/{number}.wav")
            with library.read() as connection:
                together.wait()  # everybody holds a connection
                catalog.get_recordings(connection, catalog.recording_ids(connection))
        except BaseException as error:
            problems.append(error)
            together.abort()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with library.read() as connection:
        assert len(catalog.recording_ids(connection)) == n_threads


def test_two_that_create_one_library_at_once_both_succeed(tmp_path):
    path = tmp_path / "new.db"
    together = threading.Barrier(2)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with open_catalog(path) as opened:
                together.wait()
                opened.create()
        except BaseException as error:
            problems.append(error)

    for _ in range(5):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        use(path, write=False)
        path.unlink()


def test_a_library_that_another_writer_holds_says_so(library, put, monkeypatch):
    monkeypatch.setattr(catalog.library, "BUSY_S", 0.05)
    with (
        closing(sqlite3.connect(library.path, isolation_level=None)) as other,
        open_catalog(library.path) as again,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryError, match=r"was busy .* another program is writing to it"):
            again.write().__enter__()


def test_a_full_library_keeps_what_landed_and_goes_on_when_there_is_room(library, put):
    """`PRAGMA max_page_count` is SQLite's own full disk."""

    def limit(connection, n_pages):
        connection.execute(text(f"PRAGMA max_page_count = {n_pages}"))

    with library.read() as connection:
        n_pages = connection.execute(text("PRAGMA page_count")).scalar()

    def fill():
        for number in range(1000):
            with library.write() as connection:
                limit(connection, n_pages + 20)
                put(connection, f"/sounds/{number}.wav", peaks=bytes(3000))

    with pytest.raises(LibraryError, match=r"is full: free some space .* so far is safe"):
        fill()
    with library.read() as connection:
        landed = catalog.recording_ids(connection)
        assert 0 < len(landed) < 100
        assert catalog.damage(connection) == []
    with library.write() as connection:
        limit(connection, 1_000_000)
        put(connection, "/sounds/later.wav", peaks=bytes(3000))
    with library.read() as connection:
        assert len(catalog.recording_ids(connection)) == len(landed) + 1


def test_what_is_kept_is_made_once_for_a_version_however_many_threads_ask(library):
    made: list[str | None] = []
    slow = threading.Event()

    def make(before: str | None) -> str:
        slow.wait(0.05)
        made.append(before)
        return f"value {len(made)}"

    values: list[str] = []
    threads = [
        threading.Thread(target=lambda: values.append(library.kept("index", 1, make)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [None]
    assert values == ["value 1"] * 8
    assert library.kept("index", 2, make) == "value 2"
    assert made == [None, "value 1"]
    assert library.kept("other", 2, make) == "value 3"
    library.forget()
    assert library.kept("index", 2, make) == "value 4"
    assert made[-1] is None
