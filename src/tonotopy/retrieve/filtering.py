"""Which part of a library is searched: what a filter lets through, what somebody has chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection

from tonotopy import catalog
from tonotopy.catalog import Space
from tonotopy.catalog.bulk import recordings_of_windows
from tonotopy.filters import parse
from tonotopy.retrieve.query import StoredRecording, StoredWindow

__all__ = ["Scope"]


class Chosen(NamedTuple):
    """Recordings and windows that somebody has chosen."""

    recording_ids: NDArray[np.int64]
    window_ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a library that is searched.

    Attributes
    ----------
    where : str or None
        A filter that everything has to meet.
    within : Chosen or None
        Nothing but these recordings and these windows. What is no longer in the library is passed
        over.
    """

    where: str | None = None
    within: Chosen | None = None

    @classmethod
    def of(cls, where: str | None, within: Sequence[StoredRecording | StoredWindow] | None) -> Self:
        """Join a filter and what was chosen."""
        blank = where is None or not where.strip()
        kept = None if blank else where
        if within is None:
            return cls(kept)
        recordings = [each.id for each in within if isinstance(each, StoredRecording)]
        windows = [each.id for each in within if isinstance(each, StoredWindow)]
        return cls(kept, Chosen(np.array(recordings, np.int64), np.array(windows, np.int64)))

    @property
    def is_everything(self) -> bool:
        """Whether all of the library is searched."""
        return self.where is None and self.within is None

    def windows(self, connection: Connection, space: Space) -> NDArray[np.int64] | None:
        """List the windows of a space that may be found, ascending; None for all."""
        condition = self._condition(connection, windows=True)
        fitting = (
            None if condition is None else catalog.allowed_windows(connection, space, condition)
        )
        if self.within is None:
            return fitting
        ids, owners = recordings_of_windows(connection, space)
        chosen = ids[
            np.isin(owners, self.within.recording_ids) | np.isin(ids, self.within.window_ids)
        ]
        return chosen if fitting is None else np.intersect1d(chosen, fitting, assume_unique=True)

    def recordings(self, connection: Connection, space: Space) -> NDArray[np.int64] | None:
        """List the recordings that may be found, ascending; None for all."""
        condition = self._condition(connection, windows=False)
        fitting = None
        if condition is not None:
            fitting = np.array(sorted(catalog.recording_ids(connection, condition)), np.int64)
        if self.within is None:
            return fitting
        ids, owners = recordings_of_windows(connection, space)
        chosen = np.union1d(self.within.recording_ids, owners[np.isin(ids, self.within.window_ids)])
        return chosen if fitting is None else np.intersect1d(chosen, fitting)

    def _condition(self, connection: Connection, *, windows: bool) -> ColumnElement[bool] | None:
        """Turn the filter into a condition."""
        if self.where is None:
            return None
        return catalog.condition(connection, parse(self.where), windows=windows)
