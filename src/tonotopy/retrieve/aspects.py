"""Searching by aspects: timbre, pitch, loudness and rhythm, each with a weight of its own.

A recording's score is the weighted mean of how alike it and the query are in each aspect, from 0 to
1. Timbre is the score of the space's vectors, as everywhere; the others are a few numbers of every
recording, all of which are compared.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import AspectTable, Catalog, Space
from tonotopy.catalog.bulk import recordings_of_windows
from tonotopy.errors import QueryError
from tonotopy.features.aspects import Aspects
from tonotopy.features.likeness import MEASURED, likeness
from tonotopy.hearing import measure_interval
from tonotopy.ranking import UNLIKE_WEIGHT
from tonotopy.retrieve.query import (
    AudioFile,
    Example,
    StoredRecording,
    StoredWindow,
    is_as_known,
)

__all__ = [
    "ASPECTS",
    "TIMBRE",
    "Measured",
    "checked_aspects",
    "measure_all",
    "own_recordings",
    "parse_aspects",
]

TIMBRE = "timbre"
ASPECTS = (TIMBRE, *MEASURED)
MOST_WEIGHT = 1000
WHOLE = 0.9  # of a recording: a window that is so much of it is measured as the recording was


@dataclass(frozen=True, slots=True)
class Measured:
    """How alike the recordings of a space and a query are in all but timbre.

    Attributes
    ----------
    recording_ids : ndarray of shape (n,)
        The recordings that may be hits, ascending.
    scores : ndarray of shape (n,)
        The weighted sum of their likenesses, less half of that to what is unwanted.
    likenesses : dict of str to ndarray of shape (n,)
        Of each aspect that counts, from 0 to 1.
    notes : list of str
        What could not be used.
    """

    recording_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    likenesses: dict[str, NDArray[np.float64]]
    notes: list[str]


def parse_aspects(text: str) -> dict[str, float]:
    """Read weights as they are typed.

    Raises
    ------
    QueryError
        If it is not written so, or `checked_aspects` refuses it.

    Examples
    --------
    >>> parse_aspects("timbre=1, pitch=0.5")
    {'timbre': 1.0, 'pitch': 0.5}
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, found, number = part.partition("=")
        try:
            weights[name.strip()] = float(number)
        except ValueError:
            found = ""
        if not found:
            raise QueryError(
                f"{part.strip()!r} is no weight of an aspect; write timbre=1,pitch=0.5"
            )
    return checked_aspects(weights)


def checked_aspects(
    weights: Mapping[str, float], *, by: str = "recording", rerank: bool = True
) -> dict[str, float]:
    """Check weights and what they go with, and leave out those that are 0.

    Raises
    ------
    QueryError
        If an aspect is unknown, a weight is negative or no number, or none is above 0; if hits are
        not recordings, or codes should decide.
    """
    if by != "recording":
        raise QueryError(
            "aspects are known of recordings, not of stretches; search by recording, "
            "or leave the aspects out"
        )
    if not rerank:
        raise QueryError("aspects are mixed with exact scores; leave out --no-rerank")
    for name, weight in weights.items():
        if name not in ASPECTS:
            raise QueryError(f"there is no aspect {name!r}; choose from {', '.join(ASPECTS)}")
        if not (math.isfinite(weight) and 0 <= weight <= MOST_WEIGHT):
            raise QueryError(f"the weight of {name} is {weight:g}; it must be from 0 to 1000")
    kept = {name: float(weights[name]) for name in ASPECTS if weights.get(name, 0) > 0}
    if not kept:
        raise QueryError("every aspect weighs 0; give at least one a weight, such as timbre=1")
    return kept


def measure_all(
    library: Catalog,
    connection: Connection,
    space: Space,
    likes: Sequence[Example],
    unlikes: Sequence[Example],
    weights: Mapping[str, float],
    allowed: NDArray[np.int64] | None,
) -> Measured:
    """Compare all recordings of a space with a query, in every aspect but timbre.

    Parameters
    ----------
    library : Catalog
        Whose memory keeps what is loaded.
    connection : Connection
        A reading one: one snapshot of the library.
    space : Space
        Whose recordings.
    likes, unlikes : sequence of Example
        What they should, and should not, be like.
    weights : dict of str to float
        From `checked_aspects`.
    allowed : ndarray of shape (n_allowed,), optional
        Ids of the windows that a filter lets through: a hit has one of them.

    Raises
    ------
    QueryError
        If no recording has been measured, or an example cannot be.
    """
    table = aspect_table(library, connection, space)
    values, ids = table.values, table.recording_ids
    if allowed is not None:
        kept = np.isin(ids, owners_of(library, connection, space, allowed))
        values, ids = values[kept], ids[kept]
    wanted = {name: weight for name, weight in weights.items() if name != TIMBRE}
    if not wanted:
        return Measured(ids, np.zeros(len(ids)), {}, [])
    unknown = np.isnan(table.values[:, 0])
    if unknown.all():
        raise QueryError(
            "no recording here has been measured for pitch, loudness and rhythm; add the folders "
            "again with: tonotopy add PATH..."
        )
    notes = []
    if unknown.any():
        notes.append(
            f"{int(unknown.sum())} of {len(unknown)} recordings have not been measured for pitch, "
            "loudness and rhythm and count as unlike; add their folders again"
        )
    wished = [aspects_of(connection, each) for each in likes]
    unwished = [aspects_of(connection, each) for each in unlikes]
    likenesses = {name: mean_likeness(name, wished, values) for name in wanted}
    scores = np.zeros(len(ids))
    for name, weight in wanted.items():
        scores += weight * likenesses[name]
        if unwished:
            scores -= UNLIKE_WEIGHT * weight * mean_likeness(name, unwished, values)
    return Measured(ids, scores, likenesses, notes)


