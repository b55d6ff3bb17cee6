"""Instruments that hold a pitch: plucked strings, bells and flutes."""

import numpy as np
from numpy.random import Generator

from tonotopy.synthesis.shaping import arch, decay, filtered, hit, in_room
from tonotopy.synthesis.sources import (
    SAMPLE_RATE,
    Samples,
    events,
    harmonics,
    log_uniform,
    modes,
    noise,
    seconds,
    wobble,
)

__all__ = ["bell", "flute", "pluck"]

# A church bell, by its partials: hum, prime, tierce, quint, nominal and those above.
_BELL_PARTIALS = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.1, 5.4, 6.8])
_PENTATONIC = 2 ** (np.array([0, 2, 4, 7, 9, 12]) / 12)


def pluck(random: Generator) -> Samples:
    """Pluck one string of a guitar or bass, or several, at once or one after the other."""
    duration_s = log_uniform(random, 0.9, 3)
    root_hz = log_uniform(random, 70, 270)
    n_notes = random.choice([1, 1, 2, 4, 6])
    apart_s = random.choice([0.03, 0.25])  # strummed, or one after the other
    brightness = random.uniform(0.1, 0.9)
    t60 = log_uniform(random, 1.5, 6)
    pitches = root_hz * np.sort(random.choice(_PENTATONIC, n_notes, replace=False))
    strings = (_string(random, hz, t60, brightness, duration_s) for hz in pitches)
    sound = events(duration_s, ((apart_s * place, string) for place, string in enumerate(strings)))
    body = filtered(sound, low_hz=90, high_hz=260, order=1)
    return in_room(sound + body, random, t60=0.3, wet=random.uniform(0, 0.2))


def _string(
    random: Generator, pitch_hz: float, t60: float, brightness: float, duration_s: float
) -> Samples:
    """Let a burst of noise run round a loop that dulls it a little each time.

    K. Karplus, A. Strong, "Digital synthesis of plucked-string and drum timbres", Computer Music
    Journal 7(2), 1983.
    """
    from scipy.signal import lfilter

    dulling = 0.5 - 0.42 * brightness  # share of the neighbouring sample; delays by as much
    delay = int(SAMPLE_RATE / pitch_hz - dulling)
    burst = random.standard_normal(delay)
    softness = 3 + round((1 - brightness) * 12)  # a finger, not a nail
    burst = np.convolve(burst, np.ones(softness) / softness, mode="same")
    burst -= np.roll(burst, int(delay * random.uniform(0.1, 0.4)))  # where the finger was
    per_round = 10 ** (-3 / (pitch_hz * t60))
    loop = np.zeros(delay + 2)
    loop[[0, delay, delay + 1]] = 1, -per_round * (1 - dulling), -per_round * dulling
    start = np.zeros(round(duration_s * SAMPLE_RATE))
    start[:delay] = burst[: len(start)]
    string: Samples = lfilter([1.0], loop, start)
    return string


def bell(random: Generator) -> Samples:
    """Strike a bell, from a hand bell to a small church's, once or a few times."""
    prime_hz = log_uniform(random, 380, 1900)
    duration_s = random.uniform(1.5, 4)
    t60 = log_uniform(random, 2, 6) * (400 / prime_hz) ** 0.3
    time = seconds(duration_s)
    partials = _BELL_PARTIALS * prime_hz * (1 + 0.01 * random.standard_normal(len(_BELL_PARTIALS)))
    partials = partials[partials < 0.4 * SAMPLE_RATE]
    t60s = t60 * (partials / partials[0]) ** -0.5
    levels = random.uniform(0.3, 1, len(partials)) * (partials / prime_hz) ** -0.2
    beating_hz = random.uniform(0.3, 2, len(partials))  # no bell is quite round
    stroke = modes(time, partials, t60s, levels)
    stroke += modes(time, partials + beating_hz, t60s, levels * 0.5)
    clapper = filtered(noise(random, time), low_hz=2000) * decay(time, 0.03)
    n_strokes = random.choice([1, 1, 2, 3])
    apart_s = random.uniform(0.4, 0.8) * duration_s / n_strokes
    strokes = (
        (apart_s * place, random.uniform(0.6, 1) * (stroke + 0.3 * clapper))
        for place in range(n_strokes)
    )
    return in_room(events(duration_s, strokes), random, t60=1.0, wet=random.uniform(0, 0.2))


def flute(random: Generator) -> Samples:
    """Blow a short melody on a flute or recorder."""
    n_notes = random.integers(1, 6)
    root_hz = log_uniform(random, 350, 900)
    overtones = np.array([1, random.uniform(0.1, 0.6), random.uniform(0.05, 0.3), 0.05, 0.02])
    breath = random.uniform(0.02, 0.15)
    notes = []
    start_s = 0.0
    for pitch in root_hz * random.choice(_PENTATONIC, n_notes):
        length_s = log_uniform(random, 0.2, 0.9)
        notes.append((start_s, _blown(random, pitch, length_s, overtones, breath)))
        start_s += 0.9 * length_s
    melody = events(start_s + 0.4, notes)
    return in_room(melody, random, t60=0.8, wet=random.uniform(0.05, 0.3))


def _blown(
    random: Generator, pitch_hz: float, length_s: float, overtones: Samples, breath: float
) -> Samples:
    time = seconds(length_s)
    vibrato = 0.006 * np.sin(2 * np.pi * random.uniform(4.5, 6) * time) * np.clip(time / 0.4, 0, 1)
    drift = 0.002 * wobble(random, time, rate_hz=4)
    tone = harmonics(pitch_hz * (1 + vibrato + drift), overtones)
    air = filtered(noise(random, time), low_hz=pitch_hz, high_hz=4 * pitch_hz, order=1)
    chiff = 1 + 4 * hit(time, attack_s=0.01, t60=0.1)
    return (tone + breath * chiff * air) * arch(len(time), rise=min(0.4, 0.05 / length_s)) ** 0.5
