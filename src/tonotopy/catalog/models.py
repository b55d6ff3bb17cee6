"""Models: what was learned from a space of the library, stored in it.

The arrays of a model are kept as safetensors, which runs no code when it is read, wherever the
library comes from. A library of an older version has no models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from tonotopy.catalog import tables
from tonotopy.catalog.analyses import plain
from tonotopy.catalog.types import new_id, now
from tonotopy.errors import LibraryError

__all__ = ["Model", "delete_model", "find_model", "load_weights", "put_model"]


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned, without its arrays."""

    id: int  #: never that of an earlier model
    space_id: int
    kind: str  #: hashing, ...
    name: str  #: one of a kind, in a space, has it
    parameters: dict[str, Any]
    scores: dict[str, Any]
    generation: int  #: of the space when it was learned
    created_at: datetime


def put_model(
    connection: Connection,
    *,
    space_id: int,
    kind: str,
    name: str,
    parameters: Mapping[str, Any],
    scores: Mapping[str, Any],
    weights: Mapping[str, NDArray[Any]],
    generation: int,
) -> int:
    """Store a model, in place of the one of the same space, kind and name.

    Parameters
    ----------
    connection : Connection
        A writing one.
    space_id : int
        Whose vectors it was learned from.
    kind, name : str
        What it is for, and which one it is.
    parameters, scores : mapping
        How it was learned and how good it is; what JSON can hold, numbers of numpy too.
    weights : mapping of str to ndarray
        Arrays of numbers.
    generation : int
        Of the space when its vectors were read.

    Returns
    -------
    int
        The id of the model.
    """
    from safetensors.numpy import save

    delete_model(connection, space_id=space_id, kind=kind, name=name)
    arrays = {each: np.ascontiguousarray(array) for each, array in weights.items()}
    result = connection.execute(
        insert(tables.models).values(
            space_id=space_id,
            kind=kind,
            name=name,
            parameters={key: plain(value) for key, value in parameters.items()},
            scores={key: plain(value) for key, value in scores.items()},
            weights=save(arrays),
            generation=generation,
            created_at=now(),
        )
    )
    return new_id(result)


def find_model(connection: Connection, *, space_id: int, kind: str, name: str) -> Model | None:
    """Find a model; None if there is none, or the library is of an older version."""
    if not knows_models(connection):
        return None
    columns = [tables.models.c[field] for field in Model.__slots__]
    row = connection.execute(
        select(*columns).where(
            tables.models.c.space_id == space_id,
            tables.models.c.kind == kind,
            tables.models.c.name == name,
        )
    ).first()
    return None if row is None else Model(*row)


def load_weights(connection: Connection, model_id: int) -> dict[str, NDArray[Any]]:
    """Load the arrays of a model by name.

    Raises
    ------
    LibraryError
        If the model is gone or its arrays cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    packed = connection.scalar(
        select(tables.models.c.weights).where(tables.models.c.id == model_id)
    )
    if packed is None:
        raise LibraryError(f"model {model_id} is gone; somebody else may have removed it")
    try:
        loaded: dict[str, NDArray[Any]] = load(packed)
    except SafetensorError as error:
        raise LibraryError(
            f"model {model_id} of the library is damaged ({error}); train it again"
        ) from error
    return loaded


def delete_model(connection: Connection, *, space_id: int, kind: str, name: str) -> bool:
    """Delete a model; tell whether there was one."""
    deleted = connection.execute(
        delete(tables.models).where(
            tables.models.c.space_id == space_id,
            tables.models.c.kind == kind,
            tables.models.c.name == name,
        )
    )
    return deleted.rowcount > 0


def knows_models(connection: Connection) -> bool:
    """Tell whether the library has the table, which the first write adds."""
    found = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'models'")
    return found.first() is not None
