"""What travels as JSON around jobs: work in the background, exports, adding."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from tonotopy.exchange import Format
from tonotopy.explore import Items
from tonotopy.server.ids import Id

__all__ = [
    "AddIn",
    "Adding",
    "AddingOut",
    "ExportIn",
    "ExportOut",
    "Failed",
    "FolderOut",
    "Job",
    "JobIn",
    "ReceivedOut",
    "UploadOut",
]


class ExportIn(BaseModel):
    """What to take out, and in which form."""

    format: Format
    of: Items = "recordings"
    ids: list[Id] = Field(min_length=1)
    space: str | None = None


class ExportOut(BaseModel):
    """A file that was made; /exports/{id} gives it."""

    id: int
    name: str
    bytes: int
    n: int = Field(description="recordings or windows")
    missing: int = Field(description="whose sound could not be read")


class UploadOut(BaseModel):
    """Files that are sent to be added together."""

    id: int


class ReceivedOut(BaseModel):
    """A file that was sent, and kept."""

    name: str = Field(description="under which it is kept")
    bytes: int


class AddIn(BaseModel):
    """What to add: files that were sent, or a folder."""

    upload: Id | None = None
    folder: Id | None = None
    labels_from_folders: bool = False


class Failed(BaseModel):
    """A file that could not be added, and why."""

    name: str
    reason: str


class Adding(BaseModel):
    """How far adding is, or what it did."""

    n_files: int = Field(description="files that are new or changed")
    done: int = Field(description="of them, heard or found unfit")
    audio_s: float = Field(description="seconds of sound heard")
    elapsed_s: float
    left_s: float | None = Field(description="null while too little is known")
    n_failed: int
    added: int = Field(0, description="recordings, told at the end, as all that follows")
    unchanged: int = 0
    failed: list[Failed] = Field(default=[], description="the first hundred")


class JobIn(BaseModel):
    """Work to start."""

    kind: Literal["umap"]
    space: str | None = None
    of: Items = "recordings"


class Job(BaseModel):
    """Work that runs in the background; it waits while another one writes to the library."""

    id: int
    kind: str
    space: str | None
    of: Items
    state: Literal["waiting", "running", "done", "failed", "stopped"]
    progress: float = Field(description="0 to 1")
    error: str | None = None
    adding: Annotated[Adding | None, Field(description="of the kind add")] = None
    export: Annotated[ExportOut | None, Field(description="of an export that is done")] = None


class FolderOut(BaseModel):
    """A folder from which sounds may be added."""

    id: int
    name: str
    parent: int | None = Field(None, description="null where it is as far up as one may go")
    folders: list["FolderOut"] = Field(default=[], description="told when it is looked into")
    n_sounds: int = Field(0, description="in the folder itself; told when it is looked into")
    complete: bool = Field(True, description="whether all of its folders are listed")


class AddingOut(BaseModel):
    """What may be added to the library, and what is being added."""

    why_not: str | None = Field(description="why nothing may be added; null: it may")
    max_bytes: int = Field(description="that an upload may have, for searching too")
    max_files: int = Field(description="that may be sent at a time")
    endings: list[str] = Field(description="of names of sounds, in lower case, with the dot")
    folders: list[FolderOut] = Field(description="that may be added from")
    job: Job | None = Field(description="that adds just now, or waits to")
