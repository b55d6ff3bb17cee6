"""The map: coordinates and colours as raw arrays, and which projections there are."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import Response

from tonotopy import catalog
from tonotopy.explore import (
    PROJECTIONS,
    group_points,
    has_projection,
    list_columns,
    map_points,
    measure_points,
    path_between,
)
from tonotopy.explore.mapping import count_behind, missing_files
from tonotopy.server.describing import answers_head, binary
from tonotopy.server.ids import MAX_ID
from tonotopy.server.job_routes import Running
from tonotopy.server.models import ColumnOut, Items, LegendEntry, ProjectionOut
from tonotopy.server.served import Library

__all__ = ["router"]

BINARY = "application/octet-stream"

router = APIRouter(tags=["map"])

Of = Annotated[Items, Query(description="what a point is")]
By = Annotated[str, Query(min_length=1, description="a column of /map/columns")]


@router.get("/map", **binary(BINARY))
def get_map(
    library: Library, of: Of = "recordings", projection: str = "pca", space: str | None = None
) -> Response:
    """Give the points: n times (x, y) as float32 in [-1, 1], then n ids as uint32.

    All little-endian. X-Points says n. X-Map-Version is another where ids or points may be.
    """
    points = map_points(library, items=of, projection=projection, space=space)
    content = points.coordinates.astype("<f4").tobytes() + points.ids.astype("<u4").tobytes()
    return points_answer(content, len(points.ids), points.version)


@router.get("/map/projections")
def get_projections(
    library: Library, jobs: Running, of: Of = "recordings", space: str | None = None
) -> list[ProjectionOut]:
    """List the projections, and whether they can be shown at once."""
    with library.read() as connection:
        name = catalog.find_space(connection, space).name
    return [
        ProjectionOut(
            name=each,
            ready=has_projection(library, each, items=of, space=name),
            behind=count_behind(library, each, items=of, space=name),
            job=jobs.running(each, name, of),
        )
        for each in PROJECTIONS
    ]


@router.get("/map/columns")
def get_columns(
    library: Library, of: Of = "recordings", projection: str = "pca", space: str | None = None
) -> list[ColumnOut]:
    """List what the points can be coloured by: groups, numbers and times.

    /map/colors and /map/legend tell groups, /map/values numbers and times.
    """
    columns = list_columns(library, items=of, projection=projection, space=space)
    return [ColumnOut(name=each.name, kind=each.kind) for each in columns]


@router.get("/map/colors", **binary(BINARY))
def get_colors(
    library: Library,
    of: Of = "recordings",
    by: By = "label",
    projection: str = "pca",
    space: str | None = None,
) -> Response:
    """Give each point's place in the legend as little-endian uint16, 65535 for none.

    They are those of the points that have the same X-Map-Version.
    """
    groups = group_points(library, by=by, items=of, projection=projection, space=space)
    return points_answer(groups.codes.astype("<u2").tobytes(), len(groups.codes), groups.version)


@router.get("/map/legend")
def get_legend(
    library: Library,
    of: Of = "recordings",
    by: By = "label",
    projection: str = "pca",
    space: str | None = None,
) -> list[LegendEntry]:
    """List the colours, the most common first, with how many points have them."""
    groups = group_points(library, by=by, items=of, projection=projection, space=space)
    return [LegendEntry(name=name, n=n) for name, n in groups.names]


@router.get("/map/values", **binary(BINARY))
def get_values(
    library: Library,
    by: By,
    of: Of = "recordings",
    projection: str = "pca",
    space: str | None = None,
) -> Response:
    """Give a number for each point as little-endian float64, times as seconds since 1970.

    NaN where nothing is known. They are those of the points that have the same X-Map-Version.
    """
    measures = measure_points(library, by=by, items=of, projection=projection, space=space)
    content = measures.values.astype("<f8").tobytes()
    return points_answer(content, len(measures.values), measures.version)


@router.get("/map/missing", **binary(BINARY))
def get_missing(
    library: Library, of: Of = "recordings", projection: str = "pca", space: str | None = None
) -> Response:
    """Give a byte for each point: 1 where the file of its recording is gone, else 0.

    They are those of the points that have the same X-Map-Version.
    """
    points = map_points(library, items=of, projection=projection, space=space)
    missing = missing_files(library, points.recording_ids)
    return points_answer(missing.astype("u1").tobytes(), len(missing), points.version)


@router.get("/map/trajectory", **binary(BINARY))
def get_trajectory(
    library: Library,
    recording_id: Annotated[int, Query(ge=1, le=MAX_ID)],
    space: str | None = None,
) -> Response:
    """Give the ids of a recording's windows in order of time, as little-endian uint32.

    Where the channels of the recording were heard apart, a 0 stands before each next one. Nothing
    where the space holds no windows of it.
    """
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        catalog.get_recordings(connection, [recording_id])
        channels = catalog.windows_in_time(connection, chosen, recording_id)
    apart = [part for ids in channels for part in ([0], ids)][1:]
    ids = np.concatenate(apart) if apart else np.zeros(0)
    return Response(ids.astype("<u4").tobytes(), media_type=BINARY)


@router.get("/map/between")
def get_between(
    library: Library,
    start: Annotated[int, Query(ge=1, le=MAX_ID)],
    end: Annotated[int, Query(ge=1, le=MAX_ID)],
    of: Of = "recordings",
    steps: Annotated[int, Query(ge=0, le=100)] = 10,
    space: str | None = None,
) -> list[int]:
    """Lead from one recording or window to another over those that lie between their vectors."""
    return path_between(library, start, end, items=of, steps=steps, space=space)


answers_head(router)


def points_answer(content: bytes, n: int, version: str) -> Response:
    """Send what belongs to the points of a map."""
    headers = {"X-Points": str(n), "X-Map-Version": version}
    return Response(content, media_type=BINARY, headers=headers)
