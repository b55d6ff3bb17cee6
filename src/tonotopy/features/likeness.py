"""How alike recordings are in pitch, loudness and rhythm, each from 0 to 1.

A likeness is 1 where there is no difference and halves with every step of it:

- *loudness*: 6 dB.
- *pitch*: 4 semitones. Two recordings without a pitch are compared by how bright they are, an
  octave of their centroids a step. Where only one has a pitch, a quarter of that counts.
- *rhythm*: a step is a doubling of how often sounds begin, two doublings of how long they last,
  three of how long they rise, or all the way from no regularity to a steady pulse; the steps of
  all four are added like the sides of a right angle.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tonotopy.features.aspects import Aspects

__all__ = ["MEASURED", "likeness"]

_Fields: TypeAlias = dict[str, NDArray[np.float64]]

MEASURED = ("pitch", "loudness", "rhythm")  #: what is compared by its own numbers

_LOUDNESS_DB = 6.0
_PITCH_OCTAVES = 4 / 12
_BRIGHTNESS_OCTAVES = 1.0
_ONE_HAS_A_PITCH = 0.25
_RARE_ONSETS = 0.25  # per second: what is rarer differs little
_RATE_OCTAVES = 1.0
_DECAY_OCTAVES = 2.0
_ATTACK_OCTAVES = 3.0
_PULSE = 1.0


def likeness(
    aspect: str, sound: Sequence[float | None], others: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Tell how alike one recording and others are in an aspect.

    Parameters
    ----------
    aspect : {"pitch", "loudness", "rhythm"}
        In what.
    sound : Aspects
        Of the one recording.
    others : ndarray of shape (n, 8)
        Of the others, a column for each field of `Aspects`, NaN where it is None.

    Returns
    -------
    ndarray of shape (n,)
        From 0 to 1; 0 where nothing is known of the other, as where all of its columns are NaN.

    Examples
    --------
    >>> tone = Aspects(-20, 220.0, 1.0, 300.0, 0.0, 0.0, 0.01, 1.0)
    >>> others = np.array([tone, tone._replace(loudness_db=-26), tone._replace(pitch_hz=440.0)])
    >>> likeness("loudness", tone, others).round(2), likeness("pitch", tone, others).round(3)
    (array([1. , 0.5, 1. ]), array([1.   , 1.   , 0.125]))
    """
    if aspect not in MEASURED:
        raise ValueError(f"aspect={aspect!r} must be one of {', '.join(MEASURED)}")
    one = dict(zip(Aspects._fields, np.array(sound, np.float64), strict=True))  # None becomes NaN
    many = dict(zip(Aspects._fields, np.asarray(others, np.float64).T, strict=True))
    steps = {"pitch": _pitch_steps, "loudness": _loudness_steps, "rhythm": _rhythm_steps}[aspect]
    alike: NDArray[np.float64] = np.nan_to_num(np.exp2(-steps(one, many)), nan=0.0)
    return alike


def _loudness_steps(one: _Fields, many: _Fields) -> NDArray[np.float64]:
    return np.abs(one["loudness_db"] - many["loudness_db"]) / _LOUDNESS_DB


def _pitch_steps(one: _Fields, many: _Fields) -> NDArray[np.float64]:
    pitched = np.isfinite(many["pitch_hz"])
    brightness = _octaves("brightness_hz", one, many) / _BRIGHTNESS_OCTAVES
    if not np.isfinite(one["pitch_hz"]):
        return np.where(pitched, brightness - np.log2(_ONE_HAS_A_PITCH), brightness)
    pitch = _octaves("pitch_hz", one, many) / _PITCH_OCTAVES
    return np.where(pitched, pitch, brightness - np.log2(_ONE_HAS_A_PITCH))


def _rhythm_steps(one: _Fields, many: _Fields) -> NDArray[np.float64]:
    steps = np.square((one["pulse"] - many["pulse"]) / _PULSE)
    steps += np.square(_octaves("onsets_per_s", one, many, above=_RARE_ONSETS) / _RATE_OCTAVES)
    steps += np.square(_octaves("decay_s", one, many) / _DECAY_OCTAVES)
    steps += np.square(_octaves("attack_s", one, many) / _ATTACK_OCTAVES)
    return np.sqrt(steps)


def _octaves(field: str, one: _Fields, many: _Fields, *, above: float = 0.0) -> NDArray[np.float64]:
    return np.abs(np.log2((many[field] + above) / (one[field] + above)))
