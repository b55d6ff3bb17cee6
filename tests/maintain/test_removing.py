"""Taking recordings out and following folders that moved."""

import pytest

from tonotopy import catalog
from tonotopy.errors import LibraryError, NotInLibrary, QueryError
from tonotopy.ingest import add
from tonotopy.maintain import describe, relocate, remove
from tonotopy.retrieve import search


def test_a_folder_is_taken_out_with_its_windows_and_the_files_stay(heard, tones):
    removed = remove(heard, [tones / "low"])
    assert (removed.recordings, removed.windows) == (2, 4)
    assert len(list((tones / "low").iterdir())) == 2
    assert describe(heard).n_recordings == 4
    assert search(heard, "low").hits == []


def test_a_filter_chooses_what_is_taken_out(heard):
    assert remove(heard, where="label = 'high' and take = 1").recordings == 1
    assert dict(describe(heard).labels) == {"low": 2, "middle": 2, "high": 1}


def test_paths_and_filter_must_both_hold(heard, tones):
    with pytest.raises(NotInLibrary):
        remove(heard, [tones / "low"], where="label = 'high'")


def test_a_space_is_taken_out_and_the_oldest_left_is_the_default(heard, tones):
    add(heard, tones, embedder="stft", jobs=1)
    remove(heard, space="mfcc")
    (space,) = describe(heard).spaces
    assert (space.name, space.is_default, space.n_recordings) == ("stft", True, 6)


def test_nothing_named_is_nothing_removed(heard):
    with pytest.raises(QueryError, match="nothing to remove"):
        remove(heard)
    with pytest.raises(QueryError, match="alone"):
        remove(heard, space="mfcc", where="unlabelled")
    with pytest.raises(NotInLibrary, match="nothing"):
        remove(heard, ["/nowhere"])


def test_a_folder_that_moved_is_followed_without_hearing_it_again(heard, tones, tmp_path):
    with heard.read() as connection:
        before = catalog.window_ids(connection, catalog.find_space(connection)).tolist()
    there = tones.rename(tmp_path / "drive")
    assert relocate(heard, tones, there) == 6
    with heard.read() as connection:
        paths = {each.path for each in catalog.all_known(connection)}
        after = catalog.window_ids(connection, catalog.find_space(connection)).tolist()
        roots = [path for _, path in catalog.list_roots(connection)]
    assert paths == {str(path) for path in there.rglob("*.wav")}
    assert (after, roots) == (before, [str(there)])
    assert add(heard, there, jobs=1).unchanged == 6


def test_a_folder_inside_a_root_is_followed_too(heard, tones, tmp_path):
    there = (tones / "low").rename(tmp_path / "elsewhere")
    assert relocate(heard, tones / "low", there) == 2
    with heard.read() as connection:
        paths = [each.path for each in catalog.all_known(connection)]
    assert sum(path.startswith(str(there)) for path in paths) == 2
    assert sum(path.startswith(str(tones)) for path in paths) == 4


def test_a_folder_without_the_files_is_refused(heard, tones, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(LibraryError, match="none of the 6 recordings"):
        relocate(heard, tones, tmp_path / "empty")
    with pytest.raises(LibraryError, match="no folder"):
        relocate(heard, tones, tmp_path / "nowhere")
    with pytest.raises(NotInLibrary, match="knows no recording below"):
        relocate(heard, tmp_path / "empty", tones)
