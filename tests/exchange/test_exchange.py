"""Vectors out of a library and into it."""

import csv

import numpy as np
import pyarrow.parquet as pq
import pytest

from tonotopy import catalog
from tonotopy.errors import LibraryError, NotInLibrary
from tonotopy.exchange import export, import_vectors
from tonotopy.maintain import describe
from tonotopy.retrieve import StoredRecording, search


def stored(library, space=None):
    with library.read() as connection:
        return catalog.load_vectors(connection, catalog.find_space(connection, space))


def test_parquet_holds_every_window_with_what_describes_it(heard, tmp_path):
    done = export(heard, tmp_path / "out.parquet", format="parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    vectors = stored(heard)
    assert done.n == table.num_rows == 12
    assert table["window_id"].to_pylist() == vectors.ids.tolist()
    np.testing.assert_allclose(np.stack(table["vector"].to_numpy()), vectors.vectors)
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["start_s"], first["end_s"]) == (0.0, 0.25)
    assert set(first["labels"]) == {first["path"].split("/")[-2]}
    assert table.schema.metadata[b"embedder"] == b"mfcc"


def test_csv_holds_the_same(heard, tmp_path):
    export(heard, tmp_path / "out.csv", format="csv", where="label = 'low'")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert {row["labels"] for row in rows} == {"low"}
    vectors = stored(heard)
    row = np.array([float(rows[0][f"v{number}"]) for number in range(720)])
    at = vectors.ids.tolist().index(int(rows[0]["window_id"]))
    np.testing.assert_allclose(row, vectors.vectors[at], rtol=1e-4, atol=1e-6)


def test_what_was_exported_comes_back_as_a_space(heard, tmp_path):
    export(heard, tmp_path / "out.parquet", format="parquet")
    done = import_vectors(heard, tmp_path / "out.parquet", space="again")
    assert (done.windows, done.recordings) == (12, 6)
    first, again = stored(heard), stored(heard, "again")
    order = np.lexsort((first.ids, first.recording_ids))
    np.testing.assert_array_equal(again.recording_ids, first.recording_ids[order])
    np.testing.assert_allclose(again.vectors, first.vectors[order], atol=1e-3)
    found = [
        [hit.recording_id for hit in search(heard, StoredRecording(1), space=space).hits]
        for space in ("mfcc", "again")
    ]
    assert found[0] == found[1]


def test_an_npz_of_whole_recordings_is_a_space(heard, tmp_path, tones):
    paths = sorted(str(path.relative_to(tmp_path)) for path in tones.rglob("*.wav"))
    vectors = np.eye(6, 4, dtype=np.float64) + 0.1
    np.savez(tmp_path / "mine.npz", X=vectors, path=paths)
    import_vectors(heard, tmp_path / "mine.npz")
    space = next(each for each in describe(heard).spaces if each.name == "mine")
    assert (space.dim, space.n_recordings, space.window_s) == (4, 6, 0.5)
    assert not space.is_default


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.ones((1, 3))}, "lacks path"),
        ({"path": np.array(["a"])}, "lacks vector"),
        ({"X": np.ones((2, 3)), "path": np.array(["a"])}, "one row of the same length"),
        ({"X": np.full((1, 3), np.nan), "path": np.array(["a"])}, "not finite"),
        ({"X": np.full((1, 3), 1e6), "path": np.array(["a"])}, "not finite as float16"),
        ({"X": np.zeros((1, 3)), "path": np.array(["a"])}, "zero"),
        ({"X": np.ones((1, 3)), "path": np.array(["a"]), "start_s": np.array([-1.0])}, "-1"),
        ({"X": np.ones((1, 3)), "path": np.array(["a"]), "start_s": np.array([99.0])}, "after the"),
    ],
)
def test_vectors_that_make_no_sense_are_refused(heard, tmp_path, tones, arrays, message):
    if "path" in arrays:
        arrays = {**arrays, "path": np.array([str(tones / "low" / "low_anna_0.wav")])}
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(LibraryError, match=message):
        import_vectors(heard, tmp_path / "bad.npz")
    assert [space.name for space in describe(heard).spaces] == ["mfcc"]


def test_paths_that_the_library_does_not_know_are_named(heard, tmp_path):
    np.savez(tmp_path / "x.npz", X=np.ones((1, 3)), path=np.array(["nowhere.wav"]))
    with pytest.raises(NotInLibrary, match=r"nowhere\.wav"):
        import_vectors(heard, tmp_path / "x.npz")


def test_files_that_are_not_vectors_are_refused(heard, tmp_path):
    (tmp_path / "text.npz").write_text("no")
    (tmp_path / "text.parquet").write_text("no")
    np.savez(tmp_path / "pickled.npz", X=np.array([{}], object), path=np.array(["a"]))
    for name in ("text.npz", "text.parquet", "pickled.npz", "absent.npz", "table.csv"):
        with pytest.raises(LibraryError):
            import_vectors(heard, tmp_path / name)


def test_a_space_is_never_overwritten(heard, tmp_path):
    export(heard, tmp_path / "out.parquet", format="parquet")
    with pytest.raises(LibraryError, match="already"):
        import_vectors(heard, tmp_path / "out.parquet", space="mfcc")


def test_nothing_to_export_leaves_no_file(heard, tmp_path):
    with pytest.raises(NotInLibrary, match="nothing to export"):
        export(heard, tmp_path / "out.csv", format="csv", where="label = 'absent'")
    with pytest.raises(LibraryError, match="cannot write"):
        export(heard, tmp_path / "no" / "out.csv", format="csv")
    assert not list(tmp_path.glob("out.csv*"))
