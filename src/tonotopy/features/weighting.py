"""Loudness: how strong a sound is to the ear, from levels of stretches that come one by one.

The weighting is the K curve of broadcasting [1]_, applied to power spectra; what counts is what is
not much quieter than the rest, by the gates given there.

References
----------
.. [1] ITU-R BS.1770-4, "Algorithms to measure audio programme loudness and true-peak audio level",
   2015.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["QUIETEST_DB", "Gate", "k_weights"]

QUIETEST_DB = -120.0  #: of digital silence, and of anything below
_LOUDEST_DB = 60.0
_STEP_DB = 0.5
_OFFSET_DB = -0.691  # the standard's: a sine of 1 kHz at full scale is at -3.01
_GATE_DB = -70.0  # absolute
_BELOW_MEAN_DB = 10.0  # relative
_RATE = 48_000  # of the standard's coefficients
_SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (-1.69065929318241, 0.73248077421585),
)
_HIGH_PASS = ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))


def k_weights(frequencies: NDArray[np.floating]) -> NDArray[np.float64]:
    """Tell what the K curve multiplies power by.

    Parameters
    ----------
    frequencies : ndarray
        Hz; beyond 23.9 kHz the curve goes on as it is there.

    Returns
    -------
    ndarray of the shape of ``frequencies``
        At least 0; about 1 at 400 Hz, 2.5 above 3 kHz.

    Examples
    --------
    >>> k_weights(np.array([0.0, 100.0, 997.0, 10_000.0])).round(2)
    array([0.  , 0.77, 1.17, 2.54])
    """
    z = np.exp(-2j * np.pi / _RATE * np.minimum(frequencies, 23_900.0))
    weights = np.ones(np.shape(frequencies))
    for above, below in (_SHELF, _HIGH_PASS):
        upper = above[0] + above[1] * z + above[2] * z**2
        weights *= np.square(np.abs(upper / (1 + below[0] * z + below[1] * z**2)))
    return weights


class Gate:
    """Averages the power of stretches that are not much quieter than the rest.

    Memory does not grow: stretches are counted by their level, in steps of half a dB.

    Examples
    --------
    >>> gate = Gate()
    >>> gate.add(np.array([0.01, 0.01, 0.0, 1e-9]), np.ones(4))
    >>> round(gate.level_db(), 2)
    -20.69
    """

    def __init__(self) -> None:
        n_steps = round((_LOUDEST_DB - QUIETEST_DB) / _STEP_DB) + 1
        self._seconds = np.zeros(n_steps)
        self._energy = np.zeros(n_steps)

    def add(self, power: NDArray[np.floating], seconds: NDArray[np.floating]) -> None:
        """Take stretches by their mean weighted power and their length."""
        level = 10 * np.log10(np.maximum(power, 10 ** (QUIETEST_DB / 10))) + _OFFSET_DB
        step = np.rint((level - QUIETEST_DB) / _STEP_DB).astype(np.intp)
        step = np.clip(step, 0, len(self._seconds) - 1)
        self._seconds += np.bincount(step, seconds, len(self._seconds))
        self._energy += np.bincount(step, seconds * power, len(self._energy))

    def level_db(self) -> float:
        """Tell the loudness of all that was taken, `QUIETEST_DB` where all of it is silent."""
        levels = QUIETEST_DB + _STEP_DB * np.arange(len(self._seconds))
        audible = levels >= _GATE_DB
        first = self._mean_db(audible if self._seconds[audible].any() else levels > QUIETEST_DB)
        return self._mean_db(levels >= first - _BELOW_MEAN_DB)

    def _mean_db(self, kept: NDArray[np.bool_]) -> float:
        seconds, energy = self._seconds[kept].sum(), self._energy[kept].sum()
        if seconds == 0 or energy <= 0:
            return QUIETEST_DB
        return max(QUIETEST_DB, float(10 * np.log10(energy / seconds)) + _OFFSET_DB)
