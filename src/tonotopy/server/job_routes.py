"""Jobs: starting projections, and how any job stands."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from tonotopy import catalog
from tonotopy.server.describing import answers_head
from tonotopy.server.job_models import Job, JobIn
from tonotopy.server.jobs import Jobs
from tonotopy.server.served import Library
from tonotopy.server.worker import Order

__all__ = ["Running", "router"]

router = APIRouter(tags=["jobs"])


def running_jobs(request: Request) -> Jobs:
    """Give the jobs of the server."""
    jobs: Jobs = request.app.state.jobs
    return jobs


Running = Annotated[Jobs, Depends(running_jobs)]


@router.post("/jobs", status_code=202)
def start_job(library: Library, jobs: Running, asked: JobIn) -> Job:
    """Start to compute a projection; one that is under way already is given back."""
    with library.read() as connection:
        name = catalog.find_space(connection, asked.space).name
    return jobs.start(Order(asked.kind, str(library.path), name, asked.of))


@router.get("/jobs/{job_id}")
def get_job(jobs: Running, job_id: int) -> Job:
    """Tell how a job stands."""
    return jobs.get(job_id)


@router.post("/jobs/{job_id}/stop")
def stop_job(jobs: Running, job_id: int) -> Job:
    """Stop a job that waits or runs; what it has done so far stays done."""
    return jobs.stop(job_id)


answers_head(router)
