"""What a user's filter lets through."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection

from tonotopy import catalog
from tonotopy.catalog import Space
from tonotopy.filters import parse

__all__ = ["allowed_recordings", "allowed_windows"]


def filter_condition(
    connection: Connection, where: str | None, *, windows: bool
) -> ColumnElement[bool] | None:
    """Turn the user's filter into a condition."""
    if where is None or not where.strip():
        return None
    return catalog.condition(connection, parse(where), windows=windows)


def allowed_windows(
    connection: Connection, space: Space, where: str | None
) -> NDArray[np.int64] | None:
    """List the windows that a filter lets through, ascending; None for all."""
    condition = filter_condition(connection, where, windows=True)
    return None if condition is None else catalog.allowed_windows(connection, space, condition)


def allowed_recordings(connection: Connection, where: str | None) -> NDArray[np.int64] | None:
    """List the recordings that a filter lets through, ascending; None for all."""
    condition = filter_condition(connection, where, windows=False)
    if condition is None:
        return None
    return np.array(sorted(catalog.recording_ids(connection, condition)), np.int64)
