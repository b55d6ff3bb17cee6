"""Memory of `add`, summed over its processes: small, and the same however long a recording is."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow

RATE = 8000
BAR_MB = 700
BAR_GROWTH_MB = 30


def long_recording(path: Path, *, minutes: int) -> Path:
    """Write a WAV of silence that takes no room on the disk: all but its header is a hole."""
    n_bytes = minutes * 60 * RATE * 2
    format_chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    header = struct.pack("<4sI4s", b"RIFF", 36 + n_bytes, b"WAVE") + format_chunk
    path.write_bytes(header + struct.pack("<4sI", b"data", n_bytes))
    os.truncate(path, path.stat().st_size + n_bytes)
    return path


def memory_mb(root: psutil.Process) -> float:
    """Sum the memory of a process and its children; what they share counts once."""
    total = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


def peak_mb(library: Path, recording: Path) -> float:
    """Add a recording with one worker; the highest sum of memory on the way."""
    program = "from tonotopy.cli import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", program, "-L", library, "add", recording, "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    root, highest = psutil.Process(child.pid), 0.0
    while child.poll() is None:
        highest = max(highest, memory_mb(root))
        time.sleep(0.2)  # summing is work of its own
    said = child.stdout.read()
    assert child.returncode == 0, said
    assert "1 added" in said
    return highest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PSS is Linux's")
def test_two_hours_take_hardly_more_memory_than_twenty_minutes(tmp_path):
    short, long = (
        peak_mb(tmp_path / f"{minutes}.db", long_recording(tmp_path / "x.wav", minutes=minutes))
        for minutes in (20, 120)
    )
    assert 50 < short < BAR_MB  # below 50 MB nothing can have been measured
    assert long < BAR_MB
    assert long - short < BAR_GROWTH_MB
