"""What the points of a map are coloured by: labels, folders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.explore.mapping import Items, map_points

__all__ = ["NO_GROUP", "Groups", "group_points"]

NO_GROUP = 65_535
MAX_GROUPS = 1000  # what is rarer has none

Stretch: TypeAlias = tuple[int, float, float]  # recording, seconds


@dataclass(frozen=True, slots=True)
class Groups:
    """The points of a map in groups.

    Attributes
    ----------
    names : list of (str, int)
        Groups, the most common first, with how many points they have.
    codes : ndarray of shape (n,), uint16
        The place in `names` of each point's group, `NO_GROUP` for none.
    version : str
        Of the map whose points they are, see `tonotopy.explore.MapPoints`.
    """

    names: list[tuple[str, int]]
    codes: NDArray[np.uint16]
    version: str


def group_points(
    library: Catalog,
    *,
    by: Literal["label", "folder"] = "label",
    items: Items = "recordings",
    projection: str = "pca",
    space: str | None = None,
) -> Groups:
    """Group the points of a map by their first label, or by the folder of their file.

    Parameters
    ----------
    library : Catalog
        An open library.
    by : {"label", "folder"}
        What makes a group.
    items : {"recordings", "windows"}
        What a point is.
    projection : {"pca", "umap"}
        Which map of them.
    space : str, optional
        Of which space; the default space by default.

    Raises
    ------
    NotInLibrary
        If the projection has not been computed.
    """
    points = map_points(library, items=items, projection=projection, space=space)
    with library.read() as connection:
        stretches = stretches_of(connection, points.ids.tolist(), items)
        values = (folders_of if by == "folder" else labels_of)(connection, stretches)
    counts = Counter(value for value in values if value is not None)
    names = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_GROUPS]
    places: dict[str | None, int] = {name: place for place, (name, _) in enumerate(names)}
    codes = np.array([places.get(value, NO_GROUP) for value in values], np.uint16)
    return Groups(names, codes, points.version)


def stretches_of(connection: Connection, ids: Sequence[int], items: Items) -> list[Stretch]:
    """Say which stretch of which recording each item is."""
    if items == "recordings":
        return [(each, 0.0, np.inf) for each in ids]
    windows = catalog.get_windows(connection, ids)
    return [(each.recording_id, each.start_s, each.end_s) for each in map(windows.__getitem__, ids)]


def folders_of(connection: Connection, stretches: Sequence[Stretch]) -> list[str | None]:
    """Name the folder of each stretch's file."""
    recordings = catalog.get_recordings(connection, sorted({each for each, _, _ in stretches}))
    folders = {each.id: each.folder for each in recordings.values()}
    return [folders[each] for each, _, _ in stretches]


def labels_of(connection: Connection, stretches: Sequence[Stretch]) -> list[str | None]:
    """Choose the first label of each stretch."""
    labels = catalog.recording_labels(connection, sorted({each for each, _, _ in stretches}))
    return [
        next(iter(catalog.labels_of(labels.get(each, ()), start_s, end_s)), None)
        for each, start_s, end_s in stretches
    ]
