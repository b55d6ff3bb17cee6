"""Find your way in large collections of sound.

>>> import tonotopy as tt
>>> library = tt.open("sounds.db")  # doctest: +SKIP
>>> tt.add(library, "~/Sounds")  # doctest: +SKIP
>>> tt.search(library, "door.wav", k=10, where="label = 'door'")  # doctest: +SKIP

Importing this package is instant; what a function needs is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tonotopy.catalog import Catalog as Catalog
    from tonotopy.catalog import open_catalog as open
    from tonotopy.errors import TonotopyError as TonotopyError
    from tonotopy.ingest import add as add
    from tonotopy.retrieve import search as search

__version__ = "0.1.0"

__all__ = ["Catalog", "TonotopyError", "__version__", "add", "open", "search"]

HOMES = {
    "Catalog": ("tonotopy.catalog", "Catalog"),
    "TonotopyError": ("tonotopy.errors", "TonotopyError"),
    "add": ("tonotopy.ingest", "add"),
    "open": ("tonotopy.catalog", "open_catalog"),
    "search": ("tonotopy.retrieve", "search"),
}


def __getattr__(name: str) -> Any:
    """Load a public function when it is first asked for."""
    if name not in HOMES:
        raise AttributeError(f"module 'tonotopy' has no attribute {name!r}")
    module, attribute = HOMES[name]
    return getattr(import_module(module), attribute)
