"""Taking a selection out: a file is made, kept for a while, and fetched by its number."""

import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from tonotopy.errors import NotInLibrary
from tonotopy.exchange import ENDINGS, export
from tonotopy.server.describing import binary
from tonotopy.server.models import ExportIn, ExportOut
from tonotopy.server.served import Library, PathId

__all__ = ["EXPORT_PATH", "Exports", "router"]

EXPORT_PATH = "/exports"
KEPT = 5  # files; whoever made more wants the last ones

router = APIRouter(tags=["export"])


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was made."""

    path: Path
    name: str


class Exports:
    """Keeps the files that were made last, in a folder that goes with the server."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: OrderedDict[int, Kept] = OrderedDict()
        self._numbers = count(1)
        self._lock = Lock()

    def place(self) -> tuple[int, Path]:
        """Choose a number, and where its file is to be written."""
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="tonotopy-export-")
            number = next(self._numbers)
            return number, Path(self._folder.name) / str(number)

    def keep(self, number: int, path: Path, name: str) -> None:
        """Keep a file; the oldest may have to go."""
        with self._lock:
            self._files[number] = Kept(path, name)
            while len(self._files) > KEPT:
                _, oldest = self._files.popitem(last=False)
                oldest.path.unlink(missing_ok=True)

    def find(self, number: int) -> Kept:
        """Find a file.

        Raises
        ------
        NotInLibrary
            If there never was one, or it had to make room.
        """
        with self._lock:
            if number not in self._files:
                raise NotInLibrary(f"there is no export {number} any more; make it again")
            return self._files[number]

    def close(self) -> None:
        """Delete the files."""
        with self._lock:
            self._files.clear()
            if self._folder is not None:
                self._folder.cleanup()


@router.post(EXPORT_PATH, status_code=201)
def make_export(request: Request, library: Library, asked: ExportIn) -> ExportOut:
    """Make a file of recordings or windows; fetch it from where the answer says."""
    exports: Exports = request.app.state.exports
    number, path = exports.place()
    done = export(
        library, path, format=asked.format, items=asked.of, ids=asked.ids, space=asked.space
    )
    name = f"{library.path.stem}-{asked.format}{ENDINGS[asked.format]}"
    exports.keep(number, path, name)
    return ExportOut(
        id=number, name=name, bytes=path.stat().st_size, n=done.n, missing=done.missing
    )


@router.get(EXPORT_PATH + "/{export_id}", **binary("application/octet-stream"))
def get_export(request: Request, export_id: PathId) -> FileResponse:
    """Give a file that was made, to be kept under its name."""
    exports: Exports = request.app.state.exports
    kept = exports.find(export_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept.name)}"}
    return FileResponse(kept.path, media_type="application/octet-stream", headers=headers)
