"""Cutting the sound of a file into windows and embedding them as they come."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy import audio
from tonotopy.embedders import Embedder
from tonotopy.embedders.tagger import Tagger
from tonotopy.errors import DecodeError, EmbedderError
from tonotopy.features.aspects import AspectMeter, Aspects
from tonotopy.windows import Framer

__all__ = ["Hearing", "embed_interval", "measure_interval", "row_type"]

BATCH = 64  # windows embedded at once, fewer where they are long
BATCH_SAMPLES = 1 << 22
BEST = 16  # classes of a window that are kept
QUIETEST_DB = -120.0  # of digital silence; 16 bits end at -96
LOUDEST_DB = 400.0  # of samples whose squares float32 does not hold


def row_type(dim: int, *, tagged: bool = False) -> np.dtype[np.void]:
    """Describe an embedded window.

    Its channel (-1: the mix), position, root mean square in dBFS, vector as float16, and where the
    embedder names what it hears, the best classes with their scores, the largest first.
    """
    fields: list[Any] = [
        ("channel", "<i2"),
        ("position", "<i4"),
        ("level_db", "<f4"),
        ("vector", "<f2", (dim,)),
    ]
    if tagged:
        fields += [("classes", "<u2", (BEST,)), ("scores", "<f4", (BEST,))]
    return np.dtype(fields)


class Hearing:
    """One pass over a file, or an interval of it.

    Parameters
    ----------
    path : Path
        The file.
    embedder : Embedder
        What turns windows into vectors.
    hop_s : float > 0
        Seconds between the starts of windows.
    channels : {"mix", "each"}
        Whether channels are mixed or embedded by themselves.
    start_s, end_s : float, optional
        The interval to hear; all of the file by default.
    measured : bool, default False
        Whether pitch, loudness and rhythm are measured on the way.

    Attributes
    ----------
    scores : ndarray of shape (n_tags,)
        Of the recording: the highest that any window gave each class so far. Empty if the embedder
        does not name what it hears.
    aspects : Aspects or None
        What was measured beside, if that was asked for and `rows` has ended.
    """

    def __init__(
        self,
        path: Path,
        embedder: Embedder,
        *,
        hop_s: float,
        channels: str = "mix",
        start_s: float = 0.0,
        end_s: float | None = None,
        measured: bool = False,
    ) -> None:
        self.embedder = embedder
        self.hop_s = hop_s
        self.channels = channels
        self.tagger = embedder if isinstance(embedder, Tagger) else None
        n_tags = 0 if self.tagger is None else self.tagger.n_tags
        self.scores = np.zeros(n_tags, np.float32)
        self.aspects: Aspects | None = None
        self._measuring = _Measuring() if measured else None
        self.listening = audio.listen(
            path,
            embedder.sample_rate,
            channels=channels,
            start_s=start_s,
            end_s=end_s,
            overhear=self._measuring,
        )

    def rows(self) -> Iterator[NDArray[np.void]]:
        """Embed the windows as the file is decoded, some rows of `row_type` at a time."""
        window = round(self.embedder.window_s * self.embedder.sample_rate)
        hop = round(self.hop_s * self.embedder.sample_rate)
        framers: list[Framer] = []
        n_samples = 0
        for block in self.listening.blocks():
            if not framers:
                at_once = max(1, min(BATCH, BATCH_SAMPLES // (window * len(block))))
                framers = [Framer(window=window, hop=hop, at_once=at_once) for _ in block]
            n_samples += len(block[0])
            for channel, (framer, samples) in enumerate(zip(framers, block, strict=True)):
                for first, windows in framer.push(samples):
                    yield self._embedded(first, windows, channel, n_left=len(windows) * window)
        for channel, framer in enumerate(framers):
            for first, windows in framer.finish():
                yield self._embedded(first, windows, channel, n_left=n_samples - first * hop)
        if self._measuring is not None:
            self.aspects = self._measuring.aspects()

    def _embedded(
        self, first: int, windows: NDArray[np.float32], channel: int, *, n_left: int
    ) -> NDArray[np.void]:
        """Embed windows; `n_left` samples of sound are left from the start of the first on."""
        rows = np.zeros(len(windows), row_type(self.embedder.dim, tagged=self.tagger is not None))
        rows["channel"] = channel if self.channels == "each" else -1
        rows["position"] = first + np.arange(len(windows))
        if self.tagger is None:
            vectors = self.embedder.embed(windows)
        else:
            vectors, scores = self.tagger.hear(windows)
            self._keep_best(rows, scores)
        with np.errstate(over="ignore"):  # what is too large is refused below
            rows["vector"] = vectors
        self._refuse_odd(rows)
        hop = round(self.hop_s * self.embedder.sample_rate)
        own = np.minimum(n_left - hop * np.arange(len(windows)), windows.shape[1])
        rows["level_db"] = levels(windows, own)
        return rows

    def _keep_best(self, rows: NDArray[np.void], scores: NDArray[np.float32]) -> None:
        """Note the best classes of windows, and the best windows of classes."""
        if not ((scores >= 0) & (scores <= 1)).all():
            raise EmbedderError(
                f"{self.embedder.name} gave a score that is NaN or outside 0 to 1; "
                "the recording was left out"
            )
        n_best = min(BEST, scores.shape[1])
        chosen = np.argpartition(-scores, n_best - 1, axis=1)[:, :n_best]
        values = np.take_along_axis(scores, chosen, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        rows["classes"][:, :n_best] = np.take_along_axis(chosen, order, axis=1)
        rows["scores"][:, :n_best] = np.take_along_axis(values, order, axis=1)
        self.scores = np.maximum(self.scores, scores.max(axis=0))

    def _refuse_odd(self, rows: NDArray[np.void]) -> None:
        finite = np.isfinite(rows["vector"]).all(axis=1)
        if not finite.all():
            start_s = rows["position"][finite.argmin()] * self.hop_s
            raise EmbedderError(
                f"{self.embedder.name} gave a vector that is not finite at {start_s:.2f} s; "
                "the recording was left out"
            )


class _Measuring:
    """Measures what is decoded, at the rate that comes with it."""

    def __init__(self) -> None:
        self._meter: AspectMeter | None = None

    def __call__(self, samples: NDArray[np.float32], sample_rate: int) -> None:
        if self._meter is None:
            self._meter = AspectMeter(sample_rate)
        self._meter.push(samples)

    def aspects(self) -> Aspects | None:
        """Tell what was measured; None if there was no sound."""
        return None if self._meter is None else self._meter.finish()


def levels(windows: NDArray[np.float32], n_own: NDArray[np.integer]) -> NDArray[np.float32]:
    """Measure the root mean square of windows in dBFS, without the zeros behind the sound.

    Parameters
    ----------
    windows : ndarray of shape (n, n_samples)
        Sound, full scale being 1.
    n_own : ndarray of shape (n,)
        How many samples of each window are sound.

    Returns
    -------
    ndarray of shape (n,), float32
        0 for a square wave at full scale; from `QUIETEST_DB` to `LOUDEST_DB`.

    Examples
    --------
    >>> half = np.full((1, 100), 0.5, np.float32)
    >>> [round(level, 2) for level in levels(half, np.array([100])).tolist()]
    [-6.02]
    """
    with np.errstate(over="ignore", divide="ignore"):
        power = np.einsum("ij,ij->i", windows, windows) / n_own
        decibels = 10 * np.log10(power)
    clipped: NDArray[np.float32] = np.clip(decibels, QUIETEST_DB, LOUDEST_DB).astype(np.float32)
    return clipped


def embed_interval(
    path: Path,
    embedder: Embedder,
    *,
    hop_s: float,
    start_s: float = 0.0,
    end_s: float | None = None,
) -> NDArray[np.float32]:
    """Embed the windows of an interval, channels mixed.

    Returns
    -------
    ndarray of shape (n_windows, dim), float32
        At least one row.

    Raises
    ------
    DecodeError
        If the file is not audio, or has no sound in the interval.
    """
    hearing = Hearing(path, embedder, hop_s=hop_s, start_s=start_s, end_s=end_s)
    rows = list(hearing.rows())
    if not rows:
        raise DecodeError(path, f"there is no sound after {start_s:g} s")
    return np.concatenate(rows)["vector"].astype(np.float32)


def measure_interval(path: Path, *, start_s: float = 0.0, end_s: float | None = None) -> Aspects:
    """Measure pitch, loudness and rhythm of an interval, without embedding it.

    Raises
    ------
    DecodeError
        If the file is not audio, or has no sound in the interval.
    """
    with audio.open_audio(path) as reader:
        meter = AspectMeter(reader.sample_rate)
        n_samples = 0
        for block in reader.blocks(start_s, end_s):
            n_samples += block.shape[1]
            meter.push(audio.mix(block))
    if not n_samples:
        raise DecodeError(path, f"there is no sound after {start_s:g} s")
    return meter.finish()
