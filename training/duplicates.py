"""Find pool files that hold an evaluation clip, or nearly one; --write excludes them.

A file is suspected if its bytes equal those of an evaluation clip, or if a window of it and a
window of a clip have YAMNet embeddings with a cosine above 0.99 that are not both near silence.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from evaluate import cut, unit
from numpy.typing import NDArray
from pool import EXCLUDED, all_files, read
from teacher import Teacher

NEAR = 0.99
QUIETEST = 1e-3  # root mean square: below, all windows look alike


def heard(
    folder: Path, teacher: Teacher
) -> tuple[list[str], NDArray[np.int64], NDArray[np.float32]]:
    """Embed the audible windows of a folder's files: names, file of each window, vectors."""
    names, owners, vectors = all_files(folder), [], []
    for number, name in enumerate(names):
        samples = read(folder / name)
        if not len(samples):
            continue
        windows = cut(samples)
        windows = windows[np.sqrt(np.square(windows).mean(axis=1)) > QUIETEST]
        owners += [number] * len(windows)
        vectors.append(unit(teacher.answer(windows)[0]).astype(np.float32))
    return names, np.array(owners), np.concatenate(vectors)


def hashes(folder: Path) -> dict[str, str]:
    """Hash the content of a folder's files."""
    return {
        hashlib.sha256((folder / name).read_bytes()).hexdigest(): name for name in all_files(folder)
    }


def main() -> None:
    """List the suspects, and write them down if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, default=Path("../../shared/audio/pool"))
    parser.add_argument(
        "--evaluation",
        type=Path,
        nargs="+",
        default=[Path("../../shared/audio/esc10"), Path("../../shared/audio/fsdd")],
    )
    parser.add_argument("--teacher", type=Path, default=Path("../../shared/models/yamnet.tflite"))
    parser.add_argument("--write", action="store_true", help=f"into {EXCLUDED.name}")
    arguments = parser.parse_args()
    teacher = Teacher(arguments.teacher)
    names, owners, vectors = heard(arguments.pool, teacher)
    pool_hashes = hashes(arguments.pool)
    suspects: dict[str, str] = {}
    for folder in arguments.evaluation:
        for digest, clip in hashes(folder).items():
            if digest in pool_hashes:
                suspects[pool_hashes[digest]] = f"same bytes as {folder.name}/{clip}"
        clips, clip_owners, clip_vectors = heard(folder, teacher)
        for start in range(0, len(vectors), 4096):
            near = vectors[start : start + 4096] @ clip_vectors.T
            for row in np.flatnonzero(near.max(axis=1) > NEAR):
                clip = clips[clip_owners[near[row].argmax()]]
                name = names[owners[start + row]]
                suspects.setdefault(name, f"{near[row].max():.4f} to {folder.name}/{clip}")
    for name, reason in sorted(suspects.items()):
        print(f"{name}: {reason}")
    print(f"{len(suspects)} of {len(names)} files suspected, {len(vectors)} windows compared")
    if arguments.write:
        EXCLUDED.write_text(json.dumps(sorted(suspects), indent=1) + "\n")


if __name__ == "__main__":
    main()
