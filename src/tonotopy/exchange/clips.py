"""Exports of sound: a zip of files, or of exactly the windows."""

import csv
import io
import os
import shutil
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from tonotopy import audio
from tonotopy.errors import DecodeError
from tonotopy.exchange.choosing import Choice, Stretch
from tonotopy.exchange.naming import Names
from tonotopy.exchange.tables import DESCRIBED, described

__all__ = ["clip_bytes", "write_clips"]


def write_clips(target: Path, choice: Choice) -> int:
    """Write a zip of sounds, with a table of what they are; tell how many files are gone.

    Recordings go in as the files that they are; windows as WAV files of exactly their stretch.
    What cannot be read is named in ``missing.txt``.
    """
    names, table, missing = Names(), io.StringIO(), []
    writer = csv.writer(table)
    writer.writerow(["file", *DESCRIBED])
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for stretch in choice.stretches():
            name = names.take(*name_of(stretch, choice.items))
            try:
                if choice.items == "recordings":
                    copy_file(archive, name, stretch.recording.file)
                else:
                    archive.writestr(name, clip_bytes(stretch, stretch.end_s))
            except (OSError, DecodeError) as error:
                missing.append(f"{stretch.recording.path}: {reason_of(error)}")
            else:
                writer.writerow([name, *described(stretch)])
        archive.writestr("clips.csv", table.getvalue(), ZIP_DEFLATED)
        if missing:
            archive.writestr("missing.txt", "".join(f"{line}\n" for line in missing), ZIP_DEFLATED)
    return len(missing)


def name_of(stretch: Stretch, items: str) -> tuple[str, str]:
    """Choose the name of a sound in the archive, and its ending."""
    recording = stretch.recording
    ending = os.path.splitext(recording.name)[1]
    if items == "recordings":
        return f"{recording.folder}/{recording.name}", ending
    stem = os.path.splitext(recording.name)[0].replace(".", "_")
    channel = "" if stretch.channel is None else f"_channel{stretch.channel + 1}"
    times = f"{stretch.start_s:.2f}-{stretch.end_s:.2f}s".replace(".", "_")
    return f"{recording.folder}/{stem}_{times}{channel}.wav", ".wav"


def copy_file(archive: ZipFile, name: str, file: str) -> None:
    """Put a file into the archive, a piece at a time."""
    with open(file, "rb") as source, archive.open(name, "w", force_zip64=True) as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def clip_bytes(stretch: Stretch, end_s: float, format: str = "wav") -> bytes:
    """Cut the beginning of a stretch out of its file, up to `end_s`, and encode it."""
    samples, rate = audio.clip(
        stretch.recording.file, stretch.start_s, end_s, longest_s=end_s - stretch.start_s
    )
    if stretch.channel is not None:
        if stretch.channel >= len(samples):
            reason = f"it has no channel {stretch.channel + 1} any more; add it again"
            raise DecodeError(Path(stretch.recording.file), reason)
        samples = samples[stretch.channel : stretch.channel + 1]
    return audio.encode(samples, rate, format)


def reason_of(error: OSError | DecodeError) -> str:
    """Say why a file could not be read."""
    return error.reason if isinstance(error, DecodeError) else error.strerror or str(error)
