"""Exports of labels, for Audacity and for Raven."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from tonotopy import catalog
from tonotopy.catalog import Annotation, Recording
from tonotopy.exchange.choosing import Choice, Stretch
from tonotopy.exchange.naming import Names

__all__ = ["write_audacity", "write_raven"]

RAVEN = [
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Begin Path",
    "File Offset (s)",
    "Annotation",
]


@dataclass(frozen=True, slots=True)
class Said:
    """A label on a stretch, or a box, of a recording."""

    recording: Recording
    channel: int | None
    start_s: float
    end_s: float
    low_hz: float | None
    high_hz: float | None
    label: str


def write_audacity(target: Path, choice: Choice) -> int:
    """Write a zip with a label track for each recording, named as its file.

    A band is told on a second line, as Audacity's spectral selections are.
    """
    tracks: dict[int, list[Said]] = {}
    for said in all_said(choice):
        tracks.setdefault(said.recording.id, []).append(said)
    names = Names()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for track in tracks.values():
            recording = track[0].recording
            name = names.take(f"{recording.folder}/{recording.name}", ".txt")
            archive.writestr(name, "".join(map(audacity_lines, track)))
    return 0


def audacity_lines(said: Said) -> str:
    """Write one label of a track."""
    text = " ".join(said.label.split())
    lines = f"{said.start_s:.6f}\t{said.end_s:.6f}\t{text}\n"
    if said.low_hz is None and said.high_hz is None:
        return lines
    low_hz, high_hz = band_of(said)
    return lines + f"\\\t{low_hz:.6f}\t{high_hz:.6f}\n"


def write_raven(target: Path, choice: Choice) -> int:
    """Write one selection table for all files; times are within each file."""
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerow(RAVEN)
        for number, said in enumerate(all_said(choice), start=1):
            low_hz, high_hz = band_of(said)
            writer.writerow(
                [
                    number,
                    "Spectrogram 1",
                    1 if said.channel is None else said.channel + 1,
                    f"{said.start_s:.6f}",
                    f"{said.end_s:.6f}",
                    f"{low_hz:.3f}",
                    f"{high_hz:.3f}",
                    " ".join(said.recording.path.split("\t")),
                    f"{said.start_s:.6f}",
                    " ".join(said.label.split()),
                ]
            )
    return 0


def band_of(said: Said) -> tuple[float, float]:
    """Tell the band of a label, that of its recording where it has none."""
    top_hz = said.recording.sample_rate / 2
    return said.low_hz or 0.0, top_hz if said.high_hz is None else said.high_hz


def all_said(choice: Choice) -> Iterator[Said]:
    """Give what was said of recordings, place by place; of windows, each with its labels.

    A window or a recording without a label is there with an empty one.
    """
    for stretch in choice.stretches():
        yield from said_of(stretch) if choice.items == "windows" else annotated(choice, stretch)


def said_of(stretch: Stretch) -> Iterator[Said]:
    """Give a stretch with each of its labels."""
    for label in stretch.labels or [""]:
        yield Said(
            stretch.recording, stretch.channel, stretch.start_s, stretch.end_s, None, None, label
        )


def annotated(choice: Choice, stretch: Stretch) -> Iterator[Said]:
    """Give the annotations of a recording that hold, by time."""
    with choice.library.read() as connection:
        known = catalog.list_annotations(connection, recording_ids=[stretch.recording.id])
    held = [each for each in known if each.polarity == "positive"]
    if not held:
        yield from said_of(stretch)
    said: dict[
        tuple[float, float, float | None, float | None, str], None
    ] = {}  # what a folder and a file's name both say is told once
    for each in sorted(held, key=begin_of):
        start_s = 0.0 if each.start_s is None else each.start_s
        end_s = stretch.end_s if each.end_s is None else each.end_s
        band = each.low_hz, each.high_hz
        said[start_s, end_s, *band, each.label] = None
    for start_s, end_s, low_hz, high_hz, label in said:
        yield Said(stretch.recording, None, start_s, end_s, low_hz, high_hz, label)


def begin_of(said: Annotation) -> tuple[float, int]:
    """Order annotations by time, then by age."""
    return said.start_s or 0.0, said.id
