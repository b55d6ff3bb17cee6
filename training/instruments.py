"""Play the instruments and drums of free soundfonts, and synthesize some: sounds that are known.

YAMNet hardly tells a kick drum from a knock, or a banjo from a harp. A General MIDI soundfont says
what each of its sounds is. Those of ``instruments.json`` are downloaded as Debian packages, their
notes are played at several heights, loudnesses and lengths and stored as mono, 16 kHz FLAC,
``OUT/SOUNDFONT/CLASS/NAME.flac``. Beside them lies what `tonotopy.synthesis` makes of drums,
engines and wind, each time with other settings. Needs ``apt-get``, ``dpkg-deb`` and the library
FluidSynth (Debian's ``libfluidsynth3``).
"""

import argparse
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from zlib import crc32

import numpy as np
import soundfile
from numpy.typing import NDArray
from packages import download, unpacked
from pool import SAMPLE_RATE, read

from tonotopy.synthesis import SAMPLE_RATE as SYNTHESIS_RATE
from tonotopy.synthesis import drums, elements, machines

INSTRUMENTS = Path(__file__).with_name("instruments.json")
NOTES_PER_PROGRAM = 10
DRUM_BANK = 128
KITS = (0, 8, 16, 24, 25, 32, 40, 48)
VELOCITIES = (50, 85, 120)
RELEASE_S = 0.7
AUDIBLE = 1e-3
SYNTHESIZED = {  # how many of each
    "Bass drum": (drums.kick, 400),
    "Snare drum": (drums.snare, 300),
    "Hi-hat": (drums.hat, 300),
    "Engine": (machines.engine, 150),
    "Wind": (elements.wind, 150),
}


class Note(NamedTuple):
    """What to play, and what it is."""

    label: str
    bank: int
    program: int
    key: int
    velocity: int
    held_s: float

    @property
    def name(self) -> str:
        """Name the file."""
        return f"{self.bank}-{self.program}-{self.key}-{self.velocity}"


def notes(known: dict[str, list[dict]], random: np.random.Generator) -> Iterator[Note]:
    """List what to play."""
    for entry in known["programs"]:
        for program in range(entry["first"], entry["last"] + 1):
            for key in np.linspace(*entry["notes"], NOTES_PER_PROGRAM).round().astype(int):
                velocity = int(random.choice(VELOCITIES))
                held_s = float(np.exp(random.uniform(np.log(0.15), np.log(2))))
                yield Note(entry["classes"][0], 0, program, int(key), velocity, held_s)
    for entry in known["drums"]:
        for kit in KITS:
            for key in entry["notes"]:
                for velocity in VELOCITIES:
                    yield Note(entry["classes"][0], DRUM_BANK, kit, key, velocity, 0.3)


def soundfonts(package: Path) -> Iterator[tuple[str, bytes]]:
    """Give each soundfont of a package."""
    for name, file in unpacked(package):
        if PurePosixPath(name).suffix in (".sf2", ".sf3"):
            yield PurePosixPath(name).stem, file.read()


def play(synthesizer, font: int, note: Note) -> NDArray[np.float32] | None:
    """Play one note; None where the soundfont does not have it."""
    synthesizer.system_reset()
    if synthesizer.program_select(0, font, note.bank, note.program) != 0:
        return None
    synthesizer.noteon(0, note.key, note.velocity)
    held = synthesizer.get_samples(int(note.held_s * SAMPLE_RATE))
    synthesizer.noteoff(0, note.key)
    released = synthesizer.get_samples(int(RELEASE_S * SAMPLE_RATE))
    stereo = np.concatenate([held, released]).reshape(-1, 2).astype(np.float32)
    mono = stereo.mean(axis=1) / 32768
    sounding = np.flatnonzero(np.abs(mono) > AUDIBLE * np.abs(mono).max())
    if not np.abs(mono).max() > AUDIBLE:
        return None
    return mono[: sounding[-1] + 1]


def render(content: bytes, played: Iterator[Note], folder: Path) -> int:
    """Play all notes of a soundfont and store them; each sound once."""
    import fluidsynth

    synthesizer = fluidsynth.Synth(gain=0.6, samplerate=float(SAMPLE_RATE))
    for effect in ("reverb", "chorus"):
        synthesizer.setting(f"synth.{effect}.active", 0)
    seen: set[int] = set()
    with tempfile.NamedTemporaryFile(suffix=".sf2") as file:
        file.write(content)
        file.flush()
        font = synthesizer.sfload(file.name)
        for note in played:
            samples = play(synthesizer, font, note)
            digest = 0 if samples is None else crc32(samples.tobytes())
            if samples is None or digest in seen:
                continue
            seen.add(digest)
            path = folder / note.label / f"{note.name}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.clip(samples, -1, 1), SAMPLE_RATE)
    synthesizer.delete()
    return len(seen)


def synthesize(folder: Path) -> None:
    """Store sounds made by rules, each with its own settings."""
    for label, (make, n_sounds) in SYNTHESIZED.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(n_sounds):
            samples = make(np.random.default_rng([crc32(label.encode()), number]))
            whole = io.BytesIO()
            loudest = np.abs(samples).max()
            soundfile.write(whole, samples / loudest, SYNTHESIS_RATE, format="WAV", subtype="FLOAT")
            whole.seek(0)
            mono = np.clip(read(whole), -1, 1)
            soundfile.write(folder / label / f"{number:03d}.flac", mono, SAMPLE_RATE)


def main() -> None:
    """Play the soundfonts that were not played yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("work/instruments"))
    arguments = parser.parse_args()
    known = json.loads(INSTRUMENTS.read_text())
    for package, version in known["soundfonts"].items():
        finished = arguments.out / f"{package}.finished"
        if finished.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            seen: set[str] = set()
            for name, content in soundfonts(download(package, version, Path(folder))):
                if name not in seen:
                    seen.add(name)
                    played = notes(known, np.random.default_rng(crc32(name.encode())))
                    n_sounds = render(content, played, arguments.out / name)
                    print(f"{name}: {n_sounds} sounds", flush=True)
        finished.touch()
    synthesize(arguments.out / "synthesis")


if __name__ == "__main__":
    main()
