"""Maps of a library: every recording, or every window, as a point in the plane."""

from tonotopy.explore.colouring import Groups, group_points
from tonotopy.explore.mapping import (
    PROJECTIONS,
    Items,
    MapPoints,
    compute_umap,
    has_projection,
    map_points,
)

__all__ = [
    "PROJECTIONS",
    "Groups",
    "Items",
    "MapPoints",
    "compute_umap",
    "group_points",
    "has_projection",
    "map_points",
]
