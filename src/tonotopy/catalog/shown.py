"""Shown tags: the classes whose score is high enough to be usually right, by their names.

A class is shown where its score reaches the threshold of its space's tagger. What a shown tag
says already, every sound above it in AudioSet's tree, is left out: a dog is an animal.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy.catalog.packing import unpack_scores
from tonotopy.catalog.spaces import Space, list_spaces
from tonotopy.catalog.tags import (
    Tagger,
    class_scores,
    find_tagger,
    packed_recordings,
    packed_windows,
    scores_of_recordings,
    scores_of_windows,
)
from tonotopy.errors import FilterError
from tonotopy.ontology import CLASSES, SOUNDS, ancestors, class_indices, find, near_names

__all__ = [
    "AUDIOSET",
    "Tag",
    "Tagged",
    "best_tags",
    "classes_like",
    "classes_named",
    "tag_counts",
    "tagged_spaces",
    "tagged_with",
    "tags_of_recordings",
    "tags_of_windows",
]

AUDIOSET = "audioset"  # the list of classes whose names are known here


@dataclass(frozen=True, slots=True)
class Tag:
    """A class that was heard."""

    name: str
    score: float  #: from 0 to 1


@dataclass(frozen=True, slots=True)
class Tagged:
    """What carries a tag: ids of recordings, or of windows, ascending."""

    recordings: NDArray[np.int64]
    windows: NDArray[np.int64]
    space_ids: list[int]  #: the spaces that were asked


def tagged_spaces(connection: Connection) -> list[tuple[Space, Tagger]]:
    """List the spaces with tags of AudioSet's classes, the default space first."""
    spaces = sorted(list_spaces(connection), key=lambda space: not space.is_default)
    found = [(space, find_tagger(connection, space)) for space in spaces]
    return [
        (space, tagger)
        for space, tagger in found
        if tagger is not None and tagger.classes == AUDIOSET
    ]


def tags_of_windows(
    connection: Connection, space: Space, ids: Sequence[int]
) -> dict[int, list[Tag]]:
    """List the shown tags of windows, the highest score first; windows without any are left out."""
    return shown_tags(connection, space, ids, scores_of_windows)


def tags_of_recordings(
    connection: Connection, space: Space, ids: Sequence[int]
) -> dict[int, list[Tag]]:
    """List the shown tags of recordings: those that any of their windows has."""
    return shown_tags(connection, space, ids, scores_of_recordings)


def shown_tags(
    connection: Connection,
    space: Space,
    ids: Sequence[int],
    scores_of: Callable[[Connection, Space, Sequence[int]], dict[int, list[tuple[int, float]]]],
) -> dict[int, list[Tag]]:
    """List the shown tags of what `scores_of` gives the scores of."""
    tagger = find_tagger(connection, space)
    if tagger is None or tagger.classes != AUDIOSET:
        return {}
    found: dict[int, list[Tag]] = {}
    for item, scores in scores_of(connection, space, ids).items():
        high = {each: score for each, score in scores if score >= tagger.thresholds[each]}
        implied = set().union(*(above(each) for each in high))
        tags = [Tag(CLASSES[each].name, high[each]) for each in high if each not in implied]
        if tags:
            found[item] = tags
    return found


@cache
def above(index: int) -> frozenset[int]:
    """List the classes above a class in the tree."""
    indices = (sound.index for sound in ancestors(CLASSES[index]))
    return frozenset(each for each in indices if each is not None)


def best_tags(connection: Connection, space: Space, *, windows: bool) -> dict[int, str]:
    """Name the first shown tag of every window, or recording, that has one."""
    ids, rows, classes = shown_entries(connection, space, windows=windows)
    best: dict[int, str] = {}
    for row, index in zip(rows.tolist(), classes.tolist(), strict=True):
        best.setdefault(int(ids[row]), CLASSES[index].name)
    return best


