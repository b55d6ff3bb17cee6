"""How loud windows are, for those that a search looks at."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy.catalog.recordings import IN_CHUNK
from tonotopy.catalog.windows import has_levels

__all__ = ["levels_of_windows"]


def levels_of_windows(connection: Connection, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Tell how loud windows are.

    Returns
    -------
    ndarray of shape (n,), float32
        Root mean square in dBFS, in the order of the ids; NaN where nobody measured it, or where
        the window is gone.
    """
    levels = np.full(len(ids), np.nan, np.float32)
    if not has_levels(connection):
        return levels
    wanted = ids.tolist()
    found: dict[int, float | None] = {}
    for start in range(0, len(wanted), IN_CHUNK):
        chunk = wanted[start : start + IN_CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = connection.exec_driver_sql(
            f"SELECT id, level_db FROM windows WHERE id IN ({marks})", tuple(chunk)
        )
        found.update(rows.fetchall())
    for row, window_id in enumerate(wanted):
        level = found.get(window_id)
        if level is not None:
            levels[row] = level
    return levels
