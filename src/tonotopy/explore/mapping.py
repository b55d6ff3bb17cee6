"""Projections of a space: principal components at once, UMAP when it was computed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space, SpaceVectors
from tonotopy.distance import normalized
from tonotopy.errors import NotInLibrary
from tonotopy.project import pca, trustworthiness, umap

__all__ = [
    "PROJECTIONS",
    "Items",
    "MapPoints",
    "compute_umap",
    "count_behind",
    "has_projection",
    "map_points",
    "missing_files",
]

Items: TypeAlias = Literal["recordings", "windows"]
PROJECTIONS = ("pca", "umap")
UMAP_SHARE = 0.95  # of the progress; the rest is judging the map
UMAP_SETTINGS = {"n_neighbors": 15, "min_dist": 0.1, "random_state": 42}


@dataclass(frozen=True, slots=True)
class MapPoints:
    """Points of a map.

    Attributes
    ----------
    ids : ndarray of shape (n,), int64
        Recordings or windows.
    recording_ids : ndarray of shape (n,), int64
        The recording that each point is, or is of.
    coordinates : ndarray of shape (n, 2), float32
        From -1 to 1, the shape of the map kept.
    version : str
        Another one where ids or coordinates may be others.
    trust : ndarray of shape (n,), float32, or None
        The `tonotopy.project.trustworthiness` of each point where it was stored with the map.
    """

    ids: NDArray[np.int64]
    recording_ids: NDArray[np.int64]
    coordinates: NDArray[np.float32]
    version: str
    trust: NDArray[np.float32] | None = None


def map_points(
    library: Catalog,
    *,
    items: Items = "recordings",
    projection: str = "pca",
    space: str | None = None,
) -> MapPoints:
    """Give the points of a map.

    Parameters
    ----------
    library : Catalog
        An open library.
    items : {"recordings", "windows"}
        What a point is; a recording lies at the mean of its windows.
    projection : {"pca", "umap"}
        Principal components are computed when asked for; UMAP must have been by `compute_umap`.
    space : str, optional
        Which space; the default space by default.

    Raises
    ------
    NotInLibrary
        If the projection has not been computed.
    """
    if projection not in PROJECTIONS:
        raise NotInLibrary(
            f"there is no projection {projection!r}; choose from {', '.join(PROJECTIONS)}"
        )
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        version = map_version(connection, chosen, items, projection)
        make = principal_points if projection == "pca" else stored_points
        return library.kept(
            f"{projection} of {items} of space {chosen.id}",
            version,
            lambda _: make(connection, chosen, items, version),
        )


def principal_points(connection: Connection, space: Space, items: Items, version: str) -> MapPoints:
    """Lay a space out by its principal components."""
    loaded = item_vectors(connection, space, items)
    coordinates = fitted(pca(loaded.vectors).coordinates)
    return MapPoints(loaded.ids, loaded.recording_ids, coordinates, version)


def map_version(connection: Connection, space: Space, items: Items, projection: str) -> str:
    """Say which windows, and which layout of them, a map is of.

    Raises
    ------
    NotInLibrary
        If the projection has not been computed.
    """
    if projection == "pca":
        return f"{space.id}.{space.generation}"
    return f"{space.id}.{space.generation}.{layout_of(connection, space, items).id}"


def has_projection(library: Catalog, projection: str, *, items: Items, space: str | None) -> bool:
    """Tell whether a projection can be shown at once."""
    if projection == "pca":
        return True
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        return find_layout(connection, chosen, items) is not None


def count_behind(library: Catalog, projection: str, *, items: Items, space: str | None) -> int:
    """Count the recordings or windows that came after a projection was computed.

    It does not show them until it is computed again; 0 where it has not been computed at all.
    """
    if projection == "pca":
        return 0
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        layout = find_layout(connection, chosen, items)
        if layout is None or layout.generation == chosen.generation:
            return 0
        shown = catalog.load_values(connection, layout.id)["ids"]
        return int(np.isin(items_here(connection, chosen, items), shown, invert=True).sum())


def missing_files(library: Catalog, recording_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each of n recordings, of which some may be named often, whether its file is gone."""
    with library.read() as connection:
        return np.isin(recording_ids, catalog.missing_recordings(connection))


