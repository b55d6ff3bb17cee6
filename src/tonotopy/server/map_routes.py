"""The map: coordinates and colours as raw arrays, projections as jobs."""

import os
from collections import Counter
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.explore import PROJECTIONS, compute_umap, has_projection, map_points
from tonotopy.server.jobs import Jobs
from tonotopy.server.library_routes import Library
from tonotopy.server.models import Items, Job, JobIn, LegendEntry, ProjectionOut

__all__ = ["router"]

NO_COLOUR = 65_535
MAX_COLOURS = 1000  # names in a legend; what is rarer has no colour

router = APIRouter(tags=["map"])

Of = Annotated[Items, Query(description="what a point is")]
By = Annotated[Literal["label", "folder"], Query(description="what is coloured")]
Binary = "application/octet-stream"


def running_jobs(request: Request) -> Jobs:
    """Give the jobs of the server."""
    jobs: Jobs = request.app.state.jobs
    return jobs


Running = Annotated[Jobs, Depends(running_jobs)]


@router.get("/map", response_class=Response)
def get_map(
    library: Library, of: Of = "recordings", projection: str = "pca", space: str | None = None
) -> Response:
    """Give the points: n times (x, y) as float32 in [-1, 1], then n ids as uint32."""
    points = map_points(library, items=of, projection=projection, space=space)
    content = points.coordinates.astype("<f4").tobytes() + points.ids.astype("<u4").tobytes()
    return Response(content, media_type=Binary, headers={"X-Points": str(len(points.ids))})


@router.get("/map/projections")
def get_projections(
    library: Library, jobs: Running, of: Of = "recordings", space: str | None = None
) -> list[ProjectionOut]:
    """List the projections, and whether they can be shown at once."""
    return [
        ProjectionOut(
            name=name,
            ready=has_projection(library, name, items=of, space=space),
            job=jobs.running(name, space, of),
        )
        for name in PROJECTIONS
    ]


@router.get("/map/colors", response_class=Response)
def get_colors(
    library: Library,
    of: Of = "recordings",
    by: By = "label",
    projection: str = "pca",
    space: str | None = None,
) -> Response:
    """Give each point's place in the legend as uint16, 65535 for none."""
    names, codes = coloured(library, of, by, projection, space)
    legend: dict[str | None, int] = {name: code for code, (name, _) in enumerate(names)}
    content = np.array([legend.get(each, NO_COLOUR) for each in codes], "<u2").tobytes()
    return Response(content, media_type=Binary, headers={"X-Points": str(len(codes))})


@router.get("/map/legend")
def get_legend(
    library: Library,
    of: Of = "recordings",
    by: By = "label",
    projection: str = "pca",
    space: str | None = None,
) -> list[LegendEntry]:
    """List the colours, the most common first, with how many points have them."""
    names, _ = coloured(library, of, by, projection, space)
    return [LegendEntry(name=name, n=n) for name, n in names]


def coloured(
    library: Catalog, of: Items, by: str, projection: str, space: str | None
) -> tuple[list[tuple[str, int]], list[str | None]]:
    """Find what each point is coloured by, and how common that is."""
    points = map_points(library, items=of, projection=projection, space=space)
    ids = points.ids.tolist()
    with library.read() as connection:
        if of == "recordings":
            stretches = [(each, 0.0, np.inf) for each in ids]
        else:
            windows = catalog.get_windows(connection, ids)
            stretches = [
                (windows[each].recording_id, windows[each].start_s, windows[each].end_s)
                for each in ids
            ]
        recordings = sorted({each for each, _, _ in stretches})
        if by == "folder":
            described = catalog.get_recordings(connection, recordings)
            values: list[str | None] = [
                os.path.basename(os.path.dirname(described[each].path)) for each, _, _ in stretches
            ]
        else:
            labels = catalog.recording_labels(connection, recordings)
            values = [
                next(iter(catalog.labels_of(labels.get(each, ()), start_s, end_s)), None)
                for each, start_s, end_s in stretches
            ]
    counts = Counter(value for value in values if value is not None)
    names = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_COLOURS]
    return names, values


@router.post("/jobs", status_code=202)
def start_job(library: Library, jobs: Running, asked: JobIn) -> Job:
    """Start to compute a projection; one that is under way already is given back."""
    with library.read() as connection:
        catalog.find_space(connection, asked.space)
    return jobs.start(
        asked.kind,
        asked.space,
        asked.of,
        lambda report: compute_umap(library, items=asked.of, space=asked.space, on_progress=report),
    )


@router.get("/jobs/{job_id}")
def get_job(jobs: Running, job_id: int) -> Job:
    """Tell how a job stands."""
    return jobs.get(job_id)
