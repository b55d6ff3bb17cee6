"""Which windows are worth scoring exactly: all of them, or those that an index proposes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space, SpaceVectors
from tonotopy.retrieve.query import Heard

__all__ = ["candidates", "prepare_index"]


def candidates(
    library: Catalog,
    connection: Connection,
    space: Space,
    examples: Sequence[Heard],
    *,
    k: int,
    allowed: NDArray[np.int64] | None,
    kind: str,
) -> SpaceVectors:
    loaded = all_windows(library, connection, space)
    if allowed is None:
        return loaded
    keep = np.isin(loaded.ids, allowed, assume_unique=True)
    return SpaceVectors(loaded.ids[keep], loaded.recording_ids[keep], loaded.vectors[keep])


def all_windows(library: Catalog, connection: Connection, space: Space) -> SpaceVectors:
    """Load a space's windows once; again when some came or went."""
    key = f"vectors of space {space.id}"
    generation, vectors = library.cache.get(key, (None, None))
    if generation != space.generation:
        vectors = catalog.load_vectors(connection, space)
        library.cache[key] = (space.generation, vectors)
    loaded: SpaceVectors = vectors
    return loaded


def prepare_index(library: Catalog, *, space: str | None = None) -> None:
    pass
