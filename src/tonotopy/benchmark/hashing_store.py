"""Finished cells of a benchmark of codes, a line each: a run that was killed goes on."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tonotopy.benchmark.hashing_cells import Cell, Result, Scores
from tonotopy.errors import QueryError

__all__ = ["CellStore"]


class CellStore:
    """A file of JSON lines: first which data it is about, then a cell a line.

    A last line without its end was being written when the run was killed: it is cut off, and that
    cell is measured again.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    about : dict of str to str
        What cells depend on beside their own place: data, way of splitting. Cells of other data
        are never mixed in.

    Raises
    ------
    QueryError
        If the file is about other data, or a line within it is damaged.
    """

    def __init__(self, path: Path, about: dict[str, str]) -> None:
        self.path = path
        self.finished: dict[Cell, Result] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        lines = list(self._lines())
        if not lines:
            self._append(about)
            return
        if lines[0] != about:
            raise QueryError(
                f"{path} holds cells of other data ({_told(lines[0])}; here: {_told(about)}); "
                "name another --out folder"
            )
        for line in lines[1:]:
            result = _result(line)
            self.finished[result.cell] = result

    def add(self, result: Result) -> None:
        """Keep a finished cell, on disk before this returns."""
        self._append({**asdict(result), "cell": result.cell._asdict()})
        self.finished[result.cell] = result

    def _append(self, value: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(value, ensure_ascii=False) + "\n")

    def _lines(self) -> Iterator[dict[str, Any]]:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise QueryError(
                    f"line {number} of {self.path} is damaged ({error}); delete that line and its "
                    "cell is measured again"
                ) from error


def _result(line: dict[str, Any]) -> Result:
    scores = [Scores(**each) for each in line["scores"]]
    return Result(**{**line, "cell": Cell(**line["cell"]), "scores": scores})


def _told(about: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in about.items())
