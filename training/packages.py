"""Gather the sounds of Debian packages: animals, engines, doors, weather, voices, drums.

Games and learning programs carry thousands of recordings under free licences. Each package of
``packages.json`` is downloaded in the version that is written there, its audio is taken out, also
out of ``.zip`` and ``.pk3`` archives, and stored as mono, 16 kHz FLAC under ``OUT/PACKAGE/``. What
occurs twice is stored once. Needs ``apt-get`` and ``dpkg-deb``.
"""

import argparse
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import soundfile
from pool import SAMPLE_RATE, read

PACKAGES = Path(__file__).with_name("packages.json")
AUDIO = {".ogg", ".wav", ".flac", ".oga", ".mp3", ".opus", ".aif", ".aiff", ".au"}
ARCHIVES = {".zip", ".pk3", ".wz", ".sdz"}
LONGEST = 60 * SAMPLE_RATE  # samples of a file that are kept, from its middle
TRANSLATED = re.compile(r"_desc_(?!en)")  # the same word spoken in dozens of languages


def download(package: str, version: str, folder: Path) -> Path:
    """Fetch a package; apt checks its signature."""
    subprocess.run(
        ["apt-get", "download", f"{package}={version}"], cwd=folder, check=True, capture_output=True
    )
    return next(folder.glob(f"{package}_*.deb"))


def unpacked(package: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Give each file of a package, to be read before the next is asked for."""
    command = ["dpkg-deb", "--fsys-tarfile", package]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as contents,
        tarfile.open(fileobj=contents.stdout, mode="r|") as files,
    ):
        for member in files:
            if member.isfile():
                yield member.name, files.extractfile(member)


def audio_files(package: Path) -> Iterator[tuple[str, bytes]]:
    """Give each audio file of a package, those in archives included."""
    for member, file in unpacked(package):
        path = PurePosixPath(member)
        kind = path.suffix.lower()
        if kind in AUDIO:
            yield str(path), file.read()
        elif kind in ARCHIVES:
            content = file.read()
            if zipfile.is_zipfile(io.BytesIO(content)):
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    for name in archive.namelist():
                        if PurePosixPath(name).suffix.lower() in AUDIO:
                            yield f"{path.with_suffix('')}/{name}", archive.read(name)


def short_name(name: str) -> str:
    """Keep the last folders of a path, in one file name."""
    parts = PurePosixPath(name).with_suffix("").parts[-3:]
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", "_".join(parts)) + ".flac"


def keep(name: str, content: bytes, folder: Path) -> bool:
    """Store a sound if it can be read and is not silent."""
    try:
        samples = read(io.BytesIO(content))
    except soundfile.LibsndfileError as error:
        print(f"{name} left out: {error}")
        return False
    begin = max(0, (len(samples) - LONGEST) // 2)
    samples = samples[begin : begin + LONGEST]
    if len(samples) < SAMPLE_RATE // 50 or not np.abs(samples).max() > 1e-3:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / short_name(name), np.clip(samples, -1, 1), SAMPLE_RATE)
    return True


def main() -> None:
    """Gather the packages that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("work/packages"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    listing = arguments.out / "gathered.json"
    gathered = json.loads(listing.read_text()) if listing.exists() else {}
    seen = {each for hashes in gathered.values() for each in hashes}
    for package, version in sorted(json.loads(PACKAGES.read_text()).items()):
        if package in gathered:
            continue
        hashes = []
        with tempfile.TemporaryDirectory() as folder:
            for name, content in audio_files(download(package, version, Path(folder))):
                digest = hashlib.sha256(content).hexdigest()[:16]
                if digest not in seen and not TRANSLATED.search(name):
                    seen.add(digest)
                    if keep(name, content, arguments.out / package):
                        hashes.append(digest)
        gathered[package] = hashes
        listing.write_text(json.dumps(gathered))
        print(f"{package}: {len(hashes)} sounds", flush=True)


if __name__ == "__main__":
    main()
