"""Ids as requests name them."""

from typing import Annotated

from pydantic import Field

__all__ = ["MAX_ID", "Id"]

MAX_ID = 2**63 - 1  # that a database column holds

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
