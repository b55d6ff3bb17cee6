"""The groups that the points of a map are coloured by: labels, tags, any column of names."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.errors import NotInLibrary
from tonotopy.explore.columns import TEXTS, texts_of
from tonotopy.explore.mapping import Items, MapPoints, map_points

__all__ = ["NO_GROUP", "Groups", "group_points"]

NO_GROUP = 65_535
MAX_GROUPS = 1000  # what is rarer has none


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
    by: str = "label",
    items: Items = "recordings",
    projection: str = "pca",
    space: str | None = None,
) -> Groups:
    """Group the points of a map by their first label or tag, or by a column of their recordings.

    Parameters
    ----------
    library : Catalog
        An open library.
    by : str
        What makes a group: ``label``, ``tag``, ``folder``, ``device``, ``format`` or a metadata
        key.
    items : {"recordings", "windows"}
        What a point is.
    projection : {"pca", "umap"}
        Which map of them.
    space : str, optional
        Of which space; the default space by default.

    Raises
    ------
    NotInLibrary
        If the projection has not been computed, no recording has such a column, or nothing in the
        library has tags.
    """
    points = map_points(library, items=items, projection=projection, space=space)
    with library.read() as connection:
        if by == "label":
            values = first_labels(connection, points, items)
        elif by == "tag":
            values = first_tags(connection, points, items, space)
        else:
            values = texts_of(connection, points, by)
    if by not in ("label", "tag", *TEXTS) and values and not any(values):
        raise NotInLibrary(f"no recording of this map has {by!r}; see /api/v1/map/columns")
    counts = Counter(value for value in values if value is not None)
    names = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_GROUPS]
    places: dict[str | None, int] = {name: place for place, (name, _) in enumerate(names)}
    codes = np.array([places.get(value, NO_GROUP) for value in values], np.uint16)
    return Groups(names, codes, points.version)


def first_labels(connection: Connection, points: MapPoints, items: Items) -> list[str | None]:
    """Choose the first label of each point; None where it has none."""
    owners, owner_of = np.unique(points.recording_ids, return_inverse=True)
    labels = catalog.recording_labels(connection, owners.tolist())
    names = [first_label(labels.get(each, ()), 0.0, np.inf) for each in owners.tolist()]
    values = [names[place] for place in owner_of.tolist()]
    if items == "windows":
        in_part = [
            each for each, said in labels.items() if any(start is not None for _, start, _ in said)
        ]
        placed = np.flatnonzero(np.isin(points.recording_ids, in_part)).tolist()
        ids = points.ids[placed].tolist()
        windows = catalog.get_windows(connection, ids)
        for place, window in zip(placed, map(windows.__getitem__, ids), strict=True):
            said = labels[window.recording_id]
            values[place] = first_label(said, window.start_s, window.end_s)
    return values


def first_label(
    labels: Sequence[tuple[str, float | None, float | None]], start_s: float, end_s: float
) -> str | None:
    """Choose the first label of a stretch; None if it has none."""
    return next(iter(catalog.labels_of(labels, start_s, end_s)), None)


def first_tags(
    connection: Connection, points: MapPoints, items: Items, space: str | None
) -> list[str | None]:
    """Choose the first tag of each point: a window's own where its space has tags.

    Elsewhere a point has the first tag of its recording.
    """
    tagged = [each for each, _ in catalog.tagged_spaces(connection)]
    if not tagged:
        raise NotInLibrary(
            "nothing in this library has tags; add the folders again with: "
            "tonotopy add --embedder cochlea"
        )
    chosen = catalog.find_space(connection, space)
    if items == "windows" and chosen in tagged:
        tags = catalog.best_tags(connection, chosen, windows=True)
        return [tags.get(each) for each in points.ids.tolist()]
    source = chosen if chosen in tagged else tagged[0]
    tags = catalog.best_tags(connection, source, windows=False)
    return [tags.get(each) for each in points.recording_ids.tolist()]
