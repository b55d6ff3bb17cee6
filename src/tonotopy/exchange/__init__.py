"""Taking things out of a library, in forms that others read, and bringing vectors in."""

from tonotopy.exchange.choosing import Items
from tonotopy.exchange.exporting import ENDINGS, FORMATS, Exported, Format, export
from tonotopy.exchange.importing import Imported, import_vectors

__all__ = [
    "ENDINGS",
    "FORMATS",
    "Exported",
    "Format",
    "Imported",
    "Items",
    "export",
    "import_vectors",
]
