"""A second look: what sounds like the best hits of a search with words goes up.

A tagger has names for a few hundred kinds of sound, its embedder an ear for many more. So the first
hits serve as examples, as in pseudo-relevance feedback [1]_: each candidate is compared with those
of other recordings, and one that sounds like them is believed more.

References
----------
.. [1] J. J. Rocchio, "Relevance feedback in information retrieval", in: The SMART Retrieval System,
   Prentice-Hall 1971.
"""

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import normalized

__all__ = ["N_CANDIDATES", "belief"]

N_CANDIDATES = 100  # looked at again at least
N_EXAMPLES = 5
GAIN = 4.0  # logits for a cosine that is 1 larger


def belief(
    scores: NDArray[np.float64], owners: NDArray[np.int64], vectors: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Tell how much more candidates are to be believed for sounding like the best of others.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Of candidates, the best first, from 0 to 1.
    owners : ndarray of shape (n,)
        The recording of each.
    vectors : ndarray of shape (n, dim)
        What each sounds like, in a space compared by cosine.

    Returns
    -------
    ndarray of shape (n,)
        What to add to their log odds; 0 on average, and 0 where there is no other recording.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [1, 0], [0, 1], [1, 0]], np.float32)
    >>> belief(np.array([0.9, 0.8, 0.5, 0.4]), np.arange(4), vectors).round(1).tolist()
    [0.6, 0.7, -2.2, 0.9]
    """
    _, first = np.unique(owners, return_index=True)
    examples = np.sort(first)[:N_EXAMPLES]
    weights = np.where(owners[:, np.newaxis] == owners[examples], 0.0, scores[examples])
    total = weights.sum(axis=1)
    if not (total > 0).all():
        return np.zeros(len(scores))
    unit = normalized(vectors)
    similar = (weights * (unit @ unit[examples].T)).sum(axis=1) / total
    more: NDArray[np.float64] = GAIN * (similar - similar.mean())
    return more
