"""What the hand-made embedders share: checked windows, fixed constants, unit vectors."""

import hashlib
from abc import ABC, abstractmethod
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric

__all__ = ["StandardizedEmbedder", "checked_windows", "unit_rows"]

_BATCH = 16  # windows at a time: spectra of some 2 MB each stay in the processor's cache


def checked_windows(windows: NDArray[np.float32], *, n_samples: int) -> NDArray[np.float32]:
    """Return windows as float32, or say what is wrong with them.

    Parameters
    ----------
    windows : ndarray of shape (n, n_samples)
        Mono sound, one window a row.
    n_samples : int
        Length that every window must have.

    Returns
    -------
    ndarray of shape (n, n_samples)
        The same samples.

    Raises
    ------
    ValueError
        If the shape is wrong, or a row holds NaN or infinity.

    Examples
    --------
    >>> checked_windows(np.zeros((2, 3)), n_samples=3).dtype
    dtype('float32')
    >>> checked_windows(np.array([[0.0, 1.0], [0.0, np.nan]]), n_samples=2)
    Traceback (most recent call last):
    ...
    ValueError: window 1 holds NaN or infinity; only finite samples can be embedded
    """
    windows = np.ascontiguousarray(windows, dtype=np.float32)
    if windows.ndim != 2 or windows.shape[1] != n_samples:
        raise ValueError(f"windows of shape {windows.shape} given, (n, {n_samples}) needed")
    sound = np.isfinite(windows).all(axis=1)
    if not sound.all():
        raise ValueError(
            f"window {sound.argmin()} holds NaN or infinity; only finite samples can be embedded"
        )
    return windows


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale each row to unit norm; a row of zeros becomes the diagonal, equally far from all axes.

    Examples
    --------
    >>> unit_rows(np.float32([[3, 4], [0, 0]]))
    array([[0.6       , 0.8       ],
           [0.70710677, 0.70710677]], dtype=float32)
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    directed: NDArray[np.float32] = np.where(norms > 0, vectors, np.float32(1))
    directed /= np.linalg.norm(directed, axis=1, keepdims=True)
    return directed


class StandardizedEmbedder(ABC):
    """Features made by hand, standardized by fixed constants, of unit norm.

    A vector is ``(raw - centre) / scale``, then times ``projection`` where the constants have
    one, then scaled to unit norm. The constants are fitted once by ``benchmarks/fit_constants.py``
    on sounds of many kinds and are part of the embedder: other constants are another space.
    """

    name: str
    settings: int  #: raised by hand whenever `raw` gives other numbers
    sample_rate: int
    window_s: float
    hop_s: float
    dim: int
    metric: Metric = "cosine"
    licence: str = "Apache-2.0"

    def __init__(self) -> None:
        from safetensors.numpy import load

        stored = files("tonotopy.embedders").joinpath("constants", f"{self.name}.safetensors")
        content = stored.read_bytes()
        constants = load(content)
        self._centre, self._scale = constants["centre"], constants["scale"]
        self._projection = constants.get("projection")
        recipe = f"{self.name} {self.settings} ".encode()
        self.fingerprint = hashlib.sha256(recipe + content).hexdigest()[:12]

    @staticmethod
    @abstractmethod
    def raw(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Measure the features as their recipe gives them, (n, samples) -> (n, raw_dim)."""

    def embed(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed mono windows in [-1, 1], (n, window_s * sample_rate) -> (n, dim), n >= 0.

        Raises
        ------
        ValueError
            If the shape is wrong, or a row holds NaN, infinity or samples so large that the
            features overflow.
        """
        windows = checked_windows(windows, n_samples=round(self.window_s * self.sample_rate))
        vectors = np.empty((len(windows), self.dim), np.float32)
        for start in range(0, len(windows), _BATCH):
            part = slice(start, start + _BATCH)
            vectors[part] = self._standardized(self.raw(windows[part]))
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            raise ValueError(f"window {finite.argmin()} is too loud to be measured in float32")
        return unit_rows(vectors)

    def _standardized(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        standard: NDArray[np.float32] = (features - self._centre) / self._scale
        return standard if self._projection is None else standard @ self._projection
