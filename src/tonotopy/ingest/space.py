"""Choosing the space that takes the vectors, or starting one."""

import os
from dataclasses import dataclass
from math import isfinite

import numpy as np
from sqlalchemy import Connection

from tonotopy import catalog, embedders
from tonotopy.catalog import Space
from tonotopy.embedders import Embedder
from tonotopy.embedders.tagger import Tagger
from tonotopy.errors import EmbedderError

__all__ = ["Wanted", "find", "note_tagger", "start", "wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a space must be to take the vectors of a run."""

    source: str  #: what `embedders.load` takes, where its weights are in their place
    loaded_from: str  #: what it takes here: the same, or with a file of weights
    embedder: Embedder
    hop_s: float
    channels: str

    def matches(self, space: Space) -> bool:
        """Tell whether a space's vectors may be compared with the ones to come."""
        return (
            space.embedder == self.source
            and space.fingerprint == self.embedder.fingerprint
            and space.hop_s == self.hop_s
            and space.channels == self.channels
        )


def wanted(
    spaces: list[Space],
    embedder: str | None,
    hop_s: float | None,
    channels: str | None,
    weights: str | os.PathLike[str] | None = None,
) -> Wanted:
    """Work out what is asked for; what is left open is as in the default space.

    Raises
    ------
    EmbedderError
        If the embedder is unknown, cannot be left open, or changed since the space was made; if
        it takes no weights; or if the hop is not positive or longer than a window.
    ValueError
        If `channels` is neither "mix" nor "each".
    """
    if channels not in (None, "mix", "each"):
        raise ValueError(f"channels={channels!r} must be 'mix' or 'each'")
    default = next((space for space in spaces if space.is_default), None)
    if embedder is None and default is not None and not default.embedder:
        raise EmbedderError(
            f"the default space {default.name!r} holds imported vectors; "
            "name what to listen with: --embedder NAME (see tonotopy models)"
        )
    source = embedder or (default.embedder if default else embedders.DEFAULT)
    loaded_from = embedders.with_weights(source, weights)
    loaded = embedders.load(loaded_from)
    same = default if default is not None and default.embedder == source else None
    if embedder is None and same is not None and same.fingerprint != loaded.fingerprint:
        raise EmbedderError(
            f"{source} changed since the space {same.name!r} was made "
            f"({same.fingerprint}, now {loaded.fingerprint}), so new vectors cannot join it; "
            f"start a new space with: --embedder {source}"
        )
    hop = hop_s if hop_s is not None else (same.hop_s if same else loaded.hop_s)
    n_samples = round(hop * loaded.sample_rate) if isfinite(hop) else 0
    if not 0 < n_samples <= round(loaded.window_s * loaded.sample_rate):
        raise EmbedderError(
            f"a hop of {hop:g} s does not fit {loaded.name}; "
            f"it must be above 0 and at most a window, {loaded.window_s:g} s"
        )
    exact_hop_s = n_samples / loaded.sample_rate  # a hop between samples would drift in long files
    return Wanted(
        source, loaded_from, loaded, exact_hop_s, channels or (same.channels if same else "mix")
    )


def find(spaces: list[Space], asked: Wanted) -> Space | None:
    """Find the space that takes the vectors, if there is one."""
    return next((space for space in spaces if asked.matches(space)), None)


def start(connection: Connection, asked: Wanted) -> Space:
    """Start a space, named after what sets it apart."""
    taken = {space.name for space in catalog.list_spaces(connection)}
    embedder = asked.embedder
    base = embedder.name
    if abs(asked.hop_s - embedder.hop_s) * embedder.sample_rate >= 1:
        base += f"-hop{asked.hop_s:g}"
    if asked.channels == "each":
        base += "-each"
    name = next(
        name
        for name in (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
        if name not in taken
    )
    return catalog.create_space(
        connection,
        name=name,
        embedder=asked.source,
        fingerprint=embedder.fingerprint,
        dim=embedder.dim,
        sample_rate=embedder.sample_rate,
        window_s=embedder.window_s,
        hop_s=asked.hop_s,
        channels=asked.channels,
        metric=embedder.metric,
        licence=embedder.licence,
    )


def note_tagger(connection: Connection, space: Space, embedder: Embedder) -> None:
    """Write down which classes an embedder names, and from which score on each is shown.

    So a library shows the same tags wherever it is, without the embedder; a better calibration
    reaches it with the next run.
    """
    if not isinstance(embedder, Tagger):
        return
    thresholds = embedder.tag_thresholds()
    known = catalog.find_tagger(connection, space)
    if (
        known is None
        or known.classes != embedder.tag_classes
        or (not np.array_equal(known.thresholds, thresholds))
    ):
        catalog.put_tagger(connection, space.id, embedder.tag_classes, thresholds)
