"""Adding sounds from the page: files that are sent, or folders that the server was opened to."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Query, Request
from starlette.requests import ClientDisconnect

from tonotopy.audio import EXTENSIONS
from tonotopy.catalog import Catalog
from tonotopy.errors import TonotopyError
from tonotopy.server.describing import answers_head
from tonotopy.server.folders import Folders
from tonotopy.server.guard import announced
from tonotopy.server.job_models import AddIn, AddingOut, FolderOut, Job, ReceivedOut, UploadOut
from tonotopy.server.job_routes import Running
from tonotopy.server.jobs import Jobs
from tonotopy.server.label_routes import CONFLICT, check_writable
from tonotopy.server.models import Problem
from tonotopy.server.served import Library, PathId
from tonotopy.server.uploads import Uploads
from tonotopy.server.worker import Order

__all__ = [
    "FILE_PATH",
    "MAX_FILES",
    "Intake",
    "NotAllowed",
    "adding_of",
    "intake_of",
    "router",
]

FILE_PATH = "/adding/files"
MAX_FILES = 2000  # sent at a time
LONGEST_NAME = 1000  # characters; the name that is kept is shorter
HOW = "stop the server and start it with: tonotopy serve --allow-add FOLDER"

router = APIRouter(tags=["adding"])


class NotAllowed(TonotopyError):
    """Nothing may be added through this server."""


class Intake:
    """What may be added through the server.

    Parameters
    ----------
    roots : sequence of path-like
        Folders from which sounds may be added; what is sent is kept below the first one. None:
        nothing may be added.
    max_bytes : int
        Bytes that a file may have that is sent.
    max_files : int
        Files that may be sent at a time.
    """

    def __init__(
        self, roots: Sequence[str | os.PathLike[str]], *, max_bytes: int, max_files: int
    ) -> None:
        self.folders = Folders(roots)
        self.root = self.folders.find(1).path if self.folders.roots else None
        self.uploads = Uploads(self.root, max_files=max_files)
        self.max_bytes = max_bytes
        self.max_files = max_files

    def why_not(self, library: Catalog) -> str | None:
        """Say why nothing may be added, or None."""
        if self.root is None:
            return f"adding is not allowed here; to allow it, {HOW}"
        if library.read_only:
            return f"the library {library.path.name} is read-only, so nothing can be added"
        return None


def intake_of(request: Request) -> Intake:
    """Give what may be added."""
    intake: Intake = request.app.state.intake
    return intake


def open_intake(request: Request, library: Library) -> Intake:
    """Give what may be added, or refuse."""
    intake = intake_of(request)
    if intake.root is None:
        raise NotAllowed(intake.why_not(library))
    check_writable(library)
    return intake


Open = Annotated[Intake, Depends(open_intake)]
Responses: TypeAlias = dict[int | str, dict[str, Any]]
REFUSED: Responses = {
    **CONFLICT,
    403: {"model": Problem, "description": "Nothing may be added"},
}
NO_ROOM: Responses = {507: {"model": Problem, "description": "There is no room for it"}}


def adding_of(intake: Intake, jobs: Jobs, library: Catalog) -> AddingOut:
    """Say what may be added, and what is being added."""
    return AddingOut(
        why_not=intake.why_not(library),
        max_bytes=intake.max_bytes,
        max_files=intake.max_files,
        endings=sorted(EXTENSIONS),
        folders=[FolderOut(**asdict(each)) for each in intake.folders.roots],
        job=jobs.latest("add"),
    )


@router.get("/adding/folders/{folder_id}", responses=REFUSED)
def get_folder(intake: Open, folder_id: PathId) -> FolderOut:
    """List the folders in a folder below a root that was opened; /library lists the roots."""
    return FolderOut.model_validate(intake.folders.look(folder_id), from_attributes=True)


@router.post("/adding/uploads", status_code=201, responses=REFUSED | NO_ROOM)
def begin_upload(intake: Open) -> UploadOut:
    """Begin to send files, which will be added together."""
    return UploadOut(id=intake.uploads.begin())


@router.post("/adding/uploads/{upload_id}/discard", responses=REFUSED)
def discard_upload(intake: Open, upload_id: PathId) -> UploadOut:
    """Delete the files that were sent, instead of adding them."""
    intake.uploads.discard(upload_id)
    return UploadOut(id=upload_id)


@router.post(FILE_PATH, status_code=201, responses=REFUSED | NO_ROOM)
async def send_file(
    request: Request,
    intake: Open,
    upload: Annotated[int, Query(ge=1)],
    name: Annotated[str, Query(max_length=LONGEST_NAME, description="what the file is called")],
    group: Annotated[
        str, Query(max_length=LONGEST_NAME, description="what the folder is called that held it")
    ] = "",
) -> ReceivedOut:
    """Send a file, as the body of the request; it is kept under a name like its own."""
    size = announced(request.headers.get("content-length", ""))
    try:
        kept = await intake.uploads.receive(upload, name, group, size, request.stream())
    except ClientDisconnect as error:
        raise TonotopyError(f"{name} was cut short") from error
    return ReceivedOut(name=kept.name, bytes=kept.stat().st_size)


@router.post("/adding", status_code=202, responses=REFUSED)
def add(library: Library, jobs: Running, intake: Open, asked: AddIn) -> Job:
    """Add what was sent, or a folder; while other work writes to the library, the job waits."""
    if (asked.upload is None) == (asked.folder is None):
        raise TonotopyError("name an upload, or a folder, one of the two")
    if asked.upload is not None:
        path = intake.uploads.finish(asked.upload)
        root = path
    else:
        place = intake.folders.find(asked.folder or 0)
        path, root = Path(place.path), Path(place.root)
    options = {
        "folder": str(path),
        "within": str(root),
        "labels_from_folders": asked.labels_from_folders,
    }
    return jobs.start(Order("add", str(library.path), options=options))


answers_head(router)
