"""Build mixtures of a folder's sounds and store what the teacher says about them.

Work goes by chunks of `CHUNK` patches, each from its own seed: a killed run continues, and several
processes may share the work (``--first``, ``--step``).
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pool import FOLDERS, SAMPLE_RATE, WINDOW, read, training_files
from teacher import Teacher

from tonotopy.embedders.cochlea import log_mel

CHUNK = 2000
SPECTRUM_HZ = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE).astype(np.float32)
SOURCE_WEIGHTS = {  # share of the draws before they are balanced
    "moodist": 5.0,
    "cdda": 3.0,
    "dirt": 2.5,
    "philh": 2.0,
    "blanket": 1.2,
}
OTHER_WEIGHT = 0.02  # of any other source, for the square root of its number of sounds
RAREST = 1e-3  # share of the draws: no class counts as rarer
HEARD_WINDOWS = 4  # of a sound, from which its share of the draws is judged


class Pool:
    """All sounds in memory as int16, drawn by source, folder, file and what the teacher hears."""

    def __init__(self, folders: list[Path], teacher: Teacher) -> None:
        files = training_files(folders)
        self.names = [name for _, name in files]
        self.sounds = [
            (np.clip(read(folder / name), -1, 1) * 32767).astype(np.int16) for folder, name in files
        ]
        weights = self._weights_by_source()
        weights *= rarity(self._heard(teacher), weights)
        self.weights = weights / weights.sum()

    def _weights_by_source(self) -> NDArray[np.float64]:
        """Weigh long sounds more, those of crowded folders less; sources sum to their share."""
        folders = Counter(str(Path(name).parent) for name in self.names)
        weights = np.array([folders[str(Path(name).parent)] ** -0.5 for name in self.names])
        weights *= np.array([len(sound) ** 0.25 for sound in self.sounds])
        sources = np.array([name.split("/")[0] for name in self.names])
        for source in np.unique(sources):
            ours = sources == source
            share = SOURCE_WEIGHTS.get(source, OTHER_WEIGHT * np.sqrt(ours.sum()))
            weights[ours] *= share / weights[ours].sum()
        return weights

    def _heard(self, teacher: Teacher) -> NDArray[np.float32]:
        """Ask the teacher about a few windows of each sound, (n_sounds, 521)."""
        heard = np.zeros((len(self.sounds), 521), np.float32)
        for row, sound in enumerate(self.sounds):
            padded = np.zeros(max(len(sound), WINDOW), np.float32)
            padded[: len(sound)] = sound / np.float32(32767)
            n_windows = min(HEARD_WINDOWS, len(padded) // WINDOW)
            starts = np.linspace(0, len(padded) - WINDOW, n_windows).astype(int)
            windows = np.stack([padded[start : start + WINDOW] for start in starts])
            heard[row] = teacher.answer(windows)[1].mean(axis=0)
        return heard

    def draw(self, random: np.random.Generator) -> tuple[int, NDArray[np.float32]]:
        """Draw a file and an excerpt of it that is not silent, speed changed, of WINDOW samples."""
        while True:
            index = int(random.choice(len(self.names), p=self.weights))
            speed = float(np.exp(random.uniform(-0.45, 0.45))) if random.random() < 0.7 else 1.0
            excerpt = place(self.sounds[index], speed, random)
            if np.square(excerpt).mean() > 1e-9:
                return index, excerpt


def rarity(heard: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh sounds by the rarest class that they clearly hold: dogs before beeps.

    A class counts by the inverse root of its share of all draws.
    """
    share = weights @ heard / weights.sum()
    return (heard / np.sqrt(share + RAREST)).max(axis=1)


def place(
    sound: NDArray[np.int16], speed: float, random: np.random.Generator
) -> NDArray[np.float32]:
    """Cut an excerpt, or set a short sound somewhere into silence, sometimes repeatedly."""
    needed = int(WINDOW * speed) + 2
    if len(sound) > needed:
        start = random.integers(len(sound) - needed)
        source = sound[start : start + needed].astype(np.float32) / 32767
        return np.interp(np.arange(WINDOW) * speed, np.arange(needed), source).astype(np.float32)
    n_samples = max(1, int((len(sound) - 1) / speed))
    source = sound.astype(np.float32) / 32767
    played = np.interp(np.arange(n_samples) * speed, np.arange(len(sound)), source)[:WINDOW]
    excerpt = np.zeros(WINDOW, np.float32)
    latest = WINDOW - len(played)
    start = 0 if random.random() < 0.5 else int(random.integers(latest + 1))
    excerpt[start : start + len(played)] = played
    if random.random() < 0.2:
        period = int(random.uniform(0.08, 0.6) * SAMPLE_RATE)
        once = excerpt.copy()
        for again in range(period, WINDOW, period):
            excerpt[again:] += once[: WINDOW - again]
    return excerpt


