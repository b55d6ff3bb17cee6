"""Published sets as they were published: which clips, which labels, which queries.

A protocol knows a set's clips by the stems of their files, so vectors may be of wav files or of
any copy of them. Sounds are got from the sets' own pages:

fsdkaggle2018
    DCASE 2018 task 2 [1]_, https://zenodo.org/records/2552860: 41 classes; the training part is
    the database, the scored clips of the test part are the queries. The lists of both are needed.
    ``FSDKaggle2018.meta.zip``, ``FSDKaggle2018.audio_train.zip`` and
    ``FSDKaggle2018.audio_test.zip`` unpack to folders of these names, as public scripts that fetch
    them expect (https://github.com/marcellomaugeri/FSDKaggle2018-Audio-Classification among them):
    ``FSDKaggle2018.meta`` holds ``train_post_competition.csv`` (9,473 rows) and
    ``test_post_competition_scoring_clips.csv`` (1,600), both with the columns ``fname``, such as
    ``00044347.wav``, and ``label``. The competition's own ``train.csv`` and ``test.csv`` will do.
esc50, esc10
    https://github.com/karolpiczak/ESC-50 [2]_: five folds, of which one after the other is the
    queries; seed 0 takes fold 1, seed 4 fold 5. ``meta/esc50.csv`` says what is what, else names of
    files. Its columns are ``filename,fold,target,category,esc10,src_file,take`` and its first row
    ``1-100032-A-0.wav,1,0,dog,True,100032,A``; sounds are ``audio/FILENAME``.
fsdd
    https://github.com/Jakobovski/free-spoken-digit-dataset: ``digit_speaker_take.wav``; takes 0 to
    4 are the queries.

Nothing is fetched from here: of none of these archives is there a checksum to hold it to.

References
----------
.. [1] E. Fonseca et al., "General-purpose tagging of Freesound audio with AudioSet labels: task
   description, dataset, and baseline", DCASE 2018.
.. [2] K. J. Piczak, "ESC: dataset for environmental sound classification", ACM MM 2015.
"""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tonotopy.benchmark.hashing_sets import Features
from tonotopy.errors import QueryError

__all__ = ["PROTOCOLS", "apply_protocol", "esc_clips", "fsdkaggle2018_clips"]

_ESC_NAME = re.compile(r"(?P<fold>[1-5])-(?P<source>\d+)-[A-Z](?:-(?P<target>\d+))?")
_FSDD_NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_]+)_(?P<take>\d+)")
_FSDD_QUERIES = 5  #: takes
_FOLDS = 5
_TOLD = 3  #: names in a message


class Clip(NamedTuple):
    """A clip of a published set."""

    label: str
    group: str  #: source recording, or speaker; "" where the set does not say
    part: int  #: fold from 1; of sets with one split 0 for the database, 1 for queries


class Protocol(NamedTuple):
    """How a published set is measured."""

    #: lists clips by stem, from a folder of lists if there is one, else from the features' names
    clips: Callable[[Path | None, Features], Mapping[str, Clip]]
    n_folds: int  #: 1: one split
    n_clips: int  #: as published


def apply_protocol(name: str, features: Features, folder: Path | None = None) -> Features:
    """Give vectors the labels, groups and splits of a published set.

    Parameters
    ----------
    name : str
        A key of `PROTOCOLS`.
    features : Features
        With names of files; rows of other files are left out.
    folder : Path, optional
        Where the set's lists lie, as published.

    Returns
    -------
    Features
        The set's clips, ordered by name.

    Raises
    ------
    QueryError
        If rows have no names of files, lists are missing, or clips have no vector.
    """
    if features.files is None:
        raise QueryError(
            f"the rows of {features.name} have no names of files, which --protocol {name} needs; "
            "add an array 'name' to the .npz, or use a library"
        )
    protocol = PROTOCOLS[name]
    clips = protocol.clips(folder, features)
    row_of = {Path(file).stem: row for row, file in enumerate(features.files.tolist())}
    missing = sorted(set(clips) - set(row_of))
    if missing or len(clips) < protocol.n_clips:
        _refuse(name, protocol, len(clips), missing)
    stems = sorted(clips)
    kept = features.at(np.array([row_of[stem] for stem in stems]))
    parts = np.array([clips[stem].part for stem in stems])
    groups = np.array([clips[stem].group for stem in stems], np.str_)
    queries = [parts == turn for turn in range(1, protocol.n_folds + 1)]
    return replace(
        kept,
        name=f"{name}, {features.name}",
        y=np.array([clips[stem].label for stem in stems], np.str_),
        groups=groups if all(groups) else None,
        in_database=~np.stack(queries),
    )


