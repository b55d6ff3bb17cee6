"""Find pool files that hold an evaluation clip, or part of one; --write excludes them.

A file is suspected if a window of it and a window of a clip, neither near silence, have YAMNet
embeddings with a cosine above 0.99. Faint noise and fading notes look alike to YAMNet, so a suspect
is confirmed by the samples: somewhere along the clip the window must correlate with it. Files of
the same bytes need no confirmation.
"""

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from evaluate import cut, unit
from numpy.typing import NDArray
from pool import EXCLUDED, FOLDERS, all_files, read
from teacher import Teacher

NEAR = 0.99  # cosine of embeddings
SAME = 0.4  # correlation of samples: what re-encoding and filtering leave of a copy
QUIETEST = 1e-3  # root mean square: below, all windows look alike


@dataclass(frozen=True)
class Folder:
    """The audible windows of a folder's files."""

    path: Path
    names: list[str]
    owner: NDArray[np.int64]  #: of each window, its file
    position: NDArray[np.int64]  #: of each window, its number in the file
    vectors: NDArray[np.float32]  #: of each window, what YAMNet makes of it

    def recording(self, window: int) -> NDArray[np.float32]:
        """Read the whole file that a window is from."""
        return read(self.path / self.names[self.owner[window]])

    def samples(self, window: int) -> NDArray[np.float32]:
        """Read the samples of a window."""
        return cut(self.recording(window))[self.position[window]]


def heard(path: Path, teacher: Teacher) -> Folder:
    """Embed the audible windows of a folder's files."""
    names, owners, positions, vectors = all_files(path), [], [], []
    for number, name in enumerate(names):
        samples = read(path / name)
        if not len(samples):
            continue
        windows = cut(samples)
        audible = np.flatnonzero(np.sqrt(np.square(windows).mean(axis=1)) > QUIETEST)
        owners += [number] * len(audible)
        positions.append(audible)
        vectors.append(unit(teacher.answer(windows[audible])[0]).astype(np.float32))
    return Folder(path, names, np.array(owners), np.concatenate(positions), np.concatenate(vectors))


def correlation(window: NDArray[np.float32], recording: NDArray[np.float32]) -> float:
    """Find the largest correlation of a window with any stretch of a recording, 0 to 1.

    Differences of neighbouring samples are compared, so that an offset or a hum that both have
    does not look like a copy.
    """
    window, recording = np.diff(window), np.diff(recording)
    if len(recording) < len(window):
        recording = np.pad(recording, (0, len(window) - len(recording)))
    n_fft = 1 << (len(recording) + len(window)).bit_length()
    spectrum = np.fft.rfft(recording, n_fft) * np.fft.rfft(window, n_fft).conj()
    n_places = len(recording) - len(window) + 1
    products = np.abs(np.fft.irfft(spectrum, n_fft)[:n_places])
    energy = np.cumsum(np.square(np.concatenate([[0], recording]), dtype=np.float64))
    stretch = np.sqrt(np.maximum(energy[len(window) :] - energy[:n_places], 1e-6))
    return float((products / stretch).max() / np.linalg.norm(window))


def hashes(folder: Path) -> dict[str, str]:
    """Hash the content of a folder's files."""
    return {
        hashlib.sha256((folder / name).read_bytes()).hexdigest(): name for name in all_files(folder)
    }


def compare(pool: Folder, clips: Folder) -> dict[str, tuple[float, str]]:
    """Find, for each suspected file, its largest correlation and the clip that it is with."""
    found: dict[str, tuple[float, str]] = {}
    for start in range(0, len(pool.vectors), 4096):
        near = pool.vectors[start : start + 4096] @ clips.vectors.T
        for row in np.flatnonzero(near.max(axis=1) > NEAR):
            clip = int(near[row].argmax())
            value = correlation(pool.samples(start + row), clips.recording(clip))
            name = pool.names[pool.owner[start + row]]
            clip_name = f"{clips.path.name}/{clips.names[clips.owner[clip]]}"
            found[name] = max(found.get(name, (0.0, "")), (value, clip_name))
    return found


def suspected(
    pool: Path, evaluation: list[Folder], teacher: Teacher
) -> dict[str, tuple[float, str]]:
    """Find, for each suspected file of a folder, its largest correlation and the clip."""
    sounds, digests = heard(pool, teacher), hashes(pool)
    print(f"{len(sounds.vectors)} windows of {len(sounds.names)} files compared", flush=True)
    found: dict[str, tuple[float, str]] = {}
    for clips in evaluation:
        found.update(compare(sounds, clips))
        for digest, clip in hashes(clips.path).items():
            if digest in digests:
                found[digests[digest]] = (1.0, f"{clips.path.name}/{clip}")
    return found


def main() -> None:
    """List the suspects, and write down the confirmed ones if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path("../../shared")
    parser.add_argument("--pool", type=Path, nargs="+", default=FOLDERS)
    parser.add_argument(
        "--evaluation",
        type=Path,
        nargs="+",
        default=[shared / "audio/esc10", shared / "audio/fsdd"],
    )
    parser.add_argument("--teacher", type=Path, default=shared / "models/yamnet.tflite")
    parser.add_argument("--write", action="store_true", help=f"into {EXCLUDED.name}")
    arguments = parser.parse_args()
    teacher = Teacher(arguments.teacher)
    evaluation = [heard(folder, teacher) for folder in arguments.evaluation]
    suspects: dict[str, tuple[float, str]] = {}
    for pool in arguments.pool:
        suspects.update(suspected(pool, evaluation, teacher))
    confirmed = sorted(name for name, (value, _) in suspects.items() if value > SAME)
    for name, (value, clip) in sorted(suspects.items()):
        print(f"{name}: correlation {value:.2f} with {clip}")
    print(f"{len(suspects)} files suspected, {len(confirmed)} confirmed")
    if arguments.write:
        EXCLUDED.write_text(json.dumps(confirmed, indent=1) + "\n")


if __name__ == "__main__":
    main()
