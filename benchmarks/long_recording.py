"""A day of sound in one file: what adding it costs in memory and in CPU time.

    python benchmarks/long_recording.py [--hours 24] [--rate 48000] [--channels 1] [--embedder NAME]

The file is RF64, as recorders write beyond 4 GB, and sparse: silence that takes no room on the
disk. Prints the highest memory, summed over the processes of ``tonotopy add --jobs 1`` (PSS: what
they share counts once), CPU time, and seconds of sound for a CPU second.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tonotopy import embedders

BAR_MB = 700
EVERY_S = 0.5
CLI = "from tonotopy.cli import main; main()"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--rate", type=int, default=48_000, help="Hz")
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--embedder", default=embedders.DEFAULT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        recording, library = Path(home) / "day.wav", Path(home) / "sounds.db"
        n_frames = round(given.hours * 3600 * given.rate)
        write_sparse(recording, n_frames, given.rate, given.channels)
        status = recording.stat()
        print(
            f"{given.hours:g} h at {given.rate} Hz, {given.channels} channels: "
            f"{status.st_size / 1e9:.2f} GB, of which {status.st_blocks * 512} bytes on the disk"
        )
        command = [sys.executable, "-c", CLI, "-L", str(library), "add", str(recording)]
        command += ["--jobs", "1", "--embedder", given.embedder, "--json"]
        report, peak_mb, cpu_s = run(command)
        print(
            f"{report['windows']} windows of {given.embedder}; library "
            f"{library.stat().st_size / 1e6:.0f} MB, peak memory {peak_mb:.0f} MB (bar {BAR_MB}); "
            f"{cpu_s:.0f} s of CPU, {report['audio_s'] / cpu_s:.0f} s of sound for a CPU second"
        )


def write_sparse(path: Path, n_frames: int, rate: int, channels: int) -> None:
    """Write the header of an RF64 file (EBU Tech 3306) with 16 bits a sample, and a hole."""
    n_bytes, frame = n_frames * channels * 2, channels * 2
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, n_bytes + 72, n_bytes, n_frames, 0)
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * frame, frame, 16)
    data = struct.pack("<4sI", b"data", 0xFFFFFFFF)
    path.write_bytes(struct.pack("<4sI4s", b"RF64", 0xFFFFFFFF, b"WAVE") + ds64 + fmt + data)
    os.truncate(path, path.stat().st_size + n_bytes)


def run(command: list[str]) -> tuple[dict[str, float], float, float]:
    """Run a command; what it reports, the peak of its memory in MB, and its CPU time."""
    before = os.times()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    root, peak = psutil.Process(child.pid), 0
    while child.poll() is None:
        peak = max(peak, memory(root))
        time.sleep(EVERY_S)
    if child.returncode or child.stdout is None:
        sys.exit(child.returncode)
    after = os.times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    return json.load(child.stdout), peak / 1e6, cpu_s


def memory(root: psutil.Process) -> int:
    """Sum the memory of a process and its children, in bytes."""
    total = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    main()
