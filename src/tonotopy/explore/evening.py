"""The verb `gain_of`: by how much a recording is amplified so that all sound about as loud."""

import numpy as np
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.audio import Overview
from tonotopy.catalog import Recording
from tonotopy.catalog.levels import levels_of_windows
from tonotopy.features.loudness import gated_level, playing_gain

__all__ = ["gain_of"]

MOST_WINDOWS = 256  # of a recording that are asked how loud they are
FULL = 127  # of the waveform


def gain_of(connection: Connection, recording: Recording) -> float:
    """Say by how much to amplify a recording so that it sounds about as loud as others.

    Parameters
    ----------
    connection : Connection
        To the library.
    recording : Recording
        One of its recordings.

    Returns
    -------
    float
        Decibels, at most 20, see `tonotopy.features.loudness.playing_gain`. It is measured from up
        to 256 windows, evenly spread, and from the peak of the waveform, that of all channels
        mixed.
    """
    packed = catalog.get_peaks(connection, recording.id)
    pairs = Overview.from_bytes(packed).pairs if packed else np.empty((0, 2), np.int8)
    # -128 has no int8 that is as large.
    peak = int(np.abs(pairs.astype(np.int16)).max()) / FULL if len(pairs) else 1.0
    spaces = catalog.list_spaces(connection)
    for space in sorted(spaces, key=lambda each: not each.is_default):
        first, n = catalog.window_ranges(connection, space, [recording.id]).get(
            recording.id, (0, 0)
        )
        ids = first + np.unique(np.linspace(0, n, min(n, MOST_WINDOWS), False).astype(np.int64))
        level = gated_level(levels_of_windows(connection, ids))
        if not np.isnan(level):
            return playing_gain(level, peak)
    return playing_gain(np.nan, peak)
