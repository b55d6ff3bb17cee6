"""Taking a selection out: a file is made, kept for a while, and fetched by its number."""

import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock, Timer
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Space
from tonotopy.errors import NotInLibrary
from tonotopy.exchange import ENDINGS
from tonotopy.server.describing import binary
from tonotopy.server.job_models import ExportIn, ExportOut, Job
from tonotopy.server.job_routes import Running
from tonotopy.server.served import Library, PathId
from tonotopy.server.worker import Order, take_out

__all__ = ["EXPORT_PATH", "Exports", "router"]

EXPORT_PATH = "/exports"
KEPT = 5  # files; whoever made more wants the last ones
KEPT_S = 3600.0  # whoever has not fetched a file by then does not want it
SMALL = 2_000  # windows that are written while the request waits
SMALL_SOUNDS = 100  # windows that are decoded and encoded meanwhile
WITH_SOUNDS = ("clips", "site")

router = APIRouter(tags=["export"])


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was made, or is being made."""

    path: Path
    name: str
    timer: Timer


class Exports:
    """Keeps the files that were made last, in a folder that goes with the server."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: OrderedDict[int, Kept] = OrderedDict()
        self._numbers = count(1)
        self._lock = Lock()

    def place(self, name: str) -> tuple[int, Path]:
        """Choose a number, and where its file is to be written."""
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="tonotopy-export-")
            number = next(self._numbers)
            path = Path(self._folder.name) / str(number)
            timer = Timer(KEPT_S, self.drop, [number])
            timer.daemon = True
            self._files[number] = Kept(path, name, timer)
            return number, path

    def settle(self, number: int, state: str) -> None:
        """Keep a file for a while if it was made, or forget it; the oldest may have to go."""
        if state != "done":
            self.drop(number)
            return
        with self._lock:
            if number in self._files:
                self._files[number].timer.start()
            made = [each for each, kept in self._files.items() if kept.timer.is_alive()]
        for oldest in made[:-KEPT]:
            self.drop(oldest)

    def drop(self, number: int) -> None:
        """Delete a file, complete or not."""
        with self._lock:
            kept = self._files.pop(number, None)
        if kept is not None:
            kept.timer.cancel()
            kept.path.unlink(missing_ok=True)
            kept.path.with_name(f"{kept.path.name}.part").unlink(missing_ok=True)

    def find(self, number: int) -> Kept:
        """Find a file.

        Raises
        ------
        NotInLibrary
            If there never was one, it had to go, or it is not complete yet.
        """
        with self._lock:
            kept = self._files.get(number)
        if kept is None or not kept.path.exists():
            raise NotInLibrary(f"there is no export {number} any more; make it again")
        return kept

    def close(self) -> None:
        """Delete the files."""
        with self._lock:
            for kept in self._files.values():
                kept.timer.cancel()
            self._files.clear()
            if self._folder is not None:
                self._folder.cleanup()


@router.post(EXPORT_PATH, status_code=202)
def make_export(
    request: Request, response: Response, library: Library, jobs: Running, asked: ExportIn
) -> Job:
    """Make a file of recordings or windows, as a job; /exports/{id} gives the file.

    What is small is made at once: the job is done already when the answer (201) comes.
    """
    exports: Exports = request.app.state.exports
    with library.read() as connection:
        space = catalog.find_space(connection, asked.space)
        small = is_small(connection, space, asked)
    name = f"{library.path.stem}-{asked.format}{ENDINGS[asked.format]}"
    number, path = exports.place(name)
    options = {
        "number": number,
        "name": name,
        "path": str(path),
        "format": asked.format,
        "ids": asked.ids,
    }
    order = Order("export", str(library.path), space.name, asked.of, options)
    finish = partial(exports.settle, number)
    if not small:
        return jobs.start(order, finish=finish)
    response.status_code = 201
    try:
        made = take_out(library, order)
    except Exception:
        finish("failed")
        raise
    finish("done")
    return jobs.keep_done(order, export=ExportOut.model_validate(made))


def is_small(connection: Connection, space: Space, asked: ExportIn) -> bool:
    """Tell whether a file is made in no time; what has many windows, or long sounds, is not."""
    most = SMALL_SOUNDS if asked.format in WITH_SOUNDS else SMALL
    if len(asked.ids) > most or asked.of == "windows":
        return len(asked.ids) <= most
    ranges = catalog.window_ranges(connection, space, asked.ids)
    return sum(n_windows for _, n_windows in ranges.values()) <= most


@router.get(EXPORT_PATH + "/{export_id}", **binary("application/octet-stream"))
def get_export(request: Request, export_id: PathId) -> FileResponse:
    """Give a file that was made, to be kept under its name."""
    exports: Exports = request.app.state.exports
    kept = exports.find(export_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept.name)}"}
    return FileResponse(kept.path, media_type="application/octet-stream", headers=headers)
