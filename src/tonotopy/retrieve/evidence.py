"""How sure it is that words mean a recording: by what was heard, by what is written.

For each term of a query there may be three witnesses: a tagger heard a class that the term means,
the file or a folder is called so, a label says so. Each is a probability that the recording is
meant, and they are joined as if they were independent. A row's score is the geometric mean over the
terms that anything at all is found for, less what speaks for a term that is not wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Space
from tonotopy.ontology import Term
from tonotopy.ontology.everyday import SILENT
from tonotopy.retrieve.filtering import Scope
from tonotopy.retrieve.heard import ByClass, HeardSpace
from tonotopy.words import split_words

__all__ = [
    "LEAST",
    "Evidence",
    "Rows",
    "Written",
    "fuse",
    "look_up",
    "rows_to_rank",
    "spelt",
    "weigh",
]

TRUST = {"name": 0.8, "folders": 0.6, "labels": 0.95}  # how often what is written is meant
LEAST = 0.005  # evidence below is none; a term without any counts as this
FAINTEST = np.float32(1.001 * LEAST)  # LEAST itself would be rounded below itself

Written: TypeAlias = list[dict[str, NDArray[np.int64]]]
"""For each word of a term: the recordings that hold it, by column."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is ranked: recordings; or windows, and recordings of which no window has tags.

    Attributes
    ----------
    owners, windows : ndarray of shape (n,)
        Recording of each row; its window, 0 where the row is a whole recording.
    at : ndarray of shape (n,)
        Where the row is in `heard`; -1 where it is not.
    heard : ByClass or None
        What was heard in them.
    """

    owners: NDArray[np.int64]
    windows: NDArray[np.int64]
    at: NDArray[np.int64]
    heard: ByClass | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """How sure it is that a term means each row, and what was heard.

    Attributes
    ----------
    term : Term
        What is looked for.
    said : ndarray of shape (n,)
        By what is written, from 0 to 1.
    heard : ndarray of shape (n,)
        By what was heard, from 0 to 1.
    best : ndarray of shape (n,)
        The class that was heard, -1 for none.
    scores : ndarray of shape (n,)
        The tagger's score of that class.
    """

    term: Term
    said: NDArray[np.float64]
    heard: NDArray[np.float32]
    best: NDArray[np.int16]
    scores: NDArray[np.float32]

    @property
    def sure(self) -> NDArray[np.float64]:
        """How sure it is by both, from 0 to 1."""
        return 1 - (1 - self.heard.astype(np.float64)) * (1 - self.said)

    def believed(self, rows: NDArray[np.int64], more: NDArray[np.float64]) -> "Evidence":
        """Add to the log odds of what was heard in some rows; what was evidence stays evidence."""
        heard = self.heard.copy()
        before = heard[rows]
        doubt = (1 - before) * np.exp(-more)
        after = before / np.maximum(before + doubt, np.finfo(np.float32).tiny)
        heard[rows] = np.maximum(after, np.minimum(before, FAINTEST))
        return replace(self, heard=heard)


def spelt(term: Term) -> list[str]:
    """List the words of a term that are worth looking up."""
    words = split_words(term.text)
    return [word for word in words if word not in SILENT] or words


def look_up(connection: Connection, term: Term, sources: Sequence[str]) -> Written:
    """Find who holds the words of a term, where the sources allow to look."""
    columns = [column for column, source in catalog.COLUMNS.items() if source in sources]
    return [
        {column: catalog.recordings_with(connection, word, column) for column in columns}
        for word in spelt(term)
    ]


def rows_to_rank(
    connection: Connection,
    space: Space,
    heard: HeardSpace | None,
    written: Sequence[Written],
    *,
    by: Literal["recording", "window"],
    scope: Scope,
) -> Rows:
    """List the rows that anything may be known of, and that may be found."""
    named = [ids for words in written for places in words for ids in places.values()]
    recordings = reduce(np.union1d, named, np.empty(0, np.int64))
    if heard is not None:
        recordings = np.union1d(recordings, heard.recordings.ids)
    allowed = scope.recordings(connection, space)
    if allowed is not None:
        recordings = np.intersect1d(recordings, allowed)
    if by == "recording" or heard is None:
        tagged = None if heard is None else heard.recordings
        return Rows(recordings, np.zeros_like(recordings), places(tagged, recordings), tagged)
    windows = heard.windows
    allowed = scope.windows(connection, space)
    mask = np.ones(len(windows.ids), bool) if allowed is None else np.isin(windows.ids, allowed)
    whole = np.setdiff1d(recordings, windows.owners)
    return Rows(
        np.concatenate([windows.owners[mask], whole]),
        np.concatenate([windows.ids[mask], np.zeros_like(whole)]),
        np.concatenate([np.flatnonzero(mask), np.full(len(whole), -1)]),
        windows,
    )


def places(tagged: ByClass | None, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find where ids are; -1 where they are not."""
    if tagged is None or not len(tagged.ids):
        return np.full(len(ids), -1)
    at = np.minimum(np.searchsorted(tagged.ids, ids), len(tagged.ids) - 1)
    return np.where(tagged.ids[at] == ids, at, -1)


def weigh(term: Term, written: Written, rows: Rows) -> Evidence:
    """Join what speaks for a term in each row."""
    sure = np.zeros(len(rows.at), np.float32)
    best = np.full(len(rows.at), -1, np.int16)
    scores = np.zeros(len(rows.at), np.float32)
    if rows.heard is not None:
        has_tags = rows.at >= 0
        looked_up = rows.heard.look_up(term.weights)
        at = rows.at[has_tags]
        sure[has_tags], best[has_tags], scores[has_tags] = (each[at] for each in looked_up)
    by_word = [spoken_for(places_of_word, rows.owners) for places_of_word in written]
    said = np.mean(by_word, axis=0) if by_word else np.zeros(len(rows.at))
    return Evidence(term, said, sure, best, scores)


def spoken_for(
    places_of_word: dict[str, NDArray[np.int64]], owners: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Tell how sure it is of each row that a word means it, by where the word is written."""
    doubt = np.ones(len(owners))
    for column, ids in places_of_word.items():
        doubt[np.isin(owners, ids)] *= 1 - TRUST[column]
    return 1 - doubt


def fuse(evidence: Sequence[Evidence]) -> tuple[NDArray[np.float64], list[Term]]:
    """Join the evidence for the terms of a query.

    Parameters
    ----------
    evidence : sequence of Evidence
        Of the same rows, for each term.

    Returns
    -------
    scores : ndarray of shape (n,)
        From 0 to 1; 0 where nothing speaks for any term that is wanted.
    unfound : list of Term
        Those wanted terms that nothing at all speaks for; they do not count.
    """
    wanted = [each for each in evidence if each.term.wanted]
    all_sure = [each.sure for each in wanted]
    counts = [bool((sure >= LEAST).any()) for sure in all_sure]
    unfound = [each.term for each, known in zip(wanted, counts, strict=True) if not known]
    if not any(counts):
        return np.zeros(len(evidence[0].said)), unfound
    sure = np.stack([each for each, known in zip(all_sure, counts, strict=True) if known])
    scores = np.exp(np.log(np.maximum(sure, LEAST)).mean(axis=0))
    scores[(sure < LEAST).all(axis=0)] = 0
    for each in evidence:
        if not each.term.wanted:
            scores *= 1 - each.sure
    return scores, unfound
