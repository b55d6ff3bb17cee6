"""Change the sample rate of a stream of sound."""

import numpy as np
import soxr
from numpy.typing import NDArray

__all__ = ["Resampler"]


class Resampler:
    """Resamples one channel piece by piece, as if it had come in one piece.

    Uses libsoxr at its quality "HQ" (20 bits), which adds no delay. All pieces together give
    ``round(n * rate_out / rate_in)`` samples, halves rounded up; a sound too short for a single
    one gives one, so that no sound becomes none.

    Parameters
    ----------
    rate_in, rate_out : int > 0
        Hz. Where they are equal the samples pass unchanged.

    Raises
    ------
    ValueError
        If a rate is not positive, or on a push after `finish`.

    Examples
    --------
    >>> resampler = Resampler(44_100, 22_050)
    >>> pieces = [resampler.push(np.zeros(1000, np.float32)), resampler.finish()]
    >>> len(np.concatenate(pieces))
    500
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        if rate_in <= 0 or rate_out <= 0:
            raise ValueError(f"sample rates must be positive, not {rate_in} and {rate_out} Hz")
        self._stream = (
            None if rate_in == rate_out else soxr.ResampleStream(rate_in, rate_out, 1, quality="HQ")
        )
        self._first: NDArray[np.float32] = np.empty(0, np.float32)
        self._gave_any = False
        self._finished = False

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next samples, shape (n,); return those that are ready, shape (m,), m >= 0."""
        if self._finished:
            raise ValueError("this resampler is finished; make a new one for another sound")
        if self._stream is None:
            return samples
        if not len(self._first):
            self._first = samples[:1].copy()
        ready: NDArray[np.float32] = self._stream.resample_chunk(
            np.ascontiguousarray(samples, np.float32)
        )
        self._gave_any |= len(ready) > 0
        return ready

    def finish(self) -> NDArray[np.float32]:
        """Return the samples that waited for more, shape (m,); nothing may be pushed after."""
        if self._finished:
            raise ValueError("this resampler is finished already")
        self._finished = True
        if self._stream is None:
            return np.empty(0, np.float32)
        ready: NDArray[np.float32] = self._stream.resample_chunk(np.empty(0, np.float32), last=True)
        return ready if self._gave_any or len(ready) else self._first