def _refuse(name: str, protocol: Protocol, n_known: int, missing: list[str]) -> None:
    if missing:
        shown = ", ".join(missing[:_TOLD]) + (", ..." if len(missing) > _TOLD else "")
        raise QueryError(
            f"{len(missing)} of {n_known} clips of {name} have no vector: {shown}; "
            "add their files and try again"
        )
    raise QueryError(
        f"{name} has {protocol.n_clips} clips as published, but {n_known} are here; "
        "get the whole set, or measure without --protocol"
    )


def fsdkaggle2018(folder: Path | None, _features: Features) -> dict[str, Clip]:
    """Read the lists of the training part and of the scored clips of the test part."""
    if folder is None:
        raise QueryError(
            "the clips of fsdkaggle2018 are named in its lists; give their folder, "
            "e.g. --data FSDKaggle2018.meta"
        )
    return fsdkaggle2018_clips(folder)


def fsdkaggle2018_clips(folder: Path) -> dict[str, Clip]:
    """Read the lists in ``FSDKaggle2018.meta``: clips by stem, part 0 to train and 1 to test.

    Parameters
    ----------
    folder : Path
        Holds both lists.

    Raises
    ------
    QueryError
        If a list or a column is missing.
    """
    train = _table(folder, ("train_post_competition.csv", "train.csv"))
    test = _table(folder, ("test_post_competition_scoring_clips.csv", "test.csv"))
    clips = {Path(row["fname"]).stem: Clip(row["label"], "", 0) for row in train}
    labels = {clip.label for clip in clips.values()}
    for row in test:
        if row["label"] in labels:  # what was not scored is labelled None
            clips[Path(row["fname"]).stem] = Clip(row["label"], "", 1)
    return clips


def esc50(folder: Path | None, features: Features) -> dict[str, Clip]:
    """List the clips of 50 classes."""
    return _esc(features) if folder is None else esc_clips(folder)


def esc10(folder: Path | None, features: Features) -> dict[str, Clip]:
    """List the clips of the ten classes."""
    return _esc(features) if folder is None else esc_clips(folder, ten=True)


def fsdd(_folder: Path | None, features: Features) -> dict[str, Clip]:
    """Read digit, speaker and take from names of files."""
    clips = {}
    for stem in _stems(features):
        found = _FSDD_NAME.fullmatch(stem)
        if found is not None:
            part = int(int(found["take"]) < _FSDD_QUERIES)
            clips[stem] = Clip(found["digit"], found["speaker"], part)
    return clips


PROTOCOLS: dict[str, Protocol] = {
    "fsdkaggle2018": Protocol(fsdkaggle2018, 1, 9473 + 1600),
    "esc50": Protocol(esc50, _FOLDS, 2000),
    "esc10": Protocol(esc10, _FOLDS, 400),
    "fsdd": Protocol(fsdd, 1, 3000),
}


def _esc(features: Features) -> dict[str, Clip]:
    """Read fold, source and class from names; copies in a folder a class have that as label."""
    clips = {}
    for stem, label in zip(_stems(features), features.y.tolist(), strict=True):
        found = _ESC_NAME.fullmatch(stem)
        if found is None:
            continue
        known = found["target"] or label
        if not known:
            raise QueryError(
                f"nothing says which class {stem} is of; give the folder of meta/esc50.csv with "
                "--data, or labels"
            )
        clips[stem] = Clip(known, found["source"], int(found["fold"]))
    return clips


def esc_clips(folder: Path, *, ten: bool = False) -> dict[str, Clip]:
    """Read ``esc50.csv``: clips by stem, parts are folds.

    Parameters
    ----------
    folder : Path
        Of ESC-50, or of the list.
    ten : bool, default=False
        Only the ten classes of ESC-10.

    Raises
    ------
    QueryError
        If the list or a column is missing.
    """
    inside = folder / "meta" if (folder / "meta").is_dir() else folder
    return {
        Path(row["filename"]).stem: Clip(row["category"], row["src_file"], int(row["fold"]))
        for row in _table(inside, ("esc50.csv",))
        if not ten or row["esc10"] == "True"
    }


def _table(folder: Path, names: tuple[str, ...]) -> list[dict[str, str]]:
    """Read the first list of these names that is there."""
    needed = {"esc50.csv": ("filename", "fold", "category", "esc10", "src_file")}
    for name in names:
        path = folder / name
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = needed.get(name, ("fname", "label"))
        absent = [each for each in columns if not rows or rows[0].get(each) is None]
        if absent:
            raise QueryError(f"{path} has no column {absent[0]!r}, or no rows")
        return rows
    raise QueryError(
        f"there is no {' or '.join(names)} in {folder}; give the set's lists by --data"
    )


def _stems(features: Features) -> list[str]:
    return [] if features.files is None else [Path(each).stem for each in features.files.tolist()]