def tag_counts(connection: Connection, space: Space) -> list[tuple[str, int]]:
    """Count the recordings of each shown tag, the most common first."""
    _, _, classes = shown_entries(connection, space, windows=False)
    counts = Counter(CLASSES[index].name for index in classes.tolist())
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def shown_entries(
    connection: Connection, space: Space, *, windows: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """List all shown tags of a space.

    Returns
    -------
    ids : ndarray of shape (n,)
        Of windows, or recordings.
    rows, classes : ndarray of shape (n_tags,)
        Which of them has which class, the highest score of each first.
    """
    tagger = find_tagger(connection, space)
    empty = np.zeros(0, np.int64)
    if tagger is None or tagger.classes != AUDIOSET:
        return empty, empty, empty
    packed = (packed_windows if windows else packed_recordings)(connection, space)
    rows, classes, scores = unpack_scores([row[2] for row in packed])
    high = scores >= tagger.thresholds[classes]
    rows, classes = rows[high], classes[high]
    parents = ancestor_table()[classes]
    implied = (rows[:, np.newaxis] * len(CLASSES) + parents)[parents >= 0]
    kept = ~np.isin(rows * len(CLASSES) + classes, implied)
    return np.array([row[0] for row in packed], np.int64), rows[kept], classes[kept]


@cache
def ancestor_table() -> NDArray[np.int64]:
    """List the classes above each class, -1 behind the last: (n_classes, n)."""
    lists = [sorted(above(index)) for index in range(len(CLASSES))]
    table = np.full((len(lists), max(map(len, lists))), -1, np.int64)
    for row, indices in enumerate(lists):
        table[row, : len(indices)] = indices
    return table


def classes_named(name: str) -> tuple[int, ...]:
    """Find the class of a name with all below it in the tree.

    Raises
    ------
    FilterError
        If there is no such sound.
    """
    indices = class_indices(name)
    if not indices:
        near = near_names(name) if find(name) is None else []
        which = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise FilterError(
            f"there is no tag {name!r}{which or '; tags are classes of AudioSet, such as Dog'}"
        )
    return indices


def classes_like(glob: str) -> tuple[int, ...]:
    """Find the classes whose names fit a glob, in any case, with all below them in the tree.

    Raises
    ------
    FilterError
        If none fits.
    """
    pattern = glob.casefold().replace("[", "[[]")
    fits = [sound for sound in SOUNDS.values() if fnmatchcase(sound.name.casefold(), pattern)]
    indices = {index for sound in fits for index in class_indices(sound.name)}
    if not indices:
        raise FilterError(f"no tag fits {glob!r}; tags are classes of AudioSet, such as Dog")
    return tuple(sorted(indices))


def tagged_with(connection: Connection, classes: Sequence[int], *, windows: bool) -> Tagged:
    """Find what carries a tag of any of some classes, in all spaces that have tags.

    Parameters
    ----------
    connection : Connection
        A reading one.
    classes : sequence of int
        Indices of AudioSet's classes.
    windows : bool
        Whether windows are wanted too.

    Raises
    ------
    FilterError
        If no space has tags.
    """
    spaces = tagged_spaces(connection)
    if not spaces:
        raise FilterError(
            "nothing in this library has tags: its embedders do not name what they hear, or an "
            "older version listened; add the folders again with: tonotopy add --embedder cochlea"
        )
    recordings, of_windows = [], []
    for space, tagger in spaces:
        enough = tagger.thresholds[list(classes)]
        found = class_scores(packed_recordings(connection, space), classes)
        recordings.append(found.ids[(found.scores >= enough).any(axis=1)])
        if windows:
            found = class_scores(packed_windows(connection, space), classes)
            of_windows.append(found.ids[(found.scores >= enough).any(axis=1)])
    return Tagged(
        recordings=np.unique(np.concatenate(recordings)),
        windows=np.unique(np.concatenate(of_windows)) if windows else np.zeros(0, np.int64),
        space_ids=[space.id for space, _ in spaces],
    )
