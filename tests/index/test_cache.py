"""Index files are never trusted: whatever is wrong with one, it is passed over and built anew."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tonotopy.index import BUILTIN
from tonotopy.index.cache import (
    Source,
    Stamp,
    forget,
    index_directories,
    load_cached,
    needs_rebuild,
    stamps,
    store,
)

SOURCE = Source("library-1", space_id=3, fingerprint="f1", metric="cosine", dim=32)

every_kind = pytest.mark.parametrize("kind", list(BUILTIN))


@pytest.fixture
def kept(built, tmp_path):
    """Keep an index of 200 vectors in a directory; give the directory and the stamp."""

    def keep(kind="flat", generation=7, source=SOURCE, n=200):
        index = built(kind, source.metric, n).index
        stamp = store([tmp_path], source, kind, index, generation=generation)
        assert stamp is not None
        return tmp_path, stamp

    return keep


@every_kind
@pytest.mark.parametrize("n", [0, 200])
def test_what_was_stored_is_loaded(kind, n, kept, built, clustered):
    directory, stamp = kept(kind, n=n)
    loaded = load_cached([directory], SOURCE, kind, generation=7)
    assert loaded is not None
    index, read = loaded
    assert read == stamp
    original = built(kind, "cosine", n)
    assert stamp.n == len(index) == n
    assert stamp.max_id == (original.ids[-1] if n else -1)
    assert stamp.recall == original.index.recall
    queries = clustered(5, seed=1)
    np.testing.assert_array_equal(
        index.search(queries, 3, fetch=original.fetch).ids,
        original.index.search(queries, 3, fetch=original.fetch).ids,
    )


def test_an_index_of_an_earlier_generation_is_still_useful(kept):
    directory, stamp = kept(generation=7)
    _, read = load_cached([directory], SOURCE, "flat", generation=900)
    assert read == stamp


def test_an_index_of_a_later_generation_is_not(kept, caplog):
    """The library was restored from a backup: its ids may be given again."""
    directory, _ = kept(generation=7)
    with caplog.at_level(logging.INFO):
        assert load_cached([directory], SOURCE, "flat", generation=6) is None
    assert "something else" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"library_id": "library-2"},
        {"fingerprint": "f2"},
        {"metric": "euclidean"},
        {"dim": 33},
        {"space_id": 4},
    ],
)
def test_an_index_of_another_library_or_space_is_passed_over(changes, kept):
    directory, _ = kept()
    assert load_cached([directory], replace(SOURCE, **changes), "flat", generation=7) is None


def test_nothing_stored_is_nothing_loaded(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        assert load_cached([tmp_path / "no"], SOURCE, "flat", generation=1) is None
    assert "does not exist" in caplog.text


@every_kind
@pytest.mark.parametrize("cut", [0, 10, 1000, -1])
def test_a_truncated_file_is_not_believed(kind, cut, kept, caplog):
    directory, stamp = kept(kind)
    path = directory / stamp.file
    path.write_bytes(path.read_bytes()[:cut])
    assert load_cached([directory], SOURCE, kind, generation=7) is None
    assert "damaged" in caplog.text


@every_kind
@pytest.mark.parametrize("where", [0.0, 0.1, 0.5, 0.999])
def test_a_flipped_bit_is_noticed(kind, where, kept, caplog):
    directory, stamp = kept(kind)
    path = directory / stamp.file
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 0b100
    path.write_bytes(content)
    assert load_cached([directory], SOURCE, kind, generation=7) is None
    assert "damaged" in caplog.text


def forged(directory: Path, stamp: Stamp, content: bytes) -> None:
    """Put a file in the place of an index, with a stamp that vouches for it."""
    import hashlib

    (directory / stamp.file).write_bytes(content)
    checksum = hashlib.sha256(content).hexdigest()
    [path] = directory.glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "checksum": checksum}))


@every_kind
@pytest.mark.parametrize("cut", [0, 10, 60, 1000, -1])
def test_a_truncated_file_with_the_right_checksum_is_not_believed_either(kind, cut, kept, caplog):
    directory, stamp = kept(kind)
    forged(directory, stamp, (directory / stamp.file).read_bytes()[:cut])
    assert load_cached([directory], SOURCE, kind, generation=7) is None
    assert str(directory / stamp.file) in caplog.text


def test_an_index_of_another_kind_under_the_name_is_not_believed(kept, built, tmp_path, caplog):
    directory, stamp = kept("flat")
    built("hnsw", "cosine", 200).index.save(tmp_path / "other")
    forged(directory, stamp, (tmp_path / "other").read_bytes())
    assert load_cached([directory], SOURCE, "flat", generation=7) is None
    assert "does not hold an index of kind 'flat'" in caplog.text


def test_an_index_with_other_windows_than_the_stamp_says_is_not_believed(
    kept, built, tmp_path, caplog
):
    directory, stamp = kept("flat")
    built("flat", "cosine", 10).index.save(tmp_path / "other")
    forged(directory, stamp, (tmp_path / "other").read_bytes())
    assert load_cached([directory], SOURCE, "flat", generation=7) is None
    assert "does not hold what its stamp says" in caplog.text


@pytest.mark.parametrize(
    "spoil",
    [
        lambda stamp: "",
        lambda stamp: "{",
        lambda stamp: "[1, 2]",
        lambda stamp: "null",
        lambda stamp: "[" * 100_000,
        lambda stamp: "{}",
        lambda stamp: json.dumps({**stamp, "surprise": 1}),
        lambda stamp: json.dumps({**stamp, "n": "many"}),
        lambda stamp: json.dumps({**stamp, "n": True}),
        lambda stamp: json.dumps({**stamp, "recall": None}),
        lambda stamp: json.dumps({**stamp, "format": 2}),
        lambda stamp: json.dumps({**stamp, "file": "../../etc/passwd"}),
        lambda stamp: json.dumps({**stamp, "file": "nothing.index"}),
        lambda stamp: json.dumps({**stamp, "kind": "hnsw"}),
        lambda stamp: json.dumps({**stamp, "generation": 8}),
        lambda stamp: json.dumps({**stamp, "max_id": 5}),
    ],
)
def test_a_spoilt_stamp_is_passed_over(spoil, kept, caplog):
    directory, _ = kept()
    [path] = directory.glob("*.json")
    path.write_text(spoil(json.loads(path.read_text())))
    with caplog.at_level(logging.INFO):
        assert load_cached([directory], SOURCE, "flat", generation=7) is None
    assert str(directory) in caplog.text


def test_a_stamp_cannot_point_outside_its_directory(kept, tmp_path, caplog):
    directory, stamp = kept()
    inner = directory / "library.index"
    inner.mkdir()
    [path] = directory.glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "file": f"../{stamp.file}"}))
    path.rename(inner / path.name)
    assert load_cached([inner], SOURCE, "flat", generation=7) is None
    assert "is not the stamp of an index" in caplog.text


def test_storing_again_replaces_and_leaves_no_litter(kept, built):
    directory, first = kept(n=200)
    (directory / "space-3.flat.index.tmp").write_bytes(b"left behind by a writer that was killed")
    _, second = kept(n=1030, generation=8)
    names = sorted(path.name for path in directory.iterdir())
    assert names == sorted(["lock", "space-3.flat.json", second.file])
    assert first.file != second.file
    index, _ = load_cached([directory], SOURCE, "flat", generation=8)
    assert len(index) == 1030


def test_kinds_and_spaces_live_side_by_side(kept):
    directory, _ = kept("flat")
    kept("hnsw")
    kept("flat", source=replace(SOURCE, space_id=31))
    assert [stamp.kind for _, stamp in stamps([directory])] == ["flat", "hnsw", "flat"]
    forget([directory], 3)
    assert [stamp.space_id for _, stamp in stamps([directory])] == [31]
    assert load_cached([directory], SOURCE, "flat", generation=7) is None
    assert load_cached([directory], replace(SOURCE, space_id=31), "flat", generation=7)


def test_a_directory_that_cannot_be_made_gives_way_to_the_next(built, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    places = [tmp_path / "file" / "deeper", tmp_path / "cache"]
    index = built("flat", "cosine", 200).index
    stamp = store(places, SOURCE, "flat", index, generation=7)
    assert stamp is not None
    assert (tmp_path / "cache" / stamp.file).exists()
    assert "cannot keep an index" in caplog.text
    assert load_cached(places, SOURCE, "flat", generation=7) is not None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_directory_gives_way_to_the_next(built, tmp_path):
    places = [tmp_path / "library.index", tmp_path / "cache"]
    places[0].mkdir(mode=0o500)
    assert store(places, SOURCE, "flat", built("flat", "cosine", 200).index, generation=7)
    assert list(places[0].iterdir()) == []
    assert load_cached(places, SOURCE, "flat", generation=7) is not None


def test_an_index_that_can_be_kept_nowhere_is_no_failure(built, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    index = built("flat", "cosine", 200).index
    assert store([tmp_path / "file"], SOURCE, "flat", index, generation=7) is None
    assert "cannot keep an index" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE on Windows")
def test_a_full_disk_leaves_the_old_index_and_no_litter(kept):
    directory, stamp = kept(n=200)
    before = sorted(path.name for path in directory.iterdir())
    script = f"""