def compute_umap(
    library: Catalog,
    *,
    items: Items = "recordings",
    space: str | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> MapPoints:
    """Compute a UMAP of a space, and how far each point can be trusted, and store both.

    They take the place of an older map. The same library gives the same map.
    """
    report = on_progress or (lambda _: None)
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        loaded = item_vectors(connection, chosen, items)
    layout = umap(
        loaded.vectors,
        metric=chosen.metric,
        n_neighbors=int(UMAP_SETTINGS["n_neighbors"]),
        min_dist=UMAP_SETTINGS["min_dist"],
        random_state=int(UMAP_SETTINGS["random_state"]),
        on_progress=lambda share: report(UMAP_SHARE * share),
    )
    coordinates = fitted(layout.coordinates)
    trust = trustworthiness(
        coordinates,
        loaded.vectors,
        metric=chosen.metric,
        on_progress=lambda share: report(UMAP_SHARE + (1 - UMAP_SHARE) * share),
    )
    with library.write() as connection:
        analysis_id = catalog.put_analysis(
            connection,
            space_id=chosen.id,
            kind="projection",
            name="umap",
            item_kind=items,
            parameters={**UMAP_SETTINGS, "metric": chosen.metric, "method": layout.method},
            generation=chosen.generation,
            values={"ids": loaded.ids, "coordinates": coordinates, "trustworthiness": trust},
        )
    version = f"{chosen.id}.{chosen.generation}.{analysis_id}"
    return MapPoints(loaded.ids, loaded.recording_ids, coordinates, version, trust)


def find_layout(connection: Connection, space: Space, items: Items) -> catalog.Analysis | None:
    """Find the stored UMAP of a space."""
    return catalog.find_analysis(
        connection, space_id=space.id, kind="projection", name="umap", item_kind=items
    )


def layout_of(connection: Connection, space: Space, items: Items) -> catalog.Analysis:
    """Find the stored UMAP of a space, which must be there."""
    analysis = find_layout(connection, space, items)
    if analysis is None:
        raise NotInLibrary(f"the UMAP of the {items} of {space.name!r} has not been computed yet")
    return analysis


def stored_points(connection: Connection, space: Space, items: Items, version: str) -> MapPoints:
    """Load a stored UMAP, without the items that are gone since."""
    values = catalog.load_values(connection, layout_of(connection, space, items).id)
    ids = values["ids"].astype(np.int64)
    keep = np.isin(ids, items_here(connection, space, items))
    ids, coordinates = ids[keep], values["coordinates"][keep].astype(np.float32)
    trust = values.get("trustworthiness")  # maps of older versions were not judged
    owners = ids
    if items == "windows":
        windows, recordings = catalog.recordings_of_windows(connection, space)
        owners = recordings[np.searchsorted(windows, ids)]
    return MapPoints(ids, owners, coordinates, version, None if trust is None else trust[keep])


def items_here(connection: Connection, space: Space, items: Items) -> NDArray[np.int64]:
    """List the recordings or windows that a space holds now."""
    if items == "windows":
        return catalog.window_ids(connection, space)
    return np.array(sorted(catalog.covered_recordings(connection, space)), np.int64)


def item_vectors(connection: Connection, space: Space, items: Items) -> SpaceVectors:
    """Load the windows of a space, or the mean of each recording's, by the recordings' ids."""
    loaded = catalog.load_vectors(connection, space)
    if items == "windows" or not len(loaded.ids):
        return loaded
    owners, vectors = loaded.recording_ids, loaded.vectors
    if (np.diff(owners) < 0).any():  # most often they are in order, and many
        order = np.argsort(owners, kind="stable")
        owners, vectors = owners[order], vectors[order]
    ids, first = np.unique(owners, return_index=True)
    means = np.add.reduceat(vectors, first, axis=0) / np.diff([*first, len(owners)])[:, np.newaxis]
    ready = normalized(means) if space.metric == "cosine" else means.astype(np.float32)
    return SpaceVectors(ids, ids, ready)


def fitted(coordinates: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre a map and scale it into [-1, 1], its shape kept."""
    if not len(coordinates):
        return coordinates
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    reach = float((high - low).max()) / 2 or 1.0
    centred: NDArray[np.float32] = coordinates - (low + high) / 2
    return centred / np.float32(reach)
