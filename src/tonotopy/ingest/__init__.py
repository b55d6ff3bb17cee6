"""Adding recordings to a library."""

from tonotopy.ingest.adding import Progress, Report, add

__all__ = ["Progress", "Report", "add"]
