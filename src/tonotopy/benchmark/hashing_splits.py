"""Which rows are the database, which are queries, and which labels a method may see.

Everything is drawn from the seed alone: the same seed gives the same rows, whatever else is asked
for. Shares of labels are nested: what has a label at 10 % has it at 100 %.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.benchmark.hashing_sets import Features
from tonotopy.errors import QueryError
from tonotopy.hashing.base import UNLABELLED

__all__ = ["FEWEST_LABELLED", "Split", "draw_split", "hidden_classes", "seen_labels"]

DATABASE_SHARE = 0.7  #: of every class
FEWEST_LABELLED = 2  #: a class, however small the share
_OF_ROWS, _OF_CLASSES, _OF_LABELS = range(3)  # streams of random numbers of one seed


class Split(NamedTuple):
    """One seed's view of a set."""

    database: NDArray[np.int64]  #: rows, shuffled, so that ties cannot follow the file's order
    queries: NDArray[np.int64]  #: rows


def draw_split(features: Features, seed: int, *, redraw: bool = False) -> Split:
    """Choose database and queries: as the set says, else 70 % and 30 % of every class.

    Parameters
    ----------
    features : Features
        Labelled rows.
    seed : int
        Of what is drawn, and which of the set's own splits is taken.
    redraw : bool, default=False
        Draw even where the set has a split of its own.

    Raises
    ------
    QueryError
        If no row is a query, or none is in the database.
    """
    rng = np.random.default_rng([seed, _OF_ROWS])
    in_database = np.zeros(len(features), bool)
    if features.in_database is not None and not redraw:
        in_database[:] = features.in_database[seed % len(features.in_database)]
    else:
        for each in np.unique(features.y):
            rows = rng.permutation(np.flatnonzero(features.y == each))
            in_database[rows[: round(DATABASE_SHARE * len(rows))]] = True
    split = Split(rng.permutation(np.flatnonzero(in_database)), np.flatnonzero(~in_database))
    if not len(split.database) or not len(split.queries):
        raise QueryError(
            f"of {len(features)} rows of {features.name}, {len(split.database)} are the database "
            f"and {len(split.queries)} are queries at seed {seed}; both need at least one"
        )
    return split


def hidden_classes(n_classes: int, share: float, seed: int) -> NDArray[np.int64]:
    """Choose the classes of which no label is shown.

    Examples
    --------
    >>> len(hidden_classes(10, 0.5, seed=0)), len(hidden_classes(10, 0.0, seed=0))
    (5, 0)
    """
    rng = np.random.default_rng([seed, _OF_CLASSES])
    return rng.permutation(n_classes)[: round(share * n_classes)]


def seen_labels(
    classes: NDArray[np.int64], hidden: NDArray[np.int64], share: float, seed: int
) -> NDArray[np.int64]:
    """Show labels of every class, a share or so many, and none of hidden classes.

    Parameters
    ----------
    classes : ndarray of shape (n,)
        The class of each row of the database.
    hidden : ndarray
        Classes without any label.
    share : float in (0, 1], or int >= 2
        Of the rows of a class, at least two of them; or how many rows of each class, all where
        there are fewer.
    seed : int
        Which rows these are; more of them are those of a smaller share and others.

    Returns
    -------
    ndarray of shape (n,)
        Class, or -1.

    Examples
    --------
    >>> classes = np.repeat([0, 1], 10)
    >>> np.bincount(seen_labels(classes, np.array([], np.int64), 0.5, seed=0) + 1).tolist()
    [10, 5, 5]
    >>> np.bincount(seen_labels(classes, np.array([], np.int64), 3, seed=0) + 1).tolist()
    [14, 3, 3]
    """
    rng = np.random.default_rng([seed, _OF_LABELS])
    seen = np.full(len(classes), UNLABELLED, np.int64)
    for each in np.unique(classes):
        rows = rng.permutation(np.flatnonzero(classes == each))
        if each not in hidden:
            wanted = share * len(rows) if share <= 1 else share
            seen[rows[: max(FEWEST_LABELLED, round(wanted))]] = each
    return seen
