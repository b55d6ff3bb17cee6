"""One channel out of many, without losing sound that the channels cancel."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["mix"]

_CANCELLED = 0.05  # of the mean channel power; uncorrelated stereo keeps 0.5, phase-opposed 0


def mix(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix the channels of a block to one: their mean, unless they cancel each other.

    Where the mean keeps less than 5 % of the channels' mean power, as it does in stereo with one
    channel wired upside down, the strongest channel is taken instead. The choice is made for each
    block by itself.

    Parameters
    ----------
    block : ndarray of shape (n_channels, n)
        At least one channel.

    Returns
    -------
    ndarray of shape (n,)
        May share memory with ``block``.

    Raises
    ------
    ValueError
        If there is no channel.

    Examples
    --------
    >>> left = np.array([0.5, -0.5], np.float32)
    >>> mix(np.stack([left, left / 2]))
    array([ 0.375, -0.375], dtype=float32)
    >>> mix(np.stack([left, -left]))
    array([ 0.5, -0.5], dtype=float32)
    """
    if len(block) == 0:
        raise ValueError(f"a block of shape {block.shape} has no channel to mix")
    channels: list[NDArray[np.float32]] = list(block)
    if len(channels) == 1:
        return channels[0]
    mean = channels[0].copy()
    for channel in channels[1:]:  # ndarray.mean is slow on the interleaved memory of most files
        mean += channel
    mean /= len(channels)
    powers = [float(np.dot(channel, channel)) for channel in channels]
    if float(np.dot(mean, mean)) < _CANCELLED * sum(powers) / len(channels):
        return channels[int(np.argmax(powers))]
    return mean
