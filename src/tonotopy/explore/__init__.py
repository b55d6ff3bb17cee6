"""Maps of a library: every recording, or every window, as a point in the plane."""

from tonotopy.explore.mapping import (
    PROJECTIONS,
    MapPoints,
    compute_umap,
    has_projection,
    map_points,
)

__all__ = ["PROJECTIONS", "MapPoints", "compute_umap", "has_projection", "map_points"]
