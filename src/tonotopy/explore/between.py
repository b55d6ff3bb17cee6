"""The verb `path_between`: from one sound to another by small steps."""

import numpy as np

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.distance import distances, top_k
from tonotopy.errors import NotInLibrary
from tonotopy.explore.mapping import Items, item_vectors

__all__ = ["path_between"]


def path_between(
    library: Catalog,
    start: int,
    end: int,
    *,
    items: Items = "recordings",
    steps: int = 10,
    space: str | None = None,
) -> list[int]:
    """Lead from one sound to another over sounds that lie between them.

    Parameters
    ----------
    library : Catalog
        An open library.
    start, end : int
        Ids of two recordings or windows.
    items : {"recordings", "windows"}
        What they are; a recording lies at the mean of its windows.
    steps : int >= 0
        How many sounds lie between at most.
    space : str, optional
        Which space; the default space by default.

    Returns
    -------
    list of int
        Ids, from `start` to `end`, each once. The straight line between both vectors is cut into
        even parts, and each cut takes the nearest sound that no cut before it took. So it leads
        through the vectors, not across a map of them, which may fold.

    Raises
    ------
    NotInLibrary
        If the space holds one of them not.
    ValueError
        If there are fewer than 0 steps.
    """
    if steps < 0:
        raise ValueError(f"steps={steps} must be at least 0")
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        loaded = item_vectors(connection, chosen, items)
    rows = {int(each): row for row, each in enumerate(loaded.ids)}
    for each in (start, end):
        if each not in rows:
            raise NotInLibrary(f"there is no {items[:-1]} {each} in the space {chosen.name!r}")
    taken = [start, end]
    if start == end or steps == 0:
        return taken[: 1 + (start != end)]
    shares = (np.arange(steps) + 1)[:, np.newaxis] / (steps + 1)
    first, last = loaded.vectors[rows[start]], loaded.vectors[rows[end]]
    cuts = (1 - shares) * first + shares * last
    measured = distances(cuts, loaded.vectors, chosen.metric)
    # Each cut looks far enough to find a sound that no other takes.
    near, _ = top_k(measured, min(steps + 2, len(rows)))
    for row in near:
        free = [each for each in loaded.ids[row].tolist() if each not in taken]
        taken[-1:-1] = free[:1]
    return taken
