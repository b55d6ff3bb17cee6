"""What a tagger heard in a space, laid out by class, so that words find it in milliseconds."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy.catalog import Catalog, Space
from tonotopy.catalog.packing import unpack_scores
from tonotopy.catalog.shown import AUDIOSET
from tonotopy.catalog.tags import find_tagger, packed_recordings, packed_windows
from tonotopy.ontology import N_CLASSES, class_index

__all__ = ["ByClass", "HeardSpace", "heard_space"]

MOST = 0.9999  # a score of 1 would have infinite odds


@dataclass(frozen=True, slots=True)
class ByClass:
    """The scores of windows, or of recordings, in the order of their classes.

    Attributes
    ----------
    ids, owners : ndarray of shape (n,)
        Ids, ascending, and the recordings that they belong to, or are.
    first : ndarray of shape (522,)
        The entries of class c are ``first[c]`` to ``first[c + 1]``.
    rows : ndarray of shape (n_entries,)
        Which of `ids` an entry is of.
    odds : ndarray of shape (n_entries,)
        ``p / (1 - p)`` of its score p.
    """

    ids: NDArray[np.int64]
    owners: NDArray[np.int64]
    first: NDArray[np.int64]
    rows: NDArray[np.int32]
    odds: NDArray[np.float32]

    @classmethod
    def build(
        cls,
        ids: NDArray[np.int64],
        owners: NDArray[np.int64],
        rows: NDArray[np.int64],
        classes: NDArray[np.int64],
        scores: NDArray[np.floating],
    ) -> Self:
        """Put entries (row, class, score) in the order of their classes."""
        order = np.argsort(classes, kind="stable")
        first = np.searchsorted(classes[order], np.arange(N_CLASSES + 1))
        kept = np.minimum(scores[order], MOST)
        odds = (kept / (1 - kept)).astype(np.float32)
        return cls(ids, owners, first, rows[order].astype(np.int32), odds)

    def look_up(
        self, weights: dict[int, float]
    ) -> tuple[NDArray[np.float32], NDArray[np.int16], NDArray[np.float32]]:
        """Tell how sure it is that a term was heard.

        A class of weight w has w squared times its odds, and the best class counts.

        Parameters
        ----------
        weights : dict of int to float
            The classes that a term means, from 0 to 1 each.

        Returns
        -------
        sure : ndarray of shape (n,)
            From 0, not heard at all, to 1.
        best : ndarray of shape (n,)
            The class that says so; -1 where none does.
        scores : ndarray of shape (n,)
            The tagger's own score of that class.
        """
        best_odds = np.zeros(len(self.ids), np.float32)
        best = np.full(len(self.ids), -1, np.int16)
        own = np.zeros(len(self.ids), np.float32)
        for index, weight in weights.items():
            part = slice(self.first[index], self.first[index + 1])
            rows, odds = self.rows[part], self.odds[part]
            better = weight**2 * odds > best_odds[rows]
            best_odds[rows[better]] = weight**2 * odds[better]
            best[rows[better]] = index
            own[rows[better]] = odds[better]
        return best_odds / (1 + best_odds), best, own / (1 + own)


@dataclass(frozen=True, slots=True)
class HeardSpace:
    """What a tagger heard in the windows and recordings of a space."""

    windows: ByClass
    recordings: ByClass


def heard_space(library: Catalog, connection: Connection, space: Space) -> HeardSpace | None:
    """Load what a tagger heard in a space; None if no tagger of AudioSet's classes listened.

    It is kept in memory, six bytes a score, until the space changes.
    """
    tagger = find_tagger(connection, space)
    if tagger is None or tagger.classes != AUDIOSET:
        return None
    return library.kept(f"heard {space.id}", space.generation, lambda _: load(connection, space))


def load(connection: Connection, space: Space) -> HeardSpace:
    """Read all scores of a space.

    A recording is as sure as the mean of a class's highest score in it and its mean score over the
    windows that sound: a bark once in an hour is found, and an hour of barking comes before it.
    """
    ids, owners, packed = columns(packed_windows(connection, space))
    rows, classes, scores = unpack_scores(packed)
    windows = ByClass.build(ids, owners, rows, classes, scores)
    ids, _, packed = columns(packed_recordings(connection, space))
    of_recording, of_class, highest = unpack_scores(packed)
    mean = mean_scores(ids, owners, (rows, classes, scores), (of_recording, of_class))
    recordings = ByClass.build(ids, ids, of_recording, of_class, (highest + mean) / 2)
    return HeardSpace(windows, recordings)


def columns(
    rows: list[tuple[int, int, bytes]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[bytes]]:
    """Part rows of (id, recording, packed scores)."""
    ids = np.array([row[0] for row in rows], np.int64)
    owners = np.array([row[1] for row in rows], np.int64)
    return ids, owners, [row[2] for row in rows]


def mean_scores(
    recording_ids: NDArray[np.int64],
    owners: NDArray[np.int64],
    entries: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]],
    wanted: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Average scores over the windows of recordings, each counting as far as it is not silent.

    Parameters
    ----------
    recording_ids : ndarray of shape (n_recordings,)
        Ascending.
    owners : ndarray of shape (n_windows,)
        The recording of each window; one without scores of its own is left out.
    entries : tuple of three ndarrays of shape (n_entries,)
        Window, class and score of what is stored.
    wanted : tuple of two ndarrays of shape (n_wanted,)
        The recording, as a row of `recording_ids`, and the class to average.

    Returns
    -------
    ndarray of shape (n_wanted,)
        From 0 to 1.
    """
    place = np.searchsorted(recording_ids, owners)
    known = place < len(recording_ids)
    known[known] = recording_ids[place[known]] == owners[known]
    windows, classes, scores = (part[known[entries[0]]] for part in entries)
    sounding = np.ones(len(owners))
    silent = classes == class_index("Silence")
    sounding[windows[silent]] -= scores[silent]
    n_sounding = np.bincount(place[known], sounding[known], minlength=len(recording_ids))
    keys, inverse = np.unique(place[windows] * N_CLASSES + classes, return_inverse=True)
    sums = np.append(np.bincount(inverse, scores, minlength=len(keys)), 0.0)
    asked = wanted[0] * N_CLASSES + wanted[1]
    at = np.searchsorted(keys, asked)
    found = at < len(keys)
    found[found] = keys[at[found]] == asked[found]
    means = sums[np.where(found, at, len(keys))] / np.maximum(n_sounding[wanted[0]], 1.0)
    clipped: NDArray[np.float64] = np.minimum(means, 1.0)
    return clipped
