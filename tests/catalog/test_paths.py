"""Paths survive as text, whatever bytes a name holds."""

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tonotopy import catalog
from tonotopy.catalog import escape, unescape

names = st.binary(min_size=1).filter(lambda name: b"\0" not in name) | st.text(
    "%25aAfF é/\n🎵\\", min_size=1
).map(str.encode)


@given(names)
@example(b"%")
@example(b"%%41")
@example(b"%E9 \xe9")
@example(b"%2\xff5")
@example(b"\xed\xb2\x80")  # a surrogate, as UTF-8 would spell it
def test_every_name_comes_back_and_can_be_stored(name):
    path = os.fsdecode(name)
    text = escape(path)
    text.encode()  # raises where a surrogate is left
    assert unescape(text) == path


@given(names, names)
def test_different_names_are_different_texts(first, second):
    texts = escape(os.fsdecode(first)), escape(os.fsdecode(second))
    assert (texts[0] == texts[1]) == (first == second)


@given(names, names)
def test_a_folder_is_the_beginning_of_what_lies_in_it(folder, name):
    """So that what lies in a folder is a range of the stored paths."""
    folder, name = os.fsdecode(folder), os.fsdecode(name)
    assert escape(f"{folder}/{name}") == f"{escape(folder)}/{escape(name)}"


@given(st.text(st.characters(codec="utf-8", exclude_characters="%\0")))
def test_ordinary_names_are_kept_as_they_are(name):
    assert escape(name) == name


@pytest.fixture
def stored(library, put):
    """Recordings at paths that are easily mistaken for one another."""
    paths = [
        "/a/drums/kick.wav",
        "/a/drums/deep/kick.wav",
        "/a/drums",
        "/a/drums0",
        "/a/drums 2/kick.wav",
        "/a/drums.wav",
        "/a/caf\udce9/x.wav",
        "/a/caf%E9/x.wav",
        "/b/x.wav",
    ]
    with library.write() as connection:
        catalog.root_for(connection, "/a/drums/deep")  # an older root inside of a newer one
        put(connection, "/a/drums/deep/kick.wav")
        catalog.root_for(connection, "/a")
        for path in paths:
            if path != "/a/drums/deep/kick.wav":
                put(connection, path)
    return library, paths


@pytest.mark.parametrize(
    "folder",
    [
        "/",
        "/a",
        "/a/drums",
        "/a/drums/deep",
        "/a/drum",
        "/a/drums.wav",
        "/a/caf\udce9",
        "/a/caf%E9",
    ],
)
def test_what_lies_below_a_folder_is_found_and_nothing_else(stored, folder):
    library, paths = stored
    below = {path for path in paths if path == folder or path.startswith(folder.rstrip("/") + "/")}
    with library.read() as connection:
        known = catalog.known_below(connection, folder)
    assert set(known) == below
    assert all(each.path == path for path, each in known.items())


def test_a_recording_is_found_by_its_path_and_by_no_other(stored):
    library, paths = stored
    with library.read() as connection:
        for path in paths:
            found = catalog.find_by_path(connection, path)
            assert found is not None
            assert found.path == path
        for path in ("/a", "/", "/a/drum", "/a/drums/kick", "/a/caf\ufffd/x.wav", "/c/x.wav"):
            assert catalog.find_by_path(connection, path) is None


def test_the_paths_that_are_shown_lead_back_to_the_files(stored):
    library, paths = stored
    with library.read() as connection:
        shown = catalog.get_recordings(connection, catalog.recording_ids(connection)).values()
        assert {each.file for each in shown} == set(paths)
        assert all(each.path.isprintable() for each in shown)


def test_a_folder_below_a_root_is_no_root_of_its_own(library):
    with library.write() as connection:
        first = catalog.root_for(connection, "/a")
        assert catalog.root_for(connection, "/a/b") == first
        assert catalog.root_for(connection, "/a") == first
        assert catalog.root_for(connection, "/ab") != first
        assert catalog.root_for(connection, "/")[1] == "/"
        assert catalog.root_for(connection, "/c")[1] == "/"


def test_recordings_below_the_root_of_all_are_found(library, put):
    with library.write() as connection:
        catalog.root_for(connection, "/")
        put(connection, "/x.wav")
        put(connection, "/a/y.wav")
    with library.read() as connection:
        assert set(catalog.known_below(connection, "/a")) == {"/a/y.wav"}
        assert set(catalog.known_below(connection, "/")) == {"/x.wav", "/a/y.wav"}
        assert catalog.find_by_path(connection, "/x.wav").path == "/x.wav"
        shown = catalog.get_recordings(connection, [1, 2])
    assert [each.path for each in shown.values()] == ["/x.wav", "/a/y.wav"]
