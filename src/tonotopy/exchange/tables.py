"""Exports as tables: paths, descriptions, vectors."""

import csv
from pathlib import Path

from tonotopy.exchange.choosing import Choice, Stretch

__all__ = ["DESCRIBED", "described", "write_csv", "write_parquet", "write_paths", "write_table"]

DESCRIBED = [
    "id",
    "path",
    "start_s",
    "end_s",
    "labels",
    "device",
    "recorded_at",
    "format",
    "sample_rate",
    "channels",
    "metadata",
]


def write_paths(target: Path, choice: Choice) -> int:
    """Write the path of each file, a line each."""
    paths = list(dict.fromkeys(each.recording.path for each in choice.stretches()))
    target.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    return 0


def described(stretch: Stretch) -> list[object]:
    """Give the columns that `DESCRIBED` names."""
    recording, row = stretch.recording, stretch.row()
    moment = recording.recorded_at
    return [
        stretch.id,
        recording.path,
        f"{stretch.start_s:.6g}",
        f"{stretch.end_s:.6g}",
        "|".join(stretch.labels),
        recording.device or "",
        "" if moment is None else moment.isoformat(),
        recording.format,
        recording.sample_rate,
        recording.channels,
        row["metadata"],
    ]


def write_table(target: Path, choice: Choice) -> int:
    """Write what is known of each thing, without vectors, labels joined by ``|``."""
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(DESCRIBED)
        writer.writerows(described(each) for each in choice.stretches())
    return 0


def write_parquet(target: Path, choice: Choice) -> int:
    """Write windows with their vectors as row groups of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    space = choice.space
    schema = pa.schema(
        [
            ("window_id", pa.int64()),
            ("recording_id", pa.int64()),
            ("path", pa.string()),
            ("channel", pa.int32()),
            ("start_s", pa.float64()),
            ("end_s", pa.float64()),
            ("labels", pa.list_(pa.string())),
            ("metadata", pa.string()),
            ("vector", pa.list_(pa.float32(), space.dim)),
        ],
        metadata={
            "space": space.name,
            "embedder": space.embedder,
            "metric": space.metric,
            "window_s": repr(space.window_s),
            "hop_s": repr(space.hop_s),
        },
    )
    with pq.ParquetWriter(target, schema) as writer:
        for part in choice.batches():
            table = pa.Table.from_pylist(part.rows, schema.remove(8))
            vectors = pa.FixedSizeListArray.from_arrays(part.vectors.ravel(), space.dim)
            writer.write_table(table.append_column(schema.field(8), vectors).cast(schema))
    return 0


def write_csv(target: Path, choice: Choice) -> int:
    """Write windows with their vectors as lines of a CSV file, labels joined by ``|``."""
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        columns = ["window_id", "recording_id", "path", "channel", "start_s", "end_s"]
        vector = [f"v{number}" for number in range(choice.space.dim)]
        writer.writerow([*columns, "labels", "metadata", *vector])
        for part in choice.batches():
            for row, values in zip(part.rows, part.vectors, strict=True):
                known = [row[column] for column in columns]
                labels = "|".join(row["labels"])
                writer.writerow([*known, labels, row["metadata"], *(f"{x:.6g}" for x in values)])
    return 0
