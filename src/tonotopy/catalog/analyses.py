"""Analyses: projections and the like, stored with their parameters to be shown again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from tonotopy.catalog import tables
from tonotopy.catalog.types import new_id, now

__all__ = ["Analysis", "find_analysis", "load_values", "put_analysis"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """A stored projection, clustering or scoring of a space's recordings or windows."""

    id: int
    space_id: int
    kind: str
    name: str
    item_kind: str  #: "recordings" or "windows"
    parameters: dict[str, Any]
    generation: int  #: of the space when it was made


def put_analysis(
    connection: Connection,
    *,
    space_id: int,
    kind: str,
    name: str,
    item_kind: str,
    parameters: Mapping[str, Any],
    generation: int,
    values: Mapping[str, NDArray[Any]],
) -> int:
    """Store an analysis, in place of the one of the same kind, name and item kind.

    Parameters
    ----------
    connection : Connection
        A writing one.
    space_id : int
        Whose recordings or windows it is about.
    kind, name : str
        What was done and how, e.g. ``"projection"`` and ``"umap"``.
    item_kind : {"recordings", "windows"}
        What its items are.
    parameters : mapping
        What JSON can hold; numbers of numpy too.
    generation : int
        Of the space when its vectors were read.
    values : mapping of str to ndarray
        Arrays of numbers, text or times, of any shape.

    Returns
    -------
    int
        The id of the analysis.

    Raises
    ------
    ValueError
        If an array holds Python objects.
    """
    same = (
        (tables.analyses.c.space_id == space_id)
        & (tables.analyses.c.kind == kind)
        & (tables.analyses.c.name == name)
        & (tables.analyses.c.item_kind == item_kind)
    )
    connection.execute(delete(tables.analyses).where(same))
    result = connection.execute(
        insert(tables.analyses).values(
            space_id=space_id,
            kind=kind,
            name=name,
            item_kind=item_kind,
            parameters={key: plain(value) for key, value in parameters.items()},
            generation=generation,
            created_at=now(),
        )
    )
    analysis_id = new_id(result)
    for value_name, array in values.items():
        if array.dtype.hasobject:
            raise ValueError(f"the array {value_name!r} holds Python objects; give it a type")
        little = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
        connection.execute(
            insert(tables.analysis_values).values(
                analysis_id=analysis_id,
                name=value_name,
                dtype=little.dtype.str,
                shape=list(little.shape),
                data=little.tobytes(),
            )
        )
    return analysis_id


def plain(value: Any) -> Any:
    """Turn a number or an array of numpy into what JSON knows."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def find_analysis(
    connection: Connection, *, space_id: int, kind: str, name: str, item_kind: str
) -> Analysis | None:
    """Find a stored analysis."""
    columns = [tables.analyses.c[field] for field in Analysis.__slots__]
    row = connection.execute(
        select(*columns).where(
            tables.analyses.c.space_id == space_id,
            tables.analyses.c.kind == kind,
            tables.analyses.c.name == name,
            tables.analyses.c.item_kind == item_kind,
        )
    ).first()
    return None if row is None else Analysis(*row)


def load_values(connection: Connection, analysis_id: int) -> dict[str, NDArray[Any]]:
    """Load the arrays of an analysis by name."""
    rows = connection.execute(
        select(
            tables.analysis_values.c.name,
            tables.analysis_values.c.dtype,
            tables.analysis_values.c.shape,
            tables.analysis_values.c.data,
        ).where(tables.analysis_values.c.analysis_id == analysis_id)
    )
    return {row[0]: np.frombuffer(row[3], row[1]).reshape(row[2]) for row in rows}