import resource, signal
from pathlib import Path
import numpy as np
from tonotopy.index.cache import Source, store
from tonotopy.index.flat import Flat
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
index = Flat.build(np.arange(2000), np.eye(2000, 32) + 1, metric="cosine")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
stamp = store([Path({str(directory)!r})], {SOURCE!r}, "flat", index, generation=8)
print("stored" if stamp else "not stored")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=python_env()
    )
    assert done.stdout.strip() == "not stored"
    assert sorted(path.name for path in directory.iterdir()) == before
    assert load_cached([directory], SOURCE, "flat", generation=7)[1] == stamp


def python_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


WRITER = """
import sys
from pathlib import Path
import numpy as np
from tonotopy.index.cache import Source, store
from tonotopy.index.flat import Flat
source = Source("library-1", space_id=3, fingerprint="f1", metric="cosine", dim=32)
index = Flat.build(np.arange(int(sys.argv[2])), np.eye(int(sys.argv[2]), 32) + 1, metric="cosine")
for _ in range(12):
    if store([Path(sys.argv[1])], source, "flat", index, generation=7) is None:
        sys.exit("could not store")
"""


def test_two_writers_and_a_reader_never_see_half_an_index(kept, caplog):
    """The reader loads all the while, and finds one writer's index or the other's, whole."""
    directory, _ = kept(n=200)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, directory, str(n)], env=python_env())
        for n in (1500, 3000)
    ]
    sizes = {200}
    while any(writer.poll() is None for writer in writers):
        index, stamp = load_cached([directory], SOURCE, "flat", generation=7)
        assert len(index) == stamp.n
        sizes.add(stamp.n)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sizes <= {200, 1500, 3000}
    [(_, last)] = stamps([directory])
    assert last.n in {1500, 3000}
    assert [path.name for path in directory.glob("*.index")] == [last.file]
    assert "damaged" not in caplog.text


def test_indexes_live_beside_the_library_or_in_the_users_cache(tmp_path):
    beside, cache = index_directories(tmp_path / "sounds.db")
    assert beside == tmp_path.resolve() / "sounds.db.index"
    assert cache != index_directories(tmp_path / "other.db")[1]
    assert "tonotopy" in cache.parts
    assert not beside.exists()


def test_the_same_library_by_another_path_has_the_same_indexes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert index_directories(Path("sounds.db")) == index_directories(tmp_path / "sounds.db")


@pytest.mark.parametrize(
    ("n_now", "n_deleted", "expected"),
    [(200, 0, False), (400, 0, False), (401, 0, True), (200, 66, False), (200, 67, True)],
)
def test_an_index_is_rebuilt_when_it_lags_too_far(n_now, n_deleted, expected, kept):
    _, stamp = kept(n=200)
    assert needs_rebuild(stamp.n, n_now, n_deleted) is expected


def test_the_first_vectors_after_none_need_an_index(kept):
    _, stamp = kept(n=0)
    assert not needs_rebuild(stamp.n, 0, 0)
    assert needs_rebuild(stamp.n, 1, 0)