def mean_likeness(
    aspect: str, sounds: Sequence[Aspects], values: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Average how alike recordings and some sounds are."""
    mean: NDArray[np.float64] = np.mean([likeness(aspect, each, values) for each in sounds], axis=0)
    return mean


def aspect_table(library: Catalog, connection: Connection, space: Space) -> AspectTable:
    """Load the aspects of all recordings of a space, NaN for those without; kept in memory."""

    def load(before: AspectTable | None) -> AspectTable:  # noqa: ARG001  (nothing is used again)
        heard = np.array(sorted(catalog.covered_recordings(connection, space)), np.int64)
        stored = catalog.load_aspects(connection)
        values = np.full((len(heard), len(Aspects._fields)), np.nan, np.float32)
        _, here, there = np.intersect1d(
            heard, stored.recording_ids, assume_unique=True, return_indices=True
        )
        values[here] = stored.values[there]
        return AspectTable(heard, values)

    version = (space.generation, catalog.aspect_state(connection))
    return library.kept(f"aspects of space {space.id}", version, load)


def owners_of(
    library: Catalog, connection: Connection, space: Space, windows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Tell which recordings some windows of a space belong to."""
    ids, owners = library.kept(
        f"owners in space {space.id}",
        space.generation,
        lambda _: recordings_of_windows(connection, space),
    )
    return np.unique(owners[np.isin(ids, windows, assume_unique=True)])


def aspects_of(connection: Connection, example: Example) -> Aspects:
    """Tell the aspects of an example: as they are stored, or measured now from its sound.

    Raises
    ------
    QueryError
        If it is a recording that has not been measured, and its file is gone.
    DecodeError
        If a file cannot be heard.
    """
    match example:
        case AudioFile(path, start_s, end_s):
            known = catalog.find_by_path(connection, path)
            if known is not None and start_s is None and end_s is None and is_as_known(known):
                stored = catalog.aspects_of_recordings(connection, [known.id])
                if known.id in stored:
                    return stored[known.id]
            return measure_interval(Path(path), start_s=start_s or 0.0, end_s=end_s)
        case StoredRecording(recording_id, None, None):
            return aspects_within(connection, recording_id, None)
        case StoredRecording(recording_id, start_s, end_s):
            return aspects_within(connection, recording_id, (start_s or 0.0, end_s))
        case StoredWindow(window_id):
            window = catalog.get_windows(connection, [window_id])[window_id]
            return aspects_within(connection, window.recording_id, (window.start_s, window.end_s))


def aspects_within(
    connection: Connection, recording_id: int, interval: tuple[float, float | None] | None
) -> Aspects:
    """Tell the aspects of a recording or of a part of it.

    A part is measured in the file; where that is gone, it is taken to be like the whole.
    """
    recording = catalog.get_recordings(connection, [recording_id])[recording_id]
    stored = catalog.aspects_of_recordings(connection, [recording_id]).get(recording_id)
    start_s, end_s = interval or (0.0, None)
    length_s = (recording.duration_s if end_s is None else end_s) - start_s
    there = os.path.exists(recording.file)
    if stored is not None and (not there or length_s >= WHOLE * recording.duration_s):
        return stored
    if not there:
        raise QueryError(
            f"{recording.path} has not been measured for pitch, loudness and rhythm, and its file "
            "is gone; search with another sound"
        )
    return measure_interval(Path(recording.file), start_s=start_s, end_s=end_s)


def own_recordings(connection: Connection, examples: Sequence[Example]) -> list[int]:
    """List the recordings of the library that are searched with, in whole or in part."""
    own = []
    for each in examples:
        match each:
            case AudioFile(path=path):
                known = catalog.find_by_path(connection, path)
                if known is not None and is_as_known(known):
                    own.append(known.id)
            case StoredRecording(id=recording_id):
                own.append(recording_id)
            case StoredWindow(window_id):
                own.append(catalog.get_windows(connection, [window_id])[window_id].recording_id)
    return own
