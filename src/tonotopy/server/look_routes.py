"""Recordings as they are drawn: tiles of waveform and mel spectrogram, kept once they are made."""

from collections import OrderedDict
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from tonotopy.explore import LEVELS, Tile, column_s, look_at
from tonotopy.server.describing import answers_head, binary
from tonotopy.server.ranges import content_of, not_modified, respond, tag_of
from tonotopy.server.served import Library, PathId
from tonotopy.server.sound_routes import look_at as look_at_file
from tonotopy.server.sound_routes import recording_of

__all__ = ["Tiles", "router"]

BINARY = "application/octet-stream"
KEPT = 2000  # tiles, 25 kB each
MAX_TILE = 10**9

router = APIRouter(tags=["sound"])


class Tiles:
    """Keeps the tiles that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Tile] = OrderedDict()
        self._lock = Lock()

    def find(self, tag: str) -> Tile | None:
        """Find a tile that was made before."""
        with self._lock:
            if tag in self._kept:
                self._kept.move_to_end(tag)
            return self._kept.get(tag)

    def keep(self, tag: str, tile: Tile) -> None:
        """Keep a tile; the one that was not asked for the longest may have to go."""
        with self._lock:
            self._kept[tag] = tile
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)


@router.get("/recordings/{recording_id}/tiles/{level}/{number}", **binary(BINARY))
def recording_tile(
    request: Request,
    library: Library,
    recording_id: PathId,
    level: Annotated[int, Path(ge=0, lt=LEVELS)],
    number: Annotated[int, Path(ge=0, le=MAX_TILE)],
) -> Response:
    """Give 256 columns of a recording, each 0.005 * 2 ** level seconds.

    First 96 x 256 uint8: mel bands (HTK, from 0 to X-Top-Hz), the lowest first, 0 for -100 dB,
    255 for full scale. Then 256 int8 lowest and 256 int8 highest samples in steps of 1/127.
    X-Sampled is 1 where only moments of each column were heard.
    """
    recording = recording_of(library, recording_id)
    status = look_at_file(recording)
    tag = tag_of("tile", recording.path, status.st_mtime_ns, status.st_size, level, number)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    tiles: Tiles = request.app.state.tiles
    tile = tiles.find(tag)
    if tile is None:
        tile = look_at(recording.file, level, number)
        tiles.keep(tag, tile)
    answer = respond(request, content_of(tile.levels.tobytes() + tile.peaks.tobytes(), BINARY, tag))
    answer.headers["X-Top-Hz"] = repr(tile.top_hz)
    answer.headers["X-Column-S"] = repr(column_s(level))
    answer.headers["X-Sampled"] = "1" if tile.sampled else "0"
    return answer


answers_head(router)
