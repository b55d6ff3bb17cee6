"""How loud a recording is, and by how much it is amplified to sound about as loud as others."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["CEILING_DB", "MOST_DB", "TARGET_DB", "gated_level", "playing_gain"]

TARGET_DB = -20.0  # root mean square in dBFS that recordings are brought to
MOST_DB = 20.0  # a recording is amplified by this at most, or its noise would be all one hears
CEILING_DB = -1.0  # peaks stay below this
SILENT_DB = -70.0  # windows quieter than this do not count
GATE_DB = 10.0  # nor do those that are quieter than the mean of the others by this


def gated_level(levels: NDArray[np.floating]) -> float:
    """Measure how loud a recording is where it sounds, by the gates of ITU-R BS.1770 [1]_.

    Silence between the barks of a dog does not make the dog quieter. Other than there, frequencies
    count alike.

    Parameters
    ----------
    levels : ndarray of shape (n,)
        Root mean square of its windows in dBFS; NaN where nobody measured.

    Returns
    -------
    float
        Mean power in dBFS; NaN where no window was measured, or none is louder than -70 dB.

    References
    ----------
    .. [1] ITU-R BS.1770-5, "Algorithms to measure audio programme loudness and true-peak audio
       level", 2023.

    Examples
    --------
    >>> gated_level(np.array([-20.0, -20.0, -60.0, -120.0]))
    -20.0
    """
    power = 10 ** (levels[levels > SILENT_DB].astype(np.float64) / 10)
    if not len(power):
        return math.nan
    heard = power[power >= power.mean() / 10 ** (GATE_DB / 10)]
    return float(10 * np.log10(heard.mean()))


def playing_gain(level_db: float, peak: float) -> float:
    """Say by how much to amplify a recording so that it sounds about as loud as others.

    Parameters
    ----------
    level_db : float
        How loud it is, see `gated_level`; where that is NaN, it is not amplified.
    peak : float in [0, 1]
        Its largest sample; 1 where that is unknown.

    Returns
    -------
    float
        Decibels: what brings it to -20 dBFS, but at most 20, and no more than lets its largest
        sample reach -1 dBFS. A recording that is louder is attenuated.

    Examples
    --------
    >>> playing_gain(-30.0, 0.1), playing_gain(-60.0, 0.001), playing_gain(-14.0, 1.0)
    (10.0, 20.0, -6.0)
    >>> playing_gain(-30.0, 1.0)  # a click is all there is to its peak
    -1.0
    """
    wanted = 0.0 if math.isnan(level_db) else TARGET_DB - level_db
    room = CEILING_DB - 20 * math.log10(peak) if peak > 0 else math.inf
    return min(wanted, MOST_DB, room)
