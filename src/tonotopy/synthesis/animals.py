"""Animals: songbirds, crickets and dogs."""

import numpy as np
from numpy.random import Generator

from tonotopy.synthesis.shaping import arch, filtered, formants, in_air, in_room
from tonotopy.synthesis.sources import (
    Samples,
    events,
    harmonics,
    log_uniform,
    noise,
    phase,
    seconds,
    wobble,
)

__all__ = ["bird", "cricket", "dog"]


def bird(random: Generator) -> Samples:
    """Let a bird sing up to three phrases, each of one syllable repeated."""
    call_hz = log_uniform(random, 2200, 5500)
    syllables = []
    start_s = 0.05
    for _ in range(random.integers(1, 4)):
        length_s = log_uniform(random, 0.04, 0.22)
        apart_s = length_s + log_uniform(random, 0.02, 0.12)
        bend = random.uniform(-0.4, 0.4, 3)  # slope, curve and trill
        pitch_hz = call_hz * random.uniform(0.75, 1.3)
        for _ in range(random.integers(2, 9)):
            syllables.append((start_s, _syllable(random, pitch_hz, length_s, bend)))
            start_s += apart_s
        start_s += 0.1
    song = in_room(events(start_s, syllables), random, t60=0.6, wet=random.uniform(0, 0.2))
    return in_air(song, random, level=log_uniform(random, 0.002, 0.02), low_hz=300, high_hz=3000)


def _syllable(random: Generator, pitch_hz: float, length_s: float, bend: Samples) -> Samples:
    time = seconds(length_s)
    share = time / length_s - 0.5
    slope, curve, trill = bend * random.uniform(0.9, 1.1, 3)
    trilling = max(0.0, trill) * 0.3 * np.sin(2 * np.pi * 45 * time)
    frequency = pitch_hz * (1 + slope * share + curve * (0.25 - 4 * share**2) + trilling)
    whistle = harmonics(frequency, [1, 0.08, 0.03])
    return random.uniform(0.7, 1) * whistle * arch(len(time), rise=0.3)


def cricket(random: Generator) -> Samples:
    """Let crickets chirp in the evening, one or a meadow full of them."""
    duration_s = random.uniform(2.5, 4.5)
    time = seconds(duration_s)
    carrier_hz = log_uniform(random, 3900, 5600)
    sound = np.zeros_like(time)
    for number in range(random.integers(1, 5)):
        song = _stridulation(random, time, carrier_hz * random.uniform(0.94, 1.06))
        sound += song / (1 + number)
    return in_air(sound, random, level=log_uniform(random, 0.005, 0.03), low_hz=800, high_hz=6000)


def _stridulation(random: Generator, time: Samples, carrier_hz: float) -> Samples:
    """Rub wings: each stroke a pulse, a few pulses a chirp."""
    strokes_per_s = log_uniform(random, 24, 75)
    chirps_per_s = log_uniform(random, 1.5, 4)
    strokes_per_chirp = float(random.integers(3, 6))
    strokes = (time + random.random()) % (1 / chirps_per_s) * strokes_per_s
    if random.random() < 0.25:  # a species that never pauses
        strokes, strokes_per_chirp = time * strokes_per_s, np.inf
    pulses = np.sin(np.pi * (strokes % 1)) ** 1.5 * (strokes < strokes_per_chirp)
    glide = 0.06 * (0.5 - strokes % 1)  # the wings slow down over a stroke
    drift = 0.004 * wobble(random, time, rate_hz=5)
    return pulses * np.sin(2 * np.pi * phase(carrier_hz * (1 + glide + drift)))


def dog(random: Generator) -> Samples:
    """Let a dog bark, large or small, once or several times."""
    size = random.random()  # 0: a terrier
    pitch_hz = 800 * (0.35**size) * random.uniform(0.9, 1.1)
    apart_s = random.uniform(0.3, 0.65)
    n_barks = random.integers(1, 6)
    barks = (
        (0.02 + apart_s * place * random.uniform(0.97, 1.03), _bark(random, pitch_hz, size))
        for place in range(n_barks)
    )
    sound = events(apart_s * (n_barks - 1) + 0.6, barks)
    return in_room(sound, random, t60=0.5, wet=random.uniform(0.05, 0.3))


def _bark(random: Generator, pitch_hz: float, size: float) -> Samples:
    """Push air through a rough voice and a throat that opens and shuts."""
    length_s = random.uniform(0.12, 0.18) + 0.08 * size
    time = seconds(length_s)
    opening = arch(len(time), rise=0.25)
    roughness = 0.05 * wobble(random, time, rate_hz=0.4 * pitch_hz)
    frequency = pitch_hz * (0.55 + 0.45 * opening) * (1 + roughness)
    throat_hz = (1000 - 400 * size, 1700 - 500 * size, 3000 - 800 * size)
    overtones_hz = np.arange(pitch_hz, 8000.0, pitch_hz)
    voice = harmonics(frequency, formants(overtones_hz, throat_hz, width_hz=180, tilt_db=1))
    breath = filtered(noise(random, time), low_hz=0.8 * throat_hz[0], high_hz=throat_hz[2], order=1)
    pushed = voice / np.abs(voice).max() + 0.3 * breath
    bark: Samples = np.tanh(2 * pushed * opening) * opening**0.5 * random.uniform(0.75, 1)
    return bark
