"""Adding recordings to a library."""

from tonotopy.ingest.adding import add
from tonotopy.ingest.report import Progress, Report

__all__ = ["Progress", "Report", "add"]
