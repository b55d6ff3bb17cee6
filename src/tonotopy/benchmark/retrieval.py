"""Leave-one-out retrieval: every recording searches for those with its label."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Recording, Space, SpaceVectors
from tonotopy.errors import NotInLibrary, QueryError
from tonotopy.metrics import Measure, TiedRanking, mean_scores, same_group
from tonotopy.ranking import Sound, score_windows, similarities

__all__ = ["RetrievalScores", "benchmark_retrieval"]

MEASURES: dict[str, Measure] = {
    "mAP": TiedRanking.average_precision,
    "mAP@R": lambda ranking: ranking.average_precision(at="R"),
    "recall@10": lambda ranking: ranking.recall(10),
    "R-precision": TiedRanking.r_precision,
    "nearest right": lambda ranking: ranking.precision(1),
}
MAX_WINDOWS = 20_000  # all against all, in memory


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """How well a space finds what has the same label."""

    space: str
    by: str
    grouped_by: str | None  #: metadata key whose equals are left out; None: only the query itself
    n_queries: int
    n_labels: int
    n_left_out: int  #: without a label, or alone with theirs
    scores: dict[str, float]


def benchmark_retrieval(
    library: Catalog,
    *,
    by: Literal["recording", "window"] = "recording",
    labels: Literal["folder", "annotations"] = "folder",
    group: str | None = None,
    space: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[RetrievalScores]:
    """Measure leave-one-out retrieval in every space of a library, or in one.

    Each recording (or window) is searched with; what has its label is relevant. Scores are as
    `tonotopy.search` computes them, and equal ones count by the expectation over their orders.

    Parameters
    ----------
    library : Catalog
        An open library.
    by : {"recording", "window"}
        What is searched with and found; a window never finds others of its recording.
    labels : {"folder", "annotations"}
        Whether the folder that holds a file is its label, or its first annotation.
    group : str, optional
        Metadata key, such as a source; recordings with the query's value are left out too.
    space : str, optional
        One space; all by default.
    on_progress : callable, optional
        Is told (queries done, queries in all) for each space.

    Raises
    ------
    NotInLibrary
        If fewer than two recordings share a label.
    QueryError
        If no recording has the metadata key.
    """
    with library.read() as connection:
        spaces = catalog.list_spaces(connection)
        if space is not None:
            spaces = [catalog.find_space(connection, space)]
        recordings = catalog.get_recordings(connection, catalog.recording_ids(connection))
        label_of = labels_by(connection, recordings, labels)
        group_of = groups_by(recordings, group)
        results = []
        for each in spaces:
            _, levels_db = catalog.window_levels(connection, each)
            loaded = labelled(catalog.load_vectors(connection, each), levels_db, label_of)
            measure = measure_recordings if by == "recording" else measure_windows
            results.append(measure(each, loaded, label_of, group_of, group, on_progress))
    return results


def labels_by(
    connection: Connection, recordings: dict[int, Recording], source: str
) -> dict[int, str]:
    """Find the label of each recording."""
    if source == "folder":
        return {
            each.id: os.path.basename(os.path.dirname(each.path)) for each in recordings.values()
        }
    annotated = catalog.recording_labels(connection, list(recordings))
    return {each: labels[0][0] for each, labels in annotated.items() if labels}


def groups_by(recordings: dict[int, Recording], key: str | None) -> dict[int, str]:
    """Find the group of each recording: itself, or a metadata value."""
    if key is None:
        return {each: str(each) for each in recordings}
    if not any(key in each.metadata for each in recordings.values()):
        known = sorted({name for each in recordings.values() for name in each.metadata})
        raise QueryError(
            f"no recording has the metadata {key!r} to group by; there is: "
            f"{', '.join(known) or 'none, add with --label-pattern'}"
        )
    return {
        each.id: str(each.metadata.get(key, f"recording {each.id}")) for each in recordings.values()
    }


@dataclass(frozen=True, slots=True)
class Labelled:
    """Windows of recordings that have a label."""

    recording_ids: NDArray[np.int64]
    sound: Sound

    def of(self, recording_id: int) -> Sound:
        """Give the windows of one recording."""
        own = self.recording_ids == recording_id
        levels_db = self.sound.levels_db
        return Sound(self.sound.vectors[own], None if levels_db is None else levels_db[own])


def labelled(
    loaded: SpaceVectors, levels_db: NDArray[np.float32], label_of: dict[int, str]
) -> Labelled:
    """Keep the windows of recordings that have a label."""
    keep = np.isin(loaded.recording_ids, np.array(list(label_of), np.int64))
    return Labelled(loaded.recording_ids[keep], Sound(loaded.vectors[keep], levels_db[keep]))


def measure_recordings(
    space: Space,
    loaded: Labelled,
    label_of: dict[int, str],
    group_of: dict[int, str],
    group: str | None,
    on_progress: Callable[[int, int], None] | None,
) -> RetrievalScores:
    """Search with every recording for recordings."""
    ids = np.unique(loaded.recording_ids)
    distances = np.empty((len(ids), len(ids)), np.float32)
    for row, each in enumerate(ids.tolist()):
        scores = score_windows(
            loaded.sound, loaded.recording_ids, likes=[loaded.of(each)], metric=space.metric
        )
        distances[row] = -scores.group_scores
        if on_progress is not None:
            on_progress(row + 1, len(ids))
    y = np.array([label_of[each] for each in ids.tolist()])
    groups = np.array([group_of[each] for each in ids.tolist()])
    return summed_up(space, "recording", group, distances, y, groups)


def measure_windows(
    space: Space,
    loaded: Labelled,
    label_of: dict[int, str],
    group_of: dict[int, str],
    group: str | None,
    on_progress: Callable[[int, int], None] | None,
) -> RetrievalScores:
    """Search with every window for windows."""
    n_windows = len(loaded.recording_ids)
    if n_windows > MAX_WINDOWS:
        raise QueryError(
            f"{n_windows} windows are too many to compare all with all (at most {MAX_WINDOWS}); "
            "use --by recording"
        )
    distances = -similarities(loaded.sound.vectors, loaded.sound.vectors, space.metric)
    if on_progress is not None:
        on_progress(n_windows, n_windows)
    y = np.array([label_of[each] for each in loaded.recording_ids.tolist()])
    groups = np.array([group_of[each] for each in loaded.recording_ids.tolist()])
    return summed_up(space, "window", group, distances, y, groups)


def summed_up(
    space: Space,
    by: str,
    group: str | None,
    distances: NDArray[np.float32],
    y: NDArray[np.str_],
    groups: NDArray[np.str_],
) -> RetrievalScores:
    """Score rankings; what shares the query's group is left out, the query itself always."""
    scored = mean_scores(MEASURES, distances, y, y, exclude=same_group(groups, groups))
    n_queries = scored["mAP"].n_queries
    if not n_queries:
        raise NotInLibrary(
            "no two recordings share a label, so nothing can be measured; "
            "label them, e.g. tonotopy add PATH --labels-from-folders"
        )
    return RetrievalScores(
        space=space.name,
        by=by,
        grouped_by=group,
        n_queries=n_queries,
        n_labels=len(np.unique(y)),
        n_left_out=scored["mAP"].n_without_relevant,
        scores={name: score.value for name, score in scored.items()},
    )
