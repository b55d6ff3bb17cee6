"""Searching: by words, by what is in the library, by an upload."""

import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import Json
from starlette.exceptions import HTTPException

from tonotopy.audio import EXTENSIONS
from tonotopy.errors import DecodeError, QueryError
from tonotopy.retrieve import (
    AudioFile,
    Example,
    Results,
    StoredRecording,
    StoredWindow,
    Words,
    search,
)
from tonotopy.server.models import MAX_HITS, ExamplesIn, HitOut, ResultsOut, SearchIn
from tonotopy.server.served import Library

__all__ = ["MAX_SEARCH", "SEARCH_PATH", "UPLOAD_PATH", "router", "uploads"]

SEARCH_PATH, UPLOAD_PATH = "/search", "/search/upload"

MAX_QUERY_S = 600.0  # of an upload are heard
MAX_FIELDS = 10  # of a form, beside its file
MAX_SEARCH = 2_000_000  # bytes of a question: the ids of all that may be found, and more
MAX_FIELD = MAX_SEARCH
MAX_NAME = 200  # characters of an upload's name that are shown

Stored: TypeAlias = StoredRecording | StoredWindow


class OneFile(Request):
    """A request whose form holds one file: more of them, or long fields, would fill the memory."""

    def form(
        self,
        *,
        max_files: float = 1,
        max_fields: float = MAX_FIELDS,
        max_part_size: int = MAX_FIELD,
    ) -> Any:
        """Read the form within limits."""
        return super().form(max_files=max_files, max_fields=max_fields, max_part_size=max_part_size)


class UploadRoute(APIRoute):
    """A route that takes a form with one file."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Make the handler, which reads `OneFile` in place of any request."""
        handle = super().get_route_handler()

        async def handle_one_file(request: Request) -> Response:
            return await handle(OneFile(request.scope, request.receive))

        return handle_one_file


router = APIRouter(prefix="/search", tags=["search"])
uploads = APIRouter(prefix="/search", tags=["search"], route_class=UploadRoute)


@router.post("")
def search_library(library: Library, asked: SearchIn) -> ResultsOut:
    """Search with words, or with recordings and windows of the library."""
    query: Example | Words | None = None
    given = [asked.words is not None, asked.window_id is not None, asked.recording_id is not None]
    if sum(given) > 1:
        raise QueryError("give words, or a window, or a recording, not several of them")
    if asked.recording_id is None and (asked.start_s, asked.end_s) != (None, None):
        raise QueryError("start_s and end_s say which part of a recording; give recording_id too")
    if asked.words is not None:
        query = Words(asked.words)
    elif asked.window_id is not None:
        query = StoredWindow(asked.window_id)
    elif asked.recording_id is not None:
        query = StoredRecording(asked.recording_id, asked.start_s, asked.end_s)
    results = search(
        library,
        query,
        k=asked.k,
        by=asked.by,
        per_recording=asked.per_recording,
        where=asked.where,
        within=chosen(asked),
        like=stored(asked.like_recordings, asked.like),
        unlike=stored(asked.unlike_recordings, asked.unlike),
        aspects=asked.weights,
        text_from=asked.text_from,
        space=asked.space,
        rerank=asked.rerank,
    )
    return shown(results)


@uploads.post("/upload")
def search_upload(
    library: Library,
    file: Annotated[UploadFile, File(description="an audio file")],
    k: Annotated[int, Form(ge=1, le=MAX_HITS)] = 20,
    by: Annotated[Literal["recording", "window"], Form()] = "recording",
    where: Annotated[str | None, Form()] = None,
    space: Annotated[str | None, Form()] = None,
    also: Annotated[Json[ExamplesIn] | None, Form(description="as JSON; see /search")] = None,
    rerank: Annotated[bool, Form()] = True,
) -> ResultsOut:
    """Search with the sound of an uploaded file, its first ten minutes."""
    more = ExamplesIn() if also is None else also
    name = os.path.basename(file.filename or "upload")[:MAX_NAME]
    ending = os.path.splitext(name)[1].lower()
    # The client's name is shown, and never used as a path.
    with tempfile.NamedTemporaryFile(suffix=ending if ending in EXTENSIONS else "") as copy:
        try:
            shutil.copyfileobj(file.file, copy)
            copy.flush()
        except OSError as error:
            raise HTTPException(507) from error
        query = AudioFile(copy.name, 0.0, MAX_QUERY_S)
        try:
            results = search(
                library,
                query,
                k=k,
                by=by,
                where=where,
                within=chosen(more),
                like=stored(more.like_recordings, more.like),
                unlike=stored(more.unlike_recordings, more.unlike),
                aspects=more.weights,
                space=space,
                rerank=rerank,
            )
        except DecodeError as error:
            raise DecodeError(Path(name), error.reason) from error
    return shown(results).model_copy(update={"query": name})


def stored(recordings: Sequence[int], windows: Sequence[int]) -> list[Stored]:
    """Name recordings and windows of the library."""
    return [*map(StoredRecording, recordings), *map(StoredWindow, windows)]


def chosen(asked: ExamplesIn) -> list[Stored] | None:
    """Name what may be found; None for everything."""
    if asked.within is None:
        return None
    ids = asked.within.ids
    return stored(ids, []) if asked.within.of == "recordings" else stored([], ids)


def shown(results: Results) -> ResultsOut:
    """Give results as JSON has them, with the parts of each path."""
    hits = [
        HitOut(
            **asdict(hit),
            name=os.path.basename(hit.path),
            folder=os.path.basename(os.path.dirname(hit.path)),
        )
        for hit in results.hits
    ]
    return ResultsOut(
        query=results.query,
        space=results.space,
        score_name=results.score_name,
        hits=hits,
        notes=results.notes,
    )
