"""Column types: how vectors and moments are stored, the same on every machine."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import CursorResult, DateTime, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

__all__ = ["Float16s", "Moment", "new_id", "now"]


class Float16s(TypeDecorator[NDArray[np.float32]]):
    """A vector as little-endian float16 bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Pack a vector; bytes that are packed already pass through."""
        if value is None or isinstance(value, bytes):
            return value
        return np.asarray(value, "<f2").tobytes()

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002
    ) -> NDArray[np.float32] | None:
        """Unpack a vector as float32."""
        return None if value is None else np.frombuffer(value, "<f2").astype(np.float32)


class Moment(TypeDecorator[datetime]):
    """A moment in time, kept in UTC; a naive datetime is taken to be UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Turn into naive UTC, as the database keeps it."""
        if value is None or value.tzinfo is None:
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Come back aware, in UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def new_id(result: CursorResult[Any]) -> int:
    """Give the id of the row that an insert made."""
    key = result.inserted_primary_key
    if key is None:
        raise RuntimeError("the statement inserted no row")
    return int(key[0])


def now() -> datetime:
    """Tell the time, in UTC."""
    return datetime.now(UTC)
