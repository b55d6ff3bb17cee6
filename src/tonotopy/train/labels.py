"""Which class each window of a space is of, as the library's annotations say."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Annotation, Space
from tonotopy.ranking import QUIET
from tonotopy.windows import covers_half

__all__ = ["UNLABELLED", "LabelledWindows", "labelled_windows"]

UNLABELLED = -1
TRUST = ("name", "folder")  # who is believed after people, the first the more


@dataclass(frozen=True, slots=True)
class LabelledWindows:
    """The windows of a space with their classes.

    Attributes
    ----------
    ids, recording_ids : ndarray of shape (n,)
        Windows, ascending, and their recordings.
    y : ndarray of shape (n,)
        Of each window the place of its class, or -1.
    classes : list of str
        Labels that are on enough recordings, ascending.
    n_recordings : list of int
        On how many recordings each class is.
    """

    ids: NDArray[np.int64]
    recording_ids: NDArray[np.int64]
    y: NDArray[np.int64]
    classes: list[str]
    n_recordings: list[int]

    @property
    def coverage(self) -> float:
        """Share of the windows that have a class, 0 to 1."""
        return float((self.y >= 0).mean()) if len(self.y) else 0.0


def labelled_windows(
    connection: Connection,
    space: Space,
    ids: NDArray[np.int64],
    recording_ids: NDArray[np.int64],
    *,
    fewest: int,
) -> LabelledWindows:
    """Spread the labels of recordings and of their stretches over the windows.

    A label of a whole recording is every window's that sounds: not 40 dB below the loudest one. A
    label of a stretch is that of windows which overlap it by half of the shorter. Of different
    labels those of people count before those of file names, and these before those of folders;
    where one of them says several things, the window has none.

    Parameters
    ----------
    connection : Connection
        A reading one.
    space : Space
        Whose windows.
    ids, recording_ids : ndarray of shape (n,)
        The windows, ascending, and their recordings.
    fewest : int
        Labels on fewer recordings are no classes.
    """
    said: dict[int, list[Annotation]] = defaultdict(list)
    for each in catalog.list_annotations(connection):
        if each.polarity == "positive" and not each.provenance.startswith("classifier:"):
            said[each.recording_id].append(each)
    concerned = np.flatnonzero(np.isin(recording_ids, np.array(list(said), np.int64)))
    loud = sounding_windows(connection, space, ids, recording_ids)
    label_of: dict[int, str] = {}
    for start in range(0, len(concerned), 4096):
        places = concerned[start : start + 4096].tolist()
        windows = catalog.get_windows(connection, ids[places].tolist())
        for place in places:
            window = windows[int(ids[place])]
            about = said[int(recording_ids[place])]
            label = believed(about, window.start_s, window.end_s, loud=bool(loud[place]))
            if label is not None:
                label_of[place] = label
    return as_classes(ids, recording_ids, label_of, fewest)


def believed(said: list[Annotation], start_s: float, end_s: float, *, loud: bool) -> str | None:
    """Settle on the label of a window; None if nobody, or one and the same, says which."""
    labels: dict[int, set[str]] = defaultdict(set)
    for each in said:
        if each.start_s is None or each.end_s is None:
            here = loud
        else:
            here = covers_half(each.start_s, each.end_s, start_s, end_s)
        if here:
            rank = TRUST.index(each.provenance) if each.provenance in TRUST else -1
            labels[rank].add(each.label)
    first = labels[min(labels)] if labels else set()
    return next(iter(first)) if len(first) == 1 else None


def sounding_windows(
    connection: Connection, space: Space, ids: NDArray[np.int64], recording_ids: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which windows are not silent beside the loudest of their recording."""
    known, levels = catalog.window_levels(connection, space)
    levels_db = levels[np.searchsorted(known, ids)]
    owners, place = np.unique(recording_ids, return_inverse=True)
    loudest = np.full(len(owners), -np.inf, np.float32)
    with np.errstate(invalid="ignore"):  # NaN where nobody measured, and so it stays
        np.maximum.at(loudest, place, levels_db)
    loud: NDArray[np.bool_] = ~(levels_db < loudest[place] + 20 * np.log10(QUIET))
    return loud


def as_classes(
    ids: NDArray[np.int64],
    recording_ids: NDArray[np.int64],
    label_of: dict[int, str],
    fewest: int,
) -> LabelledWindows:
    """Number the labels that are on enough recordings."""
    on: dict[str, set[int]] = defaultdict(set)
    for place, label in label_of.items():
        on[label].add(int(recording_ids[place]))
    classes = sorted(label for label, recordings in on.items() if len(recordings) >= fewest)
    number = {label: each for each, label in enumerate(classes)}
    y = np.full(len(ids), UNLABELLED, np.int64)
    for place, label in label_of.items():
        y[place] = number.get(label, UNLABELLED)
    return LabelledWindows(ids, recording_ids, y, classes, [len(on[label]) for label in classes])
