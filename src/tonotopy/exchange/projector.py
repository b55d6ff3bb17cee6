"""Export for the Embedding Projector: vectors and metadata as tab-separated files."""

import json
from io import TextIOWrapper
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from tonotopy.exchange.choosing import Choice

__all__ = ["write_projector"]

COLUMNS = ["name", "label", "folder", "start_s", "end_s", "path"]


def write_projector(target: Path, choice: Choice) -> int:
    """Write a zip with ``vectors.tsv``, ``metadata.tsv`` and the projector's configuration."""
    vectors = choice.vectors()
    config = {
        "embeddings": [
            {
                "tensorName": choice.space.name,
                "tensorShape": list(vectors.shape),
                "tensorPath": "vectors.tsv",
                "metadataPath": "metadata.tsv",
            }
        ]
    }
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        with archive.open("vectors.tsv", "w", force_zip64=True) as file:
            np.savetxt(file, vectors, fmt="%.6g", delimiter="\t")
        with (
            archive.open("metadata.tsv", "w", force_zip64=True) as raw,
            TextIOWrapper(raw, encoding="utf-8", newline="") as lines,
        ):
            write_metadata(lines, choice)
        archive.writestr("projector_config.json", json.dumps(config, indent=2))
    return 0


def write_metadata(file: TextIOWrapper, choice: Choice) -> None:
    """Write a line for each vector; tabs and breaks become spaces, for want of quotes."""
    file.write("\t".join(COLUMNS) + "\n")
    for stretch in choice.stretches():
        recording = stretch.recording
        times = [f"{stretch.start_s:.6g}", f"{stretch.end_s:.6g}"]
        label = stretch.labels[0] if stretch.labels else ""
        cells = [recording.name, label, recording.folder, *times, recording.path]
        file.write("\t".join(" ".join(cell.split()) for cell in cells) + "\n")
