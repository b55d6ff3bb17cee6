"""Listing: what a filter lets through, when there is nothing to compare it with."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Space
from tonotopy.catalog.bulk import recordings_of_windows
from tonotopy.ranking import Stretch, one_per_run
from tonotopy.retrieve.results import Hit

__all__ = ["SCORE_NAME", "Found", "as_whole", "list_allowed"]

SCORE_NAME = "fits the filter"
AT_ONCE = 256  # windows looked up at once while runs are merged

Found: TypeAlias = tuple[Stretch, int, float]  # best window, its id, score of the hit


def list_allowed(
    connection: Connection,
    space: Space,
    allowed: NDArray[np.int64] | None,
    *,
    k: int,
    by: Literal["recording", "window"],
    per_recording: int | None,
) -> list[Found]:
    """List what may be found, in the order in which it was added; each scores 1.

    Parameters
    ----------
    connection : Connection
        A reading one.
    space : Space
        Whose windows are listed.
    allowed : ndarray of shape (n_allowed,) or None
        Ids of windows that may be found, ascending; None for all.
    k : int
        How many to list at most.
    by : {"recording", "window"}
        Recordings, each with its first window that may be found, or runs of overlapping windows.
    per_recording : int or None
        With ``by="window"``, how many of one recording at most.
    """
    ids, owners = recordings_of_windows(connection, space)
    if allowed is not None:
        keep = np.isin(ids, allowed, assume_unique=True)
        ids, owners = ids[keep], owners[keep]
    if by == "recording":
        _, first = np.unique(owners, return_index=True)
        chosen = ids[first[:k]].tolist()
        return [(each, each.position, 1.0) for each in placed(connection, chosen)]
    found: list[Found] = []
    for stretch in one_per_run(in_turn(connection, ids), per_recording=per_recording):
        found.append((stretch, stretch.position, 1.0))
        if len(found) == k:
            break
    return found


def in_turn(connection: Connection, ids: NDArray[np.int64]) -> Iterator[Stretch]:
    """Look up windows as they are wanted."""
    for start in range(0, len(ids), AT_ONCE):
        yield from placed(connection, ids[start : start + AT_ONCE].tolist())


def placed(connection: Connection, ids: Sequence[int]) -> list[Stretch]:
    """Look up where windows are in their recordings; their position is their id."""
    windows = catalog.get_windows(connection, ids)
    return [
        Stretch(each, window.recording_id, window.channel, window.start_s, window.end_s)
        for each, window in ((each, windows[each]) for each in ids)
    ]


def as_whole(connection: Connection, space: Space, hits: Sequence[Hit]) -> list[Hit]:
    """Let hits stand for all of their recordings."""
    ids = [hit.recording_id for hit in hits]
    recordings = catalog.get_recordings(connection, ids)
    tags = catalog.tags_of_recordings(connection, space, ids)
    labels = catalog.recording_labels(connection, ids)
    whole = []
    for hit in hits:
        end_s = recordings[hit.recording_id].duration_s
        told = catalog.labels_of(labels.get(hit.recording_id, ()), 0.0, end_s)
        tagged = tags.get(hit.recording_id, [])
        whole.append(replace(hit, start_s=0.0, end_s=end_s, labels=told, tags=tagged))
    return whole
