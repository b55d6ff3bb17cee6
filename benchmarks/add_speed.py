"""How fast a folder is added, in CPU time of the whole process tree.

    python benchmarks/add_speed.py FOLDER [--embedder NAME] [--jobs N]

A real ``tonotopy add`` fills a library of its own, twice. Prints seconds of sound for each CPU
second of the first run, where that CPU time goes, and what the second run costs, in which nothing
changed. The shares come from doing each stage alone, in this process, over the same files.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tonotopy import audio, catalog, embedders
from tonotopy.hearing import Hearing

BAR_SPEED = 150  # seconds of sound for a CPU second
BAR_AGAIN_S = 1.0

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
CLI = "from tonotopy.cli import main; main()"
IMPORTS = (
    "import tonotopy.cli, tonotopy.ingest, tonotopy.retrieve, alembic.command",
    "import tonotopy.hearing.worker as worker; worker.load_embedder({embedder!r})",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--embedder", default=embedders.DEFAULT)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    if not ONE_THREAD.items() <= os.environ.items():  # numpy reads them when it is imported
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    with tempfile.TemporaryDirectory() as home:
        library = Path(home) / "sounds.db"
        command = [sys.executable, "-c", CLI, "-L", str(library), "add", str(given.folder)]
        command += ["--embedder", given.embedder, "--jobs", str(given.jobs), "--json"]
        report, cpu_s, wall_s = run(command)
        speed = report["audio_s"] / cpu_s
        print(
            f"{report['added']} recordings, {report['audio_s']:.0f} s of sound, "
            f"{report['windows']} windows of {given.embedder}, {len(report['failed'])} failed"
        )
        print(
            f"first add: {speed:.0f} s of sound for a CPU second (bar {BAR_SPEED}); "
            f"{cpu_s:.2f} s of CPU, {wall_s:.2f} s of wall time with {given.jobs} jobs"
        )
        print_shares(heard_files(library), given.embedder, cpu_s)
        report, cpu_s, wall_s = run(command)
        print(
            f"second add: {report['unchanged']} unchanged; {cpu_s:.2f} s of CPU, "
            f"{wall_s:.2f} s of wall time (bar {BAR_AGAIN_S:g} s)"
        )


def run(command: list[str]) -> tuple[dict[str, Any], float, float]:
    """Run a command that prints JSON; what it printed, its CPU and its wall time with children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), cpu_s, wall_s


def heard_files(library: Path) -> list[Path]:
    """List the files that were added."""
    with catalog.open_catalog(library) as opened, opened.read() as connection:
        found = catalog.get_recordings(connection, catalog.recording_ids(connection))
    return [Path(each.file) for each in found.values()]


def print_shares(paths: list[Path], embedder: str, cpu_s: float) -> None:
    """Do each stage alone, each with those before it, and print what it adds."""
    loaded = embedders.load(embedder)
    stages: dict[str, Callable[[Path], object]] = {
        "hashing": audio.content_hash,
        "decoding": decode,
        "mixing, resampling, peaks": lambda path: listen(path, loaded.sample_rate),
        "embedding": lambda path: list(Hearing(path, loaded, hop_s=loaded.hop_s).rows()),
        "aspects": lambda path: list(
            Hearing(path, loaded, hop_s=loaded.hop_s, measured=True).rows()
        ),
    }
    for stage in stages.values():
        stage(paths[0])  # what is loaded at the first use belongs to starting up
    start_s = sum(cpu_of_start(program.format(embedder=embedder)) for program in IMPORTS)
    alone = {name: cpu_of(stage, paths) for name, stage in stages.items()}
    shares = {"starting up": start_s, "hashing": alone["hashing"], "decoding": alone["decoding"]}
    shares["mixing, resampling, peaks"] = alone["mixing, resampling, peaks"] - alone["decoding"]
    shares["embedding"] = alone["embedding"] - alone["mixing, resampling, peaks"]
    shares["aspects"] = alone["aspects"] - alone["embedding"]
    shares["storing and the rest"] = cpu_s - sum(shares.values())
    for name, share_s in shares.items():
        print(f"  {name:26} {share_s:6.2f} s {share_s / cpu_s:5.0%}")


def decode(path: Path) -> None:
    """Decode a file and drop its sound."""
    with audio.open_audio(path) as reader:
        for _ in reader.blocks():
            pass


def listen(path: Path, sample_rate: int) -> None:
    """Decode, mix and resample a file, and collect its peaks."""
    for _ in audio.listen(path, sample_rate).blocks():
        pass


def cpu_of(stage: Callable[[Path], object], paths: list[Path]) -> float:
    """Measure the CPU time of a stage over all files."""
    began = time.process_time()
    for path in paths:
        stage(path)
    return time.process_time() - began


def cpu_of_start(program: str) -> float:
    """Measure the CPU time of starting a process and importing what it needs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
