"""Aspects: pitch, loudness and rhythm of a recording in a handful of numbers.

They are measured from its samples as they come, at the rate of its file, whatever embedder listens
beside. Each 10 ms give a point of the envelope, from which comes the rhythm, and each 90 ms a
level. Of the loudest of these, a quarter and at least the first eight, spectra tell brightness,
pitch, and how the ear weighs the levels.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.features.pitch import LOWEST_HZ, fundamental
from tonotopy.features.rhythm import FRAME_RATE, Rhythm
from tonotopy.features.spectra import hann
from tonotopy.features.weighting import Gate, k_weights

__all__ = ["REVISION", "AspectMeter", "Aspects"]

REVISION = 1  #: changes whenever the numbers change, so that they are measured again

_HOPS = 9  # of the envelope in a spectral frame
_AT_ONCE = 24  # spectra made together
_FIRST, _SHARE = 8, 4  # frames that are looked into at the beginning; then one of so many
_PART_FRAMES = 60_000  # of the envelope, ten minutes: memory does not grow
_VOICED = 0.6  # strength from which on a frame has a pitch
_PITCHED = 0.5  # share of the sound, by amplitude, that has one: then the recording has
_BINS_PER_OCTAVE = 120
_N_BINS = 7 * _BINS_PER_OCTAVE
_NEAR = 6  # bins, half a semitone: what is so near to the median is averaged
_LOWEST_CENTRE_HZ = 20.0  # what is below is no sound


class Aspects(NamedTuple):
    """What a recording is like beside its timbre."""

    loudness_db: float  #: K-weighted level of what sounds, LUFS of the mix; -120: silence
    pitch_hz: float | None  #: fundamental, the median by amplitude; None where most has none
    voicing: float  #: how much of it has a pitch, by amplitude, 0 to 1
    brightness_hz: float | None  #: centroid of its power; None in silence
    onsets_per_s: float  #: beginnings of sounds after the first, per second
    pulse: float  #: how regular they are, 0 to 1
    attack_s: float  #: how long sounds rise, 0.01 at least
    decay_s: float  #: how long they last from there on, 0.01 at least


class AspectMeter:
    """Measures a sound that comes in pieces, in memory that does not grow with it.

    Samples that are NaN or infinite count as silence.

    Parameters
    ----------
    sample_rate : int > 0
        Hz.

    Examples
    --------
    >>> meter = AspectMeter(8000)
    >>> meter.push(np.sin(2 * np.pi * 220 / 8000 * np.arange(8000, dtype=np.float32)))
    >>> heard = meter.finish()
    >>> round(heard.pitch_hz), round(heard.voicing, 2), heard.onsets_per_s
    (220, 0.99, 0.0)
    """

    def __init__(self, sample_rate: int) -> None:
        if sample_rate <= 0:
            raise ValueError(f"sample_rate={sample_rate} Hz must be positive")
        self._rate = sample_rate
        self._hop = max(1, round(sample_rate / FRAME_RATE))
        self._frame = self._hop * _HOPS
        self._waiting = np.zeros(0, np.float32)
        self._previous = np.float32(np.nan)  # the sample before those that wait
        self._n_chosen = 0  # of the frames in `_section`
        self._section: list[_Frames] = []
        self._envelope: list[NDArray[np.float32]] = []
        self._n_envelope = 0
        self._rhythm = Rhythm()
        self._tone = _Tone(sample_rate, self._frame)
        self._began = False

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n,), full scale being 1."""
        waiting = np.concatenate((self._waiting, samples)) if len(self._waiting) else samples
        whole = len(waiting) - len(waiting) % self._frame
        if whole:
            self._take(waiting[:whole], whole)
        self._waiting = waiting[whole:].copy()

    def finish(self) -> Aspects:
        """Tell what was heard; nothing may be pushed after."""
        if n_left := len(self._waiting):
            padded = np.zeros(self._frame, np.float32)
            padded[:n_left] = self._waiting
            self._take(padded, n_left)
        self._end_section()
        self._end_part()
        return self._tone.aspects(self._rhythm)

    def _take(self, samples: NDArray[np.float32], n_own: int) -> None:
        """Take whole frames, of which the first ``n_own`` samples are sound."""
        with np.errstate(all="ignore"):  # what is not finite is silenced below
            frames = samples.reshape(-1, self._frame)
            energy = np.einsum("ij,ij->i", frames, frames)
            if not np.isfinite(energy).all():
                frames = np.where(np.isfinite(energy)[:, np.newaxis], frames, np.float32(0))
                energy = np.einsum("ij,ij->i", frames, frames)
                samples = frames.ravel()
        self._follow(samples, -(-n_own // self._hop))
        n_frames = np.full(len(frames), self._frame)
        n_frames[-1] = n_own - (len(frames) - 1) * self._frame
        n_chosen = min(len(frames), -(-len(frames) // _SHARE) if self._began else _FIRST)
        self._began = True
        loudest = np.argsort(-energy, kind="stable")[:n_chosen]
        section = _Frames(frames[loudest], loudest, energy / n_frames, n_frames / self._rate)
        self._section.append(section)
        self._n_chosen += n_chosen
        if self._n_chosen >= _AT_ONCE:
            self._end_section()

    def _follow(self, samples: NDArray[np.float32], n_hops: int) -> None:
        """Note the power of the sound and of its changes."""
        changes = np.empty_like(samples)
        changes[0] = 0 if np.isnan(self._previous) else samples[0] - self._previous
        np.subtract(samples[1:], samples[:-1], out=changes[1:])
        self._previous = samples[-1]
        envelope = np.empty((2, n_hops), np.float32)
        for row, signal in zip(envelope, (samples, changes), strict=True):
            hops = signal.reshape(-1, self._hop)[:n_hops]
            np.einsum("ij,ij->i", hops, hops, out=row)
        self._envelope.append(envelope)
        self._n_envelope += n_hops
        if self._n_envelope >= _PART_FRAMES:
            self._end_part()

    def _end_part(self) -> None:
        if self._envelope:
            self._rhythm.add(np.concatenate(self._envelope, axis=1))
            self._envelope, self._n_envelope = [], 0

    def _end_section(self) -> None:
        if self._section:
            self._tone.add(self._section)
            self._section, self._n_chosen = [], 0


class _Frames(NamedTuple):
    """Some frames that follow each other."""

    chosen: NDArray[np.float32]  #: the samples of some, (n_chosen, n_samples)
    place: NDArray[np.intp]  #: which these are
    power: NDArray[np.float32]  #: mean square of each
    seconds: NDArray[np.float64]  #: its length, without zeros behind the sound


class _Tone:
    """Adds up what spectra say: loudness, brightness and pitch."""

    def __init__(self, sample_rate: int, frame: int) -> None:
        from scipy.fft import next_fast_len

        self._rate, self._frame = sample_rate, frame
        self._n_fft: int = next_fast_len(frame, real=True)
        self._gate = Gate()
        self._amplitude = 0.0  # of the frames that were looked into
        self._voiced = 0.0  # of those that have a pitch
        self._audible = 0.0  # of those that have a centroid
        self._brightness = 0.0  # sum of amplitude times octaves above 1 Hz
        self._pitches = np.zeros(_N_BINS)
        self._octaves = np.zeros(_N_BINS)

    def add(self, section: list[_Frames]) -> None:
        """Take frames; those that were not chosen are weighed like those that were."""
        from scipy.fft import rfft

        chosen = np.concatenate([each.chosen for each in section])
        power = np.concatenate([each.power[each.place] for each in section]).astype(np.float64)
        seconds = np.concatenate([each.seconds[each.place] for each in section])
        chosen *= hann(self._frame)
        spectra = rfft(chosen, self._n_fft, axis=1, overwrite_x=True)
        powers = np.square(spectra.real)
        powers += np.square(spectra.imag)
        total, heard, audible, centre = (powers @ _curves(self._n_fft, self._rate)).T
        gain = heard.astype(np.float64) / np.maximum(total, np.float32(1e-30))
        weighted = power * gain
        everything = np.concatenate([each.power for each in section]).astype(np.float64)
        everything *= weighted.sum() / max(power.sum(), 1e-30)
        self._gate.add(everything, np.concatenate([each.seconds for each in section]))
        amplitude = np.sqrt(weighted) * seconds
        self._amplitude += float(amplitude.sum())
        bright = audible > 0
        octaves = np.log2(np.maximum(centre[bright] / audible[bright], _LOWEST_CENTRE_HZ))
        self._brightness += float(amplitude[bright] @ octaves)
        self._audible += float(amplitude[bright].sum())
        self._add_pitches(powers, amplitude)

    def _add_pitches(self, powers: NDArray[np.float32], amplitude: NDArray[np.float64]) -> None:
        frequency, strength = fundamental(
            powers, frame=self._frame, n_fft=self._n_fft, sample_rate=self._rate
        )
        voiced = strength >= _VOICED
        self._voiced += float(amplitude[voiced].sum())
        octave = np.log2(frequency[voiced] / LOWEST_HZ)
        weight = amplitude[voiced] * strength[voiced]
        place = np.clip(octave * _BINS_PER_OCTAVE, 0, _N_BINS - 1).astype(np.intp)
        self._pitches += np.bincount(place, weight, _N_BINS)
        self._octaves += np.bincount(place, weight * octave, _N_BINS)

    def aspects(self, rhythm: Rhythm) -> Aspects:
        """Tell all that was heard."""
        audible = self._audible > 0
        return Aspects(
            loudness_db=self._gate.level_db(),
            pitch_hz=self._pitch_hz(),
            voicing=min(1.0, self._voiced / self._amplitude) if self._amplitude else 0.0,
            brightness_hz=2 ** (self._brightness / self._audible) if audible else None,
            onsets_per_s=rhythm.onsets_per_s,
            pulse=rhythm.pulse,
            attack_s=rhythm.attack_s,
            decay_s=rhythm.decay_s,
        )

    def _pitch_hz(self) -> float | None:
        """Find the weighted median of the pitches, and average those near to it."""
        if self._voiced == 0 or self._voiced < _PITCHED * self._amplitude:
            return None
        cumulated = np.cumsum(self._pitches)
        median = int(np.searchsorted(cumulated, cumulated[-1] / 2))
        near = slice(max(0, median - _NEAR), median + _NEAR + 1)
        octave = self._octaves[near].sum() / self._pitches[near].sum()
        return float(LOWEST_HZ * 2**octave)


@lru_cache(maxsize=8)
def _curves(n_fft: int, sample_rate: int) -> NDArray[np.float32]:
    """Weigh bins as they are, by the K curve, without the constant part, and by frequency."""
    frequencies = np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)
    audible = (frequencies > _LOWEST_CENTRE_HZ).astype(np.float64)
    columns = [np.ones(len(frequencies)), k_weights(frequencies), audible, audible * frequencies]
    return np.stack(columns, axis=1).astype(np.float32)
