"""Embedders: what turns windows of sound into vectors.

`load` finds one by name: a built-in one, ``onnx:PATH`` for a model in a file, or one that an
installed package offers under the entry-point group ``tonotopy.embedders``. Every embedder
keeps the contract of `tonotopy.embedders.protocol.Embedder`. Those of `MODEL_FILES` need weights
that are not part of this package: ``yamnet`` looks for them, ``yamnet:PATH`` names them.
"""

import inspect
import os
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from tonotopy.embedders.model_files import MODEL_FILES
from tonotopy.embedders.protocol import Embedder
from tonotopy.errors import EmbedderError, MissingExtra

__all__ = [
    "BUILTIN",
    "DEFAULT",
    "MODEL_FILES",
    "Embedder",
    "EmbedderCard",
    "available",
    "load",
    "with_weights",
]

BUILTIN = {
    "cochlea": "tonotopy.embedders.cochlea:Cochlea",
    "melstats155": "tonotopy.embedders.melstats:MelStats155",
    "mfcc": "tonotopy.embedders.klustr:Mfcc",
    "mir": "tonotopy.embedders.klustr:Mir",
    "stft": "tonotopy.embedders.klustr:Stft",
    "timbre": "tonotopy.embedders.timbre:Timbre",
    "yamnet": "tonotopy.embedders.yamnet:Yamnet",
}

DEFAULT = "cochlea"

_GROUP = "tonotopy.embedders"
_ONNX = "onnx:"


@dataclass(frozen=True)
class EmbedderCard:
    """What a user wants to know before choosing an embedder."""

    name: str
    dim: int  #: length of a vector
    sample_rate: int  #: Hz
    window_s: float  #: seconds of sound per vector
    hop_s: float  #: seconds between windows unless the user says otherwise
    licence: str  #: an SPDX identifier
    description: str  #: one line
    source: str  #: "built in", or the package that offers it
    problem: str = ""  #: why it cannot be loaded, and what to do; a plugin's numbers are then 0


def load(name: str) -> Embedder:
    """Find an embedder by name and make it ready.

    Parameters
    ----------
    name : str
        A built-in name, ``onnx:PATH``, a name of `MODEL_FILES` with the path of its weights, such
        as ``yamnet:PATH``, or the name of a plugin. A built-in name wins over a plugin of the
        same name.

    Returns
    -------
    Embedder
        Ready to embed.

    Raises
    ------
    EmbedderError
        If there is no such embedder, or it cannot be loaded.
    MissingExtra
        If it needs a package that a plain install leaves out.

    Examples
    --------
    >>> load("mfcc").dim
    720
    """
    if name.startswith(_ONNX):
        from tonotopy.embedders.onnx_file import OnnxFile

        return OnnxFile(Path(name.removeprefix(_ONNX)))
    if name in BUILTIN:
        builtin: Embedder = _builtin(name)()
        return builtin
    base, _, weights = name.partition(":")
    if base in MODEL_FILES and weights:
        given: Embedder = _builtin(base)(Path(weights))
        return given
    plugins = _plugins()
    if name in plugins:
        return _loaded(plugins[name])
    choices = ", ".join([*sorted({*BUILTIN, *plugins}), "onnx:PATH"])
    raise EmbedderError(f"there is no embedder {name!r}; choose one of {choices}")


def with_weights(name: str, weights: str | os.PathLike[str] | None) -> str:
    """Say what `load` takes to give an embedder the weights that the user names.

    Raises
    ------
    EmbedderError
        If weights are named for an embedder that takes none.

    Examples
    --------
    >>> with_weights("yamnet", "/models/yamnet.tflite")
    'yamnet:/models/yamnet.tflite'
    """
    if weights is None:
        return name
    if name not in MODEL_FILES:
        raise EmbedderError(
            f"{name} takes no weights; leave them out, or choose one of {', '.join(MODEL_FILES)}"
        )
    return f"{name}:{os.path.abspath(os.path.expanduser(weights))}"


def available() -> list[EmbedderCard]:
    """Describe the embedders that `load` finds by name: the built-in ones, then plugins.

    Returns
    -------
    list of EmbedderCard
        The default first. What cannot be loaded is listed with its problem.
    """
    names = sorted(BUILTIN, key=lambda name: (name != DEFAULT, name))
    cards = [_builtin_card(name) for name in names]
    for name, plugin in sorted(_plugins().items()):
        if name in BUILTIN:
            continue
        source = plugin.dist.name if plugin.dist else plugin.value
        try:
            cards.append(_card(_loaded(plugin), source=source))
        except EmbedderError as error:
            cards.append(EmbedderCard(name, 0, 0, 0.0, 0.0, "", "", source, problem=str(error)))
    return cards


def _builtin(name: str) -> Any:
    module, _, attribute = BUILTIN[name].partition(":")
    return getattr(import_module(module), attribute)


def _builtin_card(name: str) -> EmbedderCard:
    """Describe a built-in embedder, by its class where it lacks something."""
    try:
        return _card(load(name), source="built in")
    except (EmbedderError, MissingExtra) as error:
        return replace(_card(_builtin(name), source="built in"), problem=str(error))


def _plugins() -> dict[str, EntryPoint]:
    return {plugin.name: plugin for plugin in entry_points(group=_GROUP)}


def _loaded(plugin: EntryPoint) -> Embedder:
    """Make a plugin's embedder; whatever goes wrong in its code is the user's to mend."""
    try:
        embedder: object = plugin.load()()
    except Exception as error:
        raise EmbedderError(
            f"the plugin {plugin.name!r} ({plugin.value}) cannot be loaded: {error!r}; "
            "update or uninstall the package that offers it"
        ) from error
    if not isinstance(embedder, Embedder):
        raise EmbedderError(
            f"the plugin {plugin.name!r} ({plugin.value}) gives a {type(embedder).__name__}, which "
            "lacks a part of tonotopy.embedders.protocol.Embedder; ask its author to add it"
        )
    if embedder.name != plugin.name:
        raise EmbedderError(
            f"the plugin {plugin.name!r} ({plugin.value}) calls itself {embedder.name!r}, so that "
            "what it embeds could not be found again; ask its author to give both one name"
        )
    return embedder


def _card(embedder: Embedder, *, source: str) -> EmbedderCard:
    documented = embedder if isinstance(embedder, type) else type(embedder)
    return EmbedderCard(
        name=embedder.name,
        dim=embedder.dim,
        sample_rate=embedder.sample_rate,
        window_s=embedder.window_s,
        hop_s=embedder.hop_s,
        licence=embedder.licence,
        description=(inspect.getdoc(documented) or "").partition("\n")[0],
        source=source,
    )
