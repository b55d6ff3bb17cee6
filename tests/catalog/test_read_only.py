"""A library that may be read and not written."""

import json

import pytest

from tonotopy import catalog

READ = """
import json, sys
from tonotopy import catalog
from tonotopy.retrieve import StoredRecording, search
with catalog.open_catalog(sys.argv[1]) as library:
    with library.read() as connection:
        ids = catalog.recording_ids(connection)
        paths = [each.path for each in catalog.get_recordings(connection, ids).values()]
    alike = search(library, StoredRecording(1), k=5, where="duration_s > 1")
    words = search(library, "door")
    found = [[hit.recording_id for hit in results.hits] for results in (alike, words)]
    try:
        library.create()
    except catalog.library.LibraryError as error:
        refusal = str(error)
print(json.dumps([library.read_only, paths, found, refusal]))
"""


@pytest.fixture
def shut(library, put_space, put):
    """A library with two recordings, closed, in a folder and a file that may only be read."""
    with library.write() as connection:
        space = put_space(connection)
        put(connection, "/sounds/door.wav", space)
        put(connection, "/sounds/gong.wav", space)
    library.close()
    folder = library.path.parent
    library.path.chmod(0o444)
    folder.chmod(0o555)
    yield library.path
    folder.chmod(0o755)
    library.path.chmod(0o644)


def test_a_read_only_library_is_read_and_says_why_it_is_not_written(shut, unprivileged):
    read_only, paths, found, refusal = json.loads(unprivileged(READ, shut))
    assert read_only
    assert paths == ["/sounds/door.wav", "/sounds/gong.wav"]
    assert found == [[2], [1]]
    assert f"{shut} cannot be written; check the permissions" in refusal
    assert [each.name for each in shut.parent.iterdir()] == [shut.name]


def test_a_file_in_a_folder_that_cannot_be_written_is_read_only(shut, unprivileged):
    shut.chmod(0o644)
    assert json.loads(unprivileged(READ, shut))[0]


def test_a_file_that_cannot_be_written_is_read_only_in_any_folder(shut, unprivileged):
    shut.parent.chmod(0o755)
    assert json.loads(unprivileged(READ, shut))[0]


def test_what_somebody_else_is_still_writing_is_read(shut, unprivileged, put):
    """Its latest transactions are in a -wal file beside the library, not in the library."""
    shut.chmod(0o644)
    shut.parent.chmod(0o755)
    with catalog.open_catalog(shut) as owner:
        with owner.write() as connection:
            put(connection, "/sounds/bell.wav")
        assert (shut.parent / f"{shut.name}-wal").stat().st_size > 0
        for each in shut.parent.iterdir():
            each.chmod(0o444)
        shut.parent.chmod(0o555)
        read_only, paths, _, _ = json.loads(unprivileged(READ, shut))
        assert read_only
        assert paths == ["/sounds/door.wav", "/sounds/gong.wav", "/sounds/bell.wav"]
        shut.parent.chmod(0o755)
