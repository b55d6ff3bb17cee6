"""Weights that are not part of this package: where they lie, and where they come from.

A file is looked for, in this order: where the user says, where an environment variable says, in the
user's cache folder, into which `download` puts it. What is downloaded is kept only if it is, byte
for byte, the file that was checked when it was entered here.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tonotopy.errors import EmbedderError

__all__ = ["MODEL_FILES", "ModelFile", "download", "fetch", "find_weights"]

TIMEOUT_S = 30.0  # without a byte
CHUNK = 1 << 16
LOOPBACK = ("127.0.0.1", "localhost", "::1")  # what never leaves the machine may do without TLS
ELSEWHERE = "or get the file in another way and name it with --weights PATH"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of weights that its publisher offers."""

    name: str  #: of the embedder that needs it
    file: str  #: what it is called in the cache folder
    url: str  #: an https address
    sha256: str
    size: int  #: bytes
    licence: str  #: an SPDX identifier
    environment: str  #: the variable that may name a file elsewhere


MODEL_FILES = {
    each.name: each
    for each in (
        ModelFile(
            name="yamnet",
            file="yamnet.tflite",
            url="https://storage.googleapis.com/mediapipe-models/audio_classifier/yamnet/float32/1/yamnet.tflite",
            sha256="4d8b4a53282dc83ef04e3e7dbc4fbc98082e34e44ed798e16c3a0cdd4c584faf",
            size=4_126_810,
            licence="Apache-2.0",
            environment="TONOTOPY_YAMNET",
        ),
    )
}


def cache_folder() -> Path:
    """Name the user's folder for weights."""
    from platformdirs import user_cache_path

    return user_cache_path("tonotopy")


def find_weights(name: str) -> Path:
    """Say where the weights of an embedder are, or would be.

    Parameters
    ----------
    name : str
        A key of `MODEL_FILES`.

    Returns
    -------
    Path
        What the environment variable names if it is set, else the place in the cache folder.
    """
    known = MODEL_FILES[name]
    named = os.environ.get(known.environment)
    return Path(named).expanduser() if named else cache_folder() / known.file


def download(
    name: str,
    *,
    folder: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Download the weights of an embedder, unless they are there.

    Parameters
    ----------
    name : str
        An embedder that needs a file, such as ``yamnet``.
    folder : Path, optional
        Where to put the file; the user's cache folder by default.
    on_progress : callable, optional
        Is told (bytes read, bytes in all).

    Returns
    -------
    Path
        The file, checked.

    Raises
    ------
    EmbedderError
        If there is no such file, it cannot be had, or it is not the one that was checked.
    """
    if name not in MODEL_FILES:
        raise EmbedderError(
            f"there is nothing to download for {name!r}; choose one of {', '.join(MODEL_FILES)}"
        )
    return fetch(MODEL_FILES[name], cache_folder() if folder is None else folder, on_progress)


def fetch(
    wanted: ModelFile, folder: Path, on_progress: Callable[[int, int], None] | None = None
) -> Path:
    """Put a file into a folder: complete and checked, or not at all.

    Raises
    ------
    EmbedderError
        If it cannot be had or written, or is another file.
    """
    target = folder / wanted.file
    tell = on_progress or (lambda *_: None)
    try:
        if target.is_file() and sha256_of(target) == wanted.sha256:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as beside:
            part = Path(beside) / wanted.file
            with part.open("wb") as taken:
                receive(wanted, taken, tell)
            if sha256_of(part) != wanted.sha256:
                raise EmbedderError(
                    f"what {wanted.url} gives is not the file that was checked (SHA-256 "
                    f"{sha256_of(part)}, not {wanted.sha256}), so it was not kept; "
                    f"update tonotopy, {ELSEWHERE}"
                )
            part.replace(target)
    except OSError as error:
        raise EmbedderError(
            f"cannot write {target}: {error.strerror or error}; make room there, {ELSEWHERE}"
        ) from error
    return target


def sha256_of(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def receive(wanted: ModelFile, taken: IO[bytes], tell: Callable[[int, int], None]) -> None:
    """Read a file from its address, not a byte more than it has."""
    check_address(wanted.url)
    request = Request(wanted.url, headers={"User-Agent": "tonotopy"})
    n_read = 0
    try:
        with build_opener(StaysSafe).open(request, timeout=TIMEOUT_S) as answer:
            while chunk := answer.read(min(CHUNK, wanted.size + 1 - n_read)):
                n_read += len(chunk)
                taken.write(chunk)
                tell(n_read, wanted.size)
    except HTTPError as error:
        raise unreachable(wanted, f"the server answers {error.code} {error.reason}") from error
    except URLError as error:
        raise unreachable(wanted, str(error.reason)) from error
    except (TimeoutError, ConnectionError, HTTPException) as error:
        raise unreachable(wanted, str(error) or type(error).__name__) from error
    if n_read != wanted.size:
        held = "more than" if n_read > wanted.size else f"only {n_read} of"
        raise unreachable(wanted, f"it gave {held} {wanted.size} bytes")


def unreachable(wanted: ModelFile, reason: str) -> EmbedderError:
    """Say why a file cannot be had, and what to do."""
    return EmbedderError(
        f"cannot download {wanted.url}: {reason}; check the connection and try again, {ELSEWHERE}"
    )


def check_address(url: str) -> None:
    """Refuse an address where others could read along or change what comes."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise EmbedderError(f"{url} is not an https address, so nothing was downloaded")


class StaysSafe(HTTPRedirectHandler):
    """Follows no redirection to an address that is not safe."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Any:
        """Check where it goes first."""
        check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
