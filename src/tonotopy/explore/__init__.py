"""Maps of a library: every recording, or every window, as a point in the plane."""

from tonotopy.explore.between import path_between
from tonotopy.explore.colouring import Groups, group_points
from tonotopy.explore.columns import Column, Measures, list_columns, measure_points
from tonotopy.explore.evening import gain_of
from tonotopy.explore.looking import LEVELS, Tile, column_s, look_at
from tonotopy.explore.mapping import (
    PROJECTIONS,
    Items,
    MapPoints,
    compute_umap,
    has_projection,
    map_points,
)

__all__ = [
    "LEVELS",
    "PROJECTIONS",
    "Column",
    "Groups",
    "Items",
    "MapPoints",
    "Measures",
    "Tile",
    "column_s",
    "compute_umap",
    "gain_of",
    "group_points",
    "has_projection",
    "list_columns",
    "look_at",
    "map_points",
    "measure_points",
    "path_between",
]
