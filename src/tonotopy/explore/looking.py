"""The verb `look_at`: a recording as it is drawn, in tiles, from a click to a whole day."""

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tonotopy import audio
from tonotopy.audio import Reader
from tonotopy.errors import DecodeError
from tonotopy.features.cepstra import mel_filters
from tonotopy.features.spectra import decibels, magnitudes

__all__ = ["COLUMNS", "FINEST_S", "LEVELS", "ROWS", "Tile", "column_s", "look_at"]

ROWS = 96  # mel bands
COLUMNS = 256  # of a tile
FINEST_S = 0.005  # a column of level 0; each level doubles it
LEVELS = 16  # up to 164 s a column: eleven hours a tile
WHOLE_S = 41.0  # longer tiles are heard in samples of each column, not from end to end
FRAME_S = 0.04  # at least, of a spectrum
FRAMES_HEARD = 4  # within a column that is heard in samples
QUIETEST_DB = -100.0
FULL = 127


@dataclass(frozen=True, slots=True)
class Tile:
    """A stretch of a recording, as it is drawn.

    Attributes
    ----------
    levels : ndarray of shape (96, 256), uint8
        Mel bands, the lowest first, by columns in time: 0 is -100 dB or less, 255 is the power of
        a full-scale sine. The loudest moment of a column counts.
    peaks : ndarray of shape (2, 256), int8
        Lowest and highest sample of each column in steps of 1/127.
    top_hz : float
        Where the highest band ends; bands are evenly spaced in mel (HTK).
    sampled : bool
        Whether only moments of each column were heard.
    """

    levels: NDArray[np.uint8]
    peaks: NDArray[np.int8]
    top_hz: float
    sampled: bool


def column_s(level: int) -> float:
    """Tell how many seconds a column of a level stands for.

    Examples
    --------
    >>> column_s(0), column_s(1), column_s(15)
    (0.005, 0.01, 163.84)
    """
    return FINEST_S * float(2**level)


def look_at(file: str | os.PathLike[str], level: int, number: int) -> Tile:
    """Draw one tile of a file: its waveform and its mel spectrogram.

    Parameters
    ----------
    file : path-like
        A sound file of any length.
    level : int in [0, 15]
        How coarse: a column stands for ``0.005 * 2 ** level`` seconds.
    number : int >= 0
        Which tile of 256 columns. Behind the end of the sound there is silence.

    Raises
    ------
    ValueError
        If there is no such level or tile.
    DecodeError
        If the file cannot be opened.

    Notes
    -----
    Where a tile is longer than 41 s, four frames in the middle of each column are heard, so that a
    tile of a recording of any length is drawn in about the same time.
    """
    if not (0 <= level < LEVELS and number >= 0):
        raise ValueError(f"there is no tile {number} of level {level}; levels go from 0 to 15")
    step_s = column_s(level)
    begin_s = number * COLUMNS * step_s
    sampled = COLUMNS * step_s > WHOLE_S
    with audio.open_audio(file) as reader:
        draw = draw_moments if sampled else draw_whole
        levels, peaks = draw(reader, begin_s, step_s)
        top_hz = reader.sample_rate / 2
    return Tile(levels, peaks, top_hz, sampled)


def draw_whole(
    reader: Reader, begin_s: float, step_s: float
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Draw every moment of a tile."""
    rate = reader.sample_rate
    frame = frame_length(rate)
    edges = np.rint((begin_s + np.arange(COLUMNS + 1) * step_s) * rate).astype(np.int64)
    lead = frame // 2
    samples = decode(reader, edges[0] - lead, edges[-1] + lead)
    hop = max(1, min(frame // 4, int(step_s * rate)))
    spectra = band_levels(samples[np.newaxis], frame, hop, rate)[0]
    # Frame j is centred on sample j * hop of the tile.
    firsts = np.minimum((edges[:-1] - edges[0]) // hop, len(spectra) - 1)
    loudest = np.maximum.reduceat(spectra, firsts, axis=0)
    heard = samples[lead : lead + edges[-1] - edges[0]]
    starts = np.minimum(edges[:-1] - edges[0], len(heard) - 1)
    return loudest.T.copy(), packed_peaks(
        np.minimum.reduceat(heard, starts), np.maximum.reduceat(heard, starts)
    )


def draw_moments(
    reader: Reader, begin_s: float, step_s: float
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Draw a tile by a moment in the middle of each column."""
    rate = reader.sample_rate
    frame = frame_length(rate)
    length = frame * FRAMES_HEARD
    middles = np.rint((begin_s + (np.arange(COLUMNS) + 0.5) * step_s) * rate).astype(np.int64)
    moments = np.zeros((COLUMNS, length), np.float32)
    end = np.inf if reader.expected_s is None else reader.expected_s * rate
    for column, middle in enumerate(middles.tolist()):
        if middle >= end:
            break
        moments[column] = decode(reader, middle - length // 2, middle - length // 2 + length)
    spectra = band_levels(moments, frame, frame, rate)
    return spectra.max(axis=1).T.copy(), packed_peaks(moments.min(axis=1), moments.max(axis=1))


def frame_length(sample_rate: int) -> int:
    """Choose the length of a spectrum's frame, a power of two."""
    return 1 << max(6, int(np.ceil(np.log2(FRAME_S * sample_rate))))


def decode(reader: Reader, start: int, end: int) -> NDArray[np.float32]:
    """Decode samples from start up to end, mixed; silence before the sound and behind it."""
    found = np.zeros(end - start, np.float32)
    position = max(0, start)
    rate = reader.sample_rate
    try:
        for block in reader.blocks(position / rate, end / rate):
            mixed = audio.mix(block)
            at = position - start
            found[at : at + len(mixed)] = mixed[: len(found) - at]
            position += len(mixed)
    except DecodeError:
        return found  # damaged there, or behind the end: what was heard so far is drawn
    return found


def band_levels(signals: NDArray[np.float32], frame: int, hop: int, rate: int) -> NDArray[np.uint8]:
    """Measure mel bands in steps of 100/255 dB, shape (n, n_frames, 96)."""
    power = magnitudes(signals, n_fft=frame, hop=hop, padding=None) ** 2
    bands = power @ display_filters(frame, rate)
    full_scale = (frame / 4) ** 2  # of a sine, behind a Hann window
    level = decibels(bands, reference=full_scale, top_db=None)
    shares = 1.0 - level / QUIETEST_DB
    scaled: NDArray[np.uint8] = np.rint(shares.clip(0.0, 1.0) * 255).astype(np.uint8)
    return scaled


def display_filters(frame: int, rate: int) -> NDArray[np.float32]:
    """Make filters for drawing: a band too narrow to hold a bin shows the bin next to it."""
    filters = mel_filters(ROWS, n_fft=frame, sample_rate=rate, scale="htk", equal_area=False).copy()
    peaks_mel = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), ROWS + 2)[1:-1]
    peaks_hz = 700 * (10 ** (peaks_mel / 2595) - 1)
    nearest = np.rint(peaks_hz * frame / rate).astype(np.int64)
    filters[nearest, np.arange(ROWS)] = np.maximum(filters[nearest, np.arange(ROWS)], 1.0)
    return filters


def packed_peaks(low: NDArray[np.float32], high: NDArray[np.float32]) -> NDArray[np.int8]:
    """Round the lowest and highest samples outward, in steps of 1/127."""
    steps = np.stack([np.floor(low * FULL), np.ceil(high * FULL)])
    rounded: NDArray[np.int8] = steps.clip(-FULL, FULL).astype(np.int8)
    return rounded
