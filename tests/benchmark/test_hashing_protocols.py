"""Published sets: their clips, labels and queries as published, and what is missing told."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tonotopy.benchmark import Features
from tonotopy.benchmark.hashing_protocols import PROTOCOLS, Protocol, apply_protocol, fsdkaggle2018
from tonotopy.benchmark.hashing_splits import draw_split
from tonotopy.errors import QueryError

AUDIO = Path(__file__).parents[3] / "shared" / "audio"


def named(files, labels=None):
    files = list(files)
    y = np.array(labels if labels is not None else [""] * len(files), np.str_)
    vectors = np.arange(2 * len(files), dtype=np.float32).reshape(-1, 2)
    return Features("made up", vectors, y, files=np.array(files))


def fsdd_files():
    speakers = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
    return [f"{d}_{who}_{t}.wav" for d in range(10) for who in speakers for t in range(50)]


def write(path, columns, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def esc_rows():
    """List 2,000 clips: five folds of eight sources for each of 50 classes, ten in ESC-10."""
    for target in range(50):
        for fold in range(1, 6):
            for take in range(8):
                source = 1000 * target + 10 * fold + take
                yield f"{fold}-{source}-A-{target}.wav", fold, target, f"class {target}", \
                    str(target < 10), source, "A"  # fmt: skip


ESC_COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file", "take")


def test_fsdd_s_queries_are_takes_0_to_4():
    features = apply_protocol("fsdd", named(reversed([*fsdd_files(), "README.wav"])))
    split = draw_split(features, 3)
    assert (len(split.queries), len(split.database)) == (300, 2700)
    takes = {int(Path(each).stem.split("_")[2]) for each in features.files[split.queries]}
    assert takes == {0, 1, 2, 3, 4}
    assert set(features.y) == set("0123456789")
    assert features.groups[0] == Path(features.files[0]).stem.split("_")[1]


def test_vectors_go_with_their_clips_whatever_the_order():
    files = fsdd_files()
    shuffled = named(np.random.default_rng(0).permutation(files))
    features = apply_protocol("fsdd", shuffled)
    row = shuffled.files.tolist().index("7_theo_11.wav")
    place = features.files.tolist().index("7_theo_11.wav")
    assert features.vectors[place].tolist() == shuffled.vectors[row].tolist()
    assert features.y[place] == "7"


def test_a_set_that_is_not_whole_is_refused():
    with pytest.raises(QueryError, match="fsdd has 3000 clips as published, but 2999 are here"):
        apply_protocol("fsdd", named(fsdd_files()[1:]))


@pytest.mark.parametrize("named_by", ["list", "files"])
def test_esc50_takes_one_fold_after_the_other(tmp_path, named_by):
    rows = list(esc_rows())
    write(tmp_path / "meta" / "esc50.csv", ESC_COLUMNS, rows)
    folder = tmp_path if named_by == "list" else None
    features = apply_protocol("esc50", named(row[0].replace("wav", "ogg") for row in rows), folder)
    for seed in range(6):
        split = draw_split(features, seed)
        assert (len(split.queries), len(split.database)) == (400, 1600)
        assert {each[0] for each in features.files[split.queries]} == {str(seed % 5 + 1)}
    assert len(set(features.y)) == 50
    assert features.groups[0] == features.files[0].split("-")[1]


def test_esc10_is_the_part_of_the_list_that_says_so(tmp_path):
    rows = list(esc_rows())
    write(tmp_path / "esc50.csv", ESC_COLUMNS, rows)
    features = apply_protocol("esc10", named(row[0] for row in rows), tmp_path)
    assert len(features) == 400
    assert set(features.y) == {f"class {target}" for target in range(10)}


def test_clips_without_a_vector_are_counted_and_named(tmp_path):
    rows = list(esc_rows())
    write(tmp_path / "esc50.csv", ESC_COLUMNS, rows)
    with pytest.raises(QueryError, match=r"5 of 2000 clips of esc50 have no vector: .*, \.\.\.;"):
        apply_protocol("esc50", named(row[0] for row in rows[5:]), tmp_path)


def test_esc10_names_without_a_class_need_labels():
    with pytest.raises(QueryError, match="which class 1-187207-A is of"):
        apply_protocol("esc10", named(["1-187207-A.ogg"]))


def test_the_esc10_at_hand_is_whole():
    files = sorted((AUDIO / "esc10").glob("*/*.ogg"))
    if not files:
        pytest.skip("there is no shared/audio/esc10 beside the repository")
    features = named([each.name for each in files], [each.parent.name for each in files])
    kept = apply_protocol("esc10", features)
    assert [len(draw_split(kept, seed).queries) for seed in range(5)] == [80] * 5
    assert len(set(kept.y)) == 10


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train.csv", "test.csv"),
        ("train_post_competition.csv", "test_post_competition_scoring_clips.csv"),
    ],
)
def test_fsdkaggle2018_searches_the_training_part_with_the_scored_clips(
    tmp_path, monkeypatch, train, test
):
    write(
        tmp_path / train,
        ("fname", "label", "manually_verified"),
        [("a.wav", "Bark", 1), ("b.wav", "Bus", 0)],
    )
    scored = [
        ("c.wav", "Bark", "Public"),
        ("d.wav", "Bus", "Private"),
        ("e.wav", "None", "Ignored"),
    ]
    write(tmp_path / test, ("fname", "label", "usage"), scored)
    monkeypatch.setitem(PROTOCOLS, "fsdkaggle2018", Protocol(fsdkaggle2018, 1, 4))
    features = apply_protocol(
        "fsdkaggle2018", named(["d.wav", "c.wav", "b.wav", "a.wav"]), tmp_path
    )
    split = draw_split(features, 0)
    assert features.files[split.queries].tolist() == ["c.wav", "d.wav"]
    assert features.y.tolist() == ["Bark", "Bus", "Bark", "Bus"]
    assert features.groups is None
    monkeypatch.undo()
    with pytest.raises(QueryError, match="has 11073 clips as published, but 4 are here"):
        apply_protocol("fsdkaggle2018", named("abcd"), tmp_path)


def test_lists_that_are_missing_are_named(tmp_path):
    with pytest.raises(QueryError, match=r"--data FSDKaggle2018\.meta"):
        apply_protocol("fsdkaggle2018", named(["a.wav"]))
    with pytest.raises(QueryError, match=r"no train_post_competition.csv or train.csv in"):
        apply_protocol("fsdkaggle2018", named(["a.wav"]), tmp_path)
    with pytest.raises(QueryError, match=r"no esc50.csv in"):
        apply_protocol("esc50", named(["a.wav"]), tmp_path)
    write(tmp_path / "esc50.csv", ("filename", "fold"), [("a.wav", 1)])
    with pytest.raises(QueryError, match="has no column 'category'"):
        apply_protocol("esc50", named(["a.wav"]), tmp_path)


def test_rows_without_names_of_files_cannot_be_matched():
    nameless = Features("x", np.eye(2, dtype=np.float32), np.array(["a", "b"]))
    with pytest.raises(QueryError, match="add an array 'name'"):
        apply_protocol("fsdd", nameless)
