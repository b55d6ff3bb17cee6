"""Cutting the sound of a file into windows and embedding them as they come."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tonotopy import audio
from tonotopy.embedders import Embedder
from tonotopy.errors import DecodeError, EmbedderError
from tonotopy.windows import Framer

__all__ = ["Hearing", "embed_interval", "row_type"]

BATCH = 64  # windows embedded at once, fewer where they are long
BATCH_SAMPLES = 1 << 22


def row_type(dim: int) -> np.dtype[np.void]:
    """Describe an embedded window: channel (-1: the mix), position, vector as float16."""
    return np.dtype([("channel", "<i2"), ("position", "<i4"), ("vector", "<f2", (dim,))])


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
    ) -> None:
        self.embedder = embedder
        self.hop_s = hop_s
        self.channels = channels
        self.listening = audio.listen(
            path, embedder.sample_rate, channels=channels, start_s=start_s, end_s=end_s
        )

    def rows(self) -> Iterator[NDArray[np.void]]:
        """Embed the windows as the file is decoded, some rows of `row_type` at a time."""
        window = round(self.embedder.window_s * self.embedder.sample_rate)
        hop = round(self.hop_s * self.embedder.sample_rate)
        framers: list[Framer] = []
        for block in self.listening.blocks():
            if not framers:
                at_once = max(1, min(BATCH, BATCH_SAMPLES // (window * len(block))))
                framers = [Framer(window=window, hop=hop, at_once=at_once) for _ in block]
            for channel, (framer, samples) in enumerate(zip(framers, block, strict=True)):
                yield from self._embedded(framer.push(samples), channel)
        for channel, framer in enumerate(framers):
            yield from self._embedded(framer.finish(), channel)

    def _embedded(
        self, batches: Iterator[tuple[int, NDArray[np.float32]]], channel: int
    ) -> Iterator[NDArray[np.void]]:
        for first, windows in batches:
            vectors = self.embedder.embed(windows)
            rows = np.empty(len(vectors), row_type(self.embedder.dim))
            rows["channel"] = channel if self.channels == "each" else -1
            rows["position"] = first + np.arange(len(vectors))
            with np.errstate(over="ignore"):  # what is too large is refused below
                rows["vector"] = vectors
            self._refuse_odd(rows)
            yield rows

    def _refuse_odd(self, rows: NDArray[np.void]) -> None:
        finite = np.isfinite(rows["vector"]).all(axis=1)
        if not finite.all():
            start_s = rows["position"][finite.argmin()] * self.hop_s
            raise EmbedderError(
                f"{self.embedder.name} gave a vector that is not finite at {start_s:.2f} s; "
                "the recording was left out"
            )


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
