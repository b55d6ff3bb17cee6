"""Sounds that are dropped on the page: each set of them lands in a dated folder of its own."""

import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from shutil import disk_usage
from threading import Lock

from fastapi.concurrency import run_in_threadpool

from tonotopy.audio import is_audio_name
from tonotopy.errors import NotInLibrary, TonotopyError
from tonotopy.server.naming import numbered, safe_name

__all__ = ["NoRoom", "Upload", "Uploads"]

FORGOTTEN_S = 3600.0  # an upload that nobody went on with for so long is given up
RESERVE = 50_000_000  # bytes that are left free, for the library has to grow too
SAME_NAMES = 10_000


class NoRoom(TonotopyError):
    """What was sent could not be kept."""


@dataclass(slots=True)
class Upload:
    """Files that belong together, on their way or complete."""

    folder: Path
    used_at: float
    files: list[Path] = field(default_factory=list)
    begun: int = 0  #: files, complete or not


class Uploads:
    """Keeps what is sent, until it is added or given up.

    Parameters
    ----------
    root : path-like, optional
        Where it is kept; None where nothing may be added.
    max_files : int
        Files that an upload may have.
    """

    def __init__(self, root: str | os.PathLike[str] | None, *, max_files: int) -> None:
        self._root = None if root is None else Path(root)
        self._max_files = max_files
        self._uploads: dict[int, Upload] = {}
        self._numbers = count(1)
        self._lock = Lock()

    def begin(self) -> int:
        """Make a folder for an upload, named after the moment; give the number of the upload.

        Raises
        ------
        NoRoom
            If the folder cannot be made.
        """
        if self._root is None:
            raise RuntimeError("nothing may be added")
        self._forget()
        stamp = datetime.now().astimezone().strftime("%Y-%m-%d %H.%M.%S")
        for number in range(1, SAME_NAMES):
            folder = self._root / (stamp if number == 1 else f"{stamp} ({number})")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise no_room(self._root, error) from error
            with self._lock:
                upload_id = next(self._numbers)
                self._uploads[upload_id] = Upload(folder, time.monotonic())
            return upload_id
        raise NoRoom(f"there are too many folders named {stamp} in {self._root}")

    async def receive(
        self, upload_id: int, name: str, group: str, size: float, chunks: AsyncIterator[bytes]
    ) -> Path:
        """Write a file down as it comes; it appears when it is complete, or not at all.

        Parameters
        ----------
        upload_id : int
            Which upload.
        name, group : str
            What the client calls the file, and the folder that held it; empty for none.
        size : float
            Bytes that are announced.
        chunks : async iterator of bytes
            The file.

        Raises
        ------
        NotInLibrary
            If there is no such upload.
        TonotopyError
            If the upload has too many files, or this one is no sound by its name, or empty.
        NoRoom
            If it cannot be written.
        """
        kept = safe_name(name, otherwise="sound")
        if not is_audio_name(kept):
            raise TonotopyError(f"{kept} is not named like a sound; only sounds can be added")
        upload = self._take_part(upload_id)
        folder = upload.folder / safe_name(group, otherwise="") if group else upload.folder
        part = folder / f".{secrets.token_hex(8)}.part"
        try:
            check_room(upload.folder, size)
            folder.mkdir(exist_ok=True)
            if await write(part, chunks) == 0:
                raise TonotopyError(f"{kept} is empty")
            target = await run_in_threadpool(give_name, part, kept)
        except OSError as error:
            raise no_room(upload.folder, error) from error
        finally:
            with suppress(OSError):  # where there is no room, there may be no folder either
                part.unlink(missing_ok=True)
        upload.files.append(target)
        upload.used_at = time.monotonic()
        with self._lock:
            given_up = upload_id not in self._uploads
        if given_up:
            delete(upload)
            raise NotInLibrary(f"the upload {upload_id} was given up meanwhile")
        return target

    def finish(self, upload_id: int) -> Path:
        """Give the folder of an upload, which is no longer ours.

        Raises
        ------
        NotInLibrary
            If there is no such upload.
        TonotopyError
            If it has no files.
        """
        upload = self._find(upload_id)
        if not upload.files:
            raise TonotopyError("nothing was sent that could be added")
        with self._lock:
            self._uploads.pop(upload_id, None)
        return upload.folder

    def discard(self, upload_id: int) -> None:
        """Delete what was sent.

        Raises
        ------
        NotInLibrary
            If there is no such upload.
        """
        upload = self._find(upload_id)
        with self._lock:
            self._uploads.pop(upload_id, None)
        delete(upload)

    def close(self) -> None:
        """Delete what was sent and never added."""
        with self._lock:
            left = list(self._uploads.values())
            self._uploads.clear()
        for upload in left:
            delete(upload)

    def _find(self, upload_id: int) -> Upload:
        with self._lock:
            if upload_id not in self._uploads:
                raise NotInLibrary(f"there is no upload {upload_id} any more; send the files again")
            return self._uploads[upload_id]

    def _take_part(self, upload_id: int) -> Upload:
        upload = self._find(upload_id)
        with self._lock:
            if upload.begun >= self._max_files:
                raise TonotopyError(
                    f"{self._max_files} files can be sent at a time; add the others afterwards, or "
                    "their folder with 'tonotopy add', or serve with a larger --max-files"
                )
            upload.begun += 1
        return upload

    def _forget(self) -> None:
        now = time.monotonic()
        with self._lock:
            old = {
                number: upload
                for number, upload in self._uploads.items()
                if now - upload.used_at > FORGOTTEN_S
            }
            for number in old:
                del self._uploads[number]
        for upload in old.values():
            delete(upload)


async def write(path: Path, chunks: AsyncIterator[bytes]) -> int:
    """Write chunks to a new file as they come; give the number of bytes."""
    n_bytes = 0
    with path.open("xb") as file:
        async for chunk in chunks:
            await run_in_threadpool(file.write, chunk)
            n_bytes += len(chunk)
    return n_bytes


def give_name(part: Path, name: str) -> Path:
    """Rename a complete file, to the next name that nothing has yet."""
    for number in range(1, SAME_NAMES):
        target = part.with_name(numbered(name, number))
        try:
            target.open("xb").close()  # takes the name, whoever else wants it just now
        except FileExistsError:
            continue
        part.replace(target)
        return target
    raise TonotopyError(f"there are too many files named {name}")


def check_room(folder: Path, size: float) -> None:
    """Refuse what would fill the disk, before it comes."""
    free = disk_usage(folder).free - RESERVE
    if size > free:
        raise NoRoom(
            f"{size / 1e6:.0f} MB do not fit: {max(0, free) / 1e6:.0f} MB are free for sounds on "
            f"the disk of {folder.parent}; free some space"
        )


def no_room(folder: Path, error: OSError) -> NoRoom:
    """Say why what was sent could not be kept."""
    return NoRoom(
        f"sounds cannot be kept in {folder} ({error.strerror or error}); free some space, check "
        "its permissions, or serve with another --allow-add"
    )


def delete(upload: Upload) -> None:
    """Delete the files of an upload, and its folders unless somebody else uses them."""
    for path in upload.files:
        path.unlink(missing_ok=True)
    with suppress(OSError):  # somebody keeps something there, or it is gone
        for inside in upload.folder.iterdir():
            inside.rmdir()
        upload.folder.rmdir()