def shape_spectrum(window: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Tilt and ripple the spectrum; sometimes keep only what a telephone lets through."""
    octaves = np.log2(np.maximum(SPECTRUM_HZ, 40) / 1000)
    level = random.normal(0, 3) * octaves
    level += random.uniform(0, 5) * np.sin(octaves * random.uniform(0.5, 3) + random.uniform(0, 6))
    gains = 10 ** (level / 20)
    if random.random() < 0.12:
        highest_hz = random.uniform(3000, 5500)
        gains[highest_hz < SPECTRUM_HZ] *= 1e-3
    shaped = np.fft.irfft(np.fft.rfft(window) * gains, WINDOW)
    return shaped.astype(np.float32)


def reverberate(window: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Convolve with noise that decays: a room that never was."""
    length = WINDOW // 2
    decay = np.exp(-np.arange(length) / (random.uniform(0.02, 0.15) * SAMPLE_RATE))
    room = (random.standard_normal(length) * decay).astype(np.float32)
    room *= random.uniform(0.1, 1) / np.sqrt(np.square(room).sum())
    room[0] += 1
    n_fft = 24_000
    wet = np.fft.irfft(np.fft.rfft(window, n_fft) * np.fft.rfft(room, n_fft), n_fft)
    return wet[:WINDOW].astype(np.float32)


def gate(window: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Turn a sound into bursts that decay, so that anything can bark, tick or knock."""
    envelope = np.zeros(WINDOW, np.float32)
    decay = np.exp(-np.arange(WINDOW) / (random.uniform(0.01, 0.2) * SAMPLE_RATE))
    position = int(random.uniform(0, 0.3) * SAMPLE_RATE)
    period = random.uniform(0.07, 0.7) * SAMPLE_RATE
    while position < WINDOW:
        np.maximum(envelope[position:], decay[: WINDOW - position], out=envelope[position:])
        position += max(800, int(period * random.uniform(0.8, 1.25)))
    return window * envelope


def coloured_noise(random: np.random.Generator) -> NDArray[np.float32]:
    """Make noise whose spectrum falls, or rises, by a random power of frequency."""
    spectrum = np.fft.rfft(random.standard_normal(WINDOW))
    spectrum *= np.maximum(SPECTRUM_HZ, 30) ** random.uniform(-1.2, 0.3)
    return np.fft.irfft(spectrum, WINDOW).astype(np.float32)


def unit_level(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale to a root mean square of 1."""
    return window / np.sqrt(np.square(window).mean() + 1e-12)


def mixture(pool: Pool, random: np.random.Generator) -> tuple[int, NDArray[np.float32]]:
    """Mix one to three sounds, the first being the loudest on average."""
    first = -1
    total = np.zeros(WINDOW, np.float32)
    for component in range(random.choice([1, 2, 3], p=[0.55, 0.33, 0.12])):
        index, excerpt = pool.draw(random)
        first = index if component == 0 else first
        if random.random() < 0.12:
            excerpt = gate(excerpt, random)
        if random.random() < 0.4:
            excerpt = shape_spectrum(excerpt, random)
        if random.random() < 0.15:
            excerpt = reverberate(excerpt, random)
        if random.random() < 0.04:
            excerpt = excerpt[::-1]
        level = 0.0 if component == 0 else random.uniform(-24, 3)
        total += unit_level(excerpt) * np.float32(10 ** (level / 20))
    if random.random() < 0.15:
        total += unit_level(coloured_noise(random)) * np.float32(
            10 ** (-random.uniform(0, 35) / 20)
        )
    if random.random() < 0.1:
        total[int(random.uniform(0.03, 0.6) * SAMPLE_RATE) :] = 0
    peak = np.abs(total).max() + 1e-9
    return first, total / peak * np.float32(10 ** (-random.uniform(0, 20) / 20))


def write_chunk(pool: Pool, teacher: Teacher, number: int, folder: Path, seed: int) -> None:
    """Build, label and store one chunk; it appears under its name when it is complete."""
    random = np.random.default_rng([seed, number])
    patches = [mixture(pool, random) for _ in range(CHUNK)]
    windows = np.stack([window for _, window in patches])
    embeddings, scores = teacher.answer(windows)
    unfinished = folder / f"chunk-{number:04d}.unfinished.npz"
    np.savez(
        unfinished,
        log_mel=log_mel(windows).astype(np.float16),
        embedding=embeddings.astype(np.float16),
        scores=scores.astype(np.float16),
        source=np.array([index for index, _ in patches], np.int32),
    )
    unfinished.rename(folder / f"chunk-{number:04d}.npz")


def main() -> None:
    """Write the chunks that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, nargs="+", default=FOLDERS)
    parser.add_argument("--teacher", type=Path, default=Path("../../shared/models/yamnet.tflite"))
    parser.add_argument("--out", type=Path, default=Path("work/mixtures"))
    parser.add_argument("--chunks", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    teacher = Teacher(arguments.teacher)
    pool = Pool(arguments.pool, teacher)
    print(f"{len(pool.names)} sounds", flush=True)
    for number in range(arguments.first, arguments.chunks, arguments.step):
        if not (arguments.out / f"chunk-{number:04d}.npz").exists():
            write_chunk(pool, teacher, number, arguments.out, arguments.seed)
            print(f"chunk {number}", flush=True)


if __name__ == "__main__":
    main()
