"""Export of a map that opens without a server: a folder of plain files, sounds included."""

import base64
import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from numpy.typing import NDArray

from tonotopy import catalog
from tonotopy.distance import normalized
from tonotopy.errors import DecodeError
from tonotopy.exchange.choosing import Choice, Stretch
from tonotopy.exchange.clips import clip_bytes
from tonotopy.project import pca

__all__ = ["write_site"]

LONGEST_S = 10.0  # of each sound
N_NEIGHBORS = 8
ASSETS = ("index.html", "site.css", "site.js")
AT_ONCE = 1024


def write_site(target: Path, choice: Choice) -> int:
    """Write a zip of a page with its sounds; tell how many of them are gone.

    Browsers let a page that was opened from a folder load scripts, pictures and sounds, and nothing
    else; so the points travel as a script. Sounds are cut at ten seconds.
    """
    vectors = choice.vectors()
    missing = 0
    described = []
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for stretch in choice.stretches():
            name = f"sounds/{stretch.id}.ogg"
            end_s = min(stretch.end_s, stretch.start_s + LONGEST_S)
            try:
                archive.writestr(f"map/{name}", clip_bytes(stretch, end_s, "ogg"))
            except (OSError, DecodeError):
                missing += 1
                name = ""
            described.append(described_point(stretch, name))
        for asset in ASSETS:
            text = (files("tonotopy.exchange") / "page" / asset).read_text(encoding="utf-8")
            archive.writestr(f"map/{asset}", text, ZIP_DEFLATED)
        data = {
            "name": choice.library.path.stem,
            "space": choice.space.name,
            "items": choice.items,
            "coordinates": packed(layout(choice, vectors).astype("<f4")),
            "neighbors": packed(neighbors(vectors, choice.space.metric).astype("<u4")),
            "n_neighbors": min(N_NEIGHBORS, len(vectors) - 1),
            "points": described,
        }
        archive.writestr("map/data.js", script_of(data), ZIP_DEFLATED)
    return missing


def described_point(stretch: Stretch, sound: str) -> dict[str, Any]:
    """Say what the page tells of a point."""
    return {
        "name": stretch.recording.name,
        "folder": stretch.recording.folder,
        "label": stretch.labels[0] if stretch.labels else "",
        "start_s": round(stretch.start_s, 3),
        "end_s": round(stretch.end_s, 3),
        "sound": sound,
    }


def script_of(data: dict[str, Any]) -> str:
    """Write data as a script."""
    return f"window.TONOTOPY = {json.dumps(data, ensure_ascii=True, separators=(',', ':'))};\n"


def packed(values: NDArray[Any]) -> str:
    """Write an array as text."""
    return base64.b64encode(values.tobytes()).decode("ascii")


def layout(choice: Choice, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay points out as the library's UMAP does if it holds them all, by components otherwise.

    Returns
    -------
    ndarray of shape (n, 2), float32
        From -1 to 1, the shape kept.
    """
    found = stored_layout(choice)
    coordinates = pca(vectors).coordinates if found is None else found
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    reach = float((high - low).max()) / 2 or 1.0
    centred: NDArray[np.float32] = ((coordinates - (low + high) / 2) / reach).astype(np.float32)
    return centred


def stored_layout(choice: Choice) -> NDArray[np.float32] | None:
    """Find the chosen things in the library's UMAP; None if it lacks one of them."""
    with choice.library.read() as connection:
        known = catalog.find_analysis(
            connection,
            space_id=choice.space.id,
            kind="projection",
            name="umap",
            item_kind=choice.items,
        )
        if known is None:
            return None
        values = catalog.load_values(connection, known.id)
    order = np.argsort(values["ids"])
    place = np.searchsorted(values["ids"], choice.ids, sorter=order)
    at = order[np.minimum(place, len(order) - 1)]
    if not np.array_equal(values["ids"][at], choice.ids):
        return None
    coordinates: NDArray[np.float32] = values["coordinates"][at].astype(np.float32)
    return coordinates


def neighbors(vectors: NDArray[np.float32], metric: str) -> NDArray[np.int64]:
    """Find what truly is nearest to each point, nearest first, shape (n, at most 8)."""
    ready = normalized(vectors) if metric == "cosine" else vectors
    n_found = min(N_NEIGHBORS, len(ready) - 1)
    squares = np.einsum("ij,ij->i", ready, ready) if metric == "euclidean" else np.zeros(len(ready))
    nearest = np.empty((len(ready), n_found), np.int64)
    for start in range(0, len(ready), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        away = squares[np.newaxis] - (2.0 if squares.any() else 1.0) * (ready[rows] @ ready.T)
        own = np.arange(len(away))
        away[own, own + start] = np.inf
        nearest[rows] = np.argsort(away, axis=1, kind="stable")[:, :n_found]
    return nearest
