"""Taking vectors out of a library and bringing vectors in."""

from tonotopy.exchange.exporting import Exported, export
from tonotopy.exchange.importing import Imported, import_vectors

__all__ = ["Exported", "Imported", "export", "import_vectors"]
