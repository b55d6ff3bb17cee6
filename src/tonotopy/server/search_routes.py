"""Searching: by words, by what is in the library, by an upload."""

import os
import tempfile
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, UploadFile

from tonotopy.audio import EXTENSIONS
from tonotopy.errors import QueryError
from tonotopy.retrieve import (
    AudioFile,
    Example,
    Results,
    StoredRecording,
    StoredWindow,
    Words,
    search,
)
from tonotopy.server.library_routes import Library
from tonotopy.server.models import MAX_HITS, HitOut, ResultsOut, SearchIn

__all__ = ["router"]

MAX_QUERY_S = 600.0  # of an upload are heard
COPY_BYTES = 1 << 20

router = APIRouter(prefix="/search", tags=["search"])


@router.post("")
def search_library(library: Library, asked: SearchIn) -> ResultsOut:
    """Search with words, or with recordings and windows of the library."""
    query: Example | Words | None = None
    given = [asked.words is not None, asked.window_id is not None, asked.recording_id is not None]
    if sum(given) > 1:
        raise QueryError("give words, or a window, or a recording, not several of them")
    if asked.words is not None:
        query = Words(asked.words)
    elif asked.window_id is not None:
        query = StoredWindow(asked.window_id)
    elif asked.recording_id is not None:
        query = StoredRecording(asked.recording_id)
    results = search(
        library,
        query,
        k=asked.k,
        by=asked.by,
        per_recording=asked.per_recording,
        where=asked.where,
        like=[StoredWindow(each) for each in asked.like],
        unlike=[StoredWindow(each) for each in asked.unlike],
        space=asked.space,
    )
    return shown(results)


@router.post("/upload")
def search_upload(
    library: Library,
    file: Annotated[UploadFile, File(description="an audio file")],
    k: Annotated[int, Form(ge=1, le=MAX_HITS)] = 20,
    by: Annotated[Literal["recording", "window"], Form()] = "recording",
    where: Annotated[str | None, Form()] = None,
    space: Annotated[str | None, Form()] = None,
) -> ResultsOut:
    """Search with the sound of an uploaded file, its first ten minutes."""
    name = os.path.basename(file.filename or "upload")
    ending = os.path.splitext(name)[1].lower()
    # The client's name is shown, and never used as a path.
    with tempfile.NamedTemporaryFile(suffix=ending if ending in EXTENSIONS else "") as copy:
        while chunk := file.file.read(COPY_BYTES):
            copy.write(chunk)
        copy.flush()
        results = search(
            library,
            AudioFile(copy.name, 0.0, MAX_QUERY_S),
            k=k,
            by=by,
            where=where,
            space=space,
        )
    return shown(results).model_copy(update={"query": name})


def shown(results: Results) -> ResultsOut:
    """Give results as JSON has them, with the parts of each path."""
    hits = [
        HitOut(
            **{field: getattr(hit, field) for field in type(hit).__slots__},
            name=os.path.basename(hit.path),
            folder=os.path.basename(os.path.dirname(hit.path)),
        )
        for hit in results.hits
    ]
    return ResultsOut(
        query=results.query, space=results.space, score_name=results.score_name, hits=hits
    )
