"""Drums of a kit: kick, snare, hi-hat, and hands that clap."""

import numpy as np
from numpy.random import Generator

from tonotopy.synthesis.shaping import decay, filtered, hit, in_room
from tonotopy.synthesis.sources import (
    Samples,
    events,
    log_uniform,
    modes,
    noise,
    phase,
    seconds,
)

__all__ = ["clap", "hat", "kick", "snare"]

# Six oscillators out of tune with each other sound like a cymbal.
_CYMBAL_RATIOS = np.array([1.0, 1.342, 1.231, 1.653, 1.950, 2.152])


def kick(random: Generator) -> Samples:
    """Beat a bass drum: a tone that drops at once, and the click of the beater."""
    t60 = log_uniform(random, 0.2, 1.0)
    time = seconds(min(1.2, 0.8 * t60))
    low_hz, start_hz = log_uniform(random, 38, 70), log_uniform(random, 120, 400)
    frequency = low_hz + (start_hz - low_hz) * decay(time, log_uniform(random, 0.08, 0.3))
    drop = np.sin(2 * np.pi * phase(frequency)) * decay(time, t60)
    click = filtered(noise(random, time), low_hz=800, high_hz=6000)
    beater = random.uniform(0.05, 0.5) * click * decay(time, 0.03)
    drive = random.uniform(1, 3)
    return np.tanh(drive * (drop + beater))


def snare(random: Generator) -> Samples:
    """Hit a snare drum: two modes of the skin, and the wires that rattle below."""
    t60 = log_uniform(random, 0.15, 0.5)
    time = seconds(min(0.7, 1.1 * t60))
    skin_hz = log_uniform(random, 150, 260)
    skin = modes(time, [skin_hz, 1.6 * skin_hz], [0.5 * t60, 0.35 * t60], [1, 0.6])
    rattle = filtered(noise(random, time), low_hz=log_uniform(random, 900, 2500), high_hz=11_000)
    sound = skin + random.uniform(0.6, 1.6) * rattle * hit(time, attack_s=0.001, t60=t60)
    return in_room(sound, random, t60=0.3, wet=random.uniform(0, 0.3))


def hat(random: Generator) -> Samples:
    """Hit a hi-hat, mostly closed and sometimes open."""
    is_open = random.random() < 0.35
    t60 = log_uniform(random, 0.5, 1.4) if is_open else log_uniform(random, 0.06, 0.2)
    time = seconds(max(0.1, 0.9 * t60))
    base_hz = log_uniform(random, 280, 480)
    metal = np.sign(np.sin(2 * np.pi * base_hz * np.outer(_CYMBAL_RATIOS, time))).sum(axis=0)
    hiss = 2 * noise(random, time)
    mix = random.uniform(0.2, 0.8)
    bright = filtered(
        mix * metal + (1 - mix) * hiss, low_hz=log_uniform(random, 3500, 8000), order=3
    )
    return bright * hit(time, attack_s=0.0005, t60=t60)


def clap(random: Generator) -> Samples:
    """Clap hands, alone or with a few others who are not quite together."""
    n_people = random.choice([1, 1, 1, 3, 6])
    n_claps = random.integers(1, 7)
    apart_s = random.uniform(0.2, 0.5)
    claps = []
    for _ in range(n_people):
        palms_hz, late_s = log_uniform(random, 1100, 2000), abs(0.03 * random.standard_normal())
        t60, distance = log_uniform(random, 0.07, 0.18), random.uniform(0.4, 1)
        for place in range(n_claps):
            start_s = max(0.0, apart_s * place + late_s + 0.008 * random.standard_normal())
            claps.append((start_s, distance * _hands(random, palms_hz, t60)))
    sound = events(apart_s * n_claps + 0.15, claps)
    return in_room(sound, random, t60=log_uniform(random, 0.15, 0.6), wet=random.uniform(0, 0.2))


def _hands(random: Generator, palms_hz: float, t60: float) -> Samples:
    """Meet fingers first, then palms, with the air between them pressed out."""
    time = seconds(t60 + 0.05)
    fingers_s = random.uniform(0.001, 0.012)
    envelope = 0.6 * decay(time, 0.012) + decay(time - fingers_s, t60)
    hollow = filtered(noise(random, time), low_hz=0.6 * palms_hz, high_hz=1.9 * palms_hz)
    return hollow * envelope * random.uniform(0.7, 1)
