"""Machines: engines, sirens, telephones and clocks."""

import numpy as np
from numpy.random import Generator

from tonotopy.synthesis.shaping import decay, filtered, gate, in_air, in_room
from tonotopy.synthesis.sources import (
    Samples,
    events,
    harmonics,
    log_uniform,
    modes,
    noise,
    phase,
    seconds,
    wobble,
)

__all__ = ["clock", "engine", "phone", "siren"]

_KEY_ROWS_HZ, _KEY_COLUMNS_HZ = (697, 770, 852, 941), (1209, 1336, 1477)
_NETWORK_TONES = {  # Hz, seconds on, seconds off
    "ringback": ((440, 480), 1.2, 1.0),
    "busy": ((480, 620), 0.5, 0.5),
    "fast busy": ((480, 620), 0.25, 0.25),
    "dial": ((350, 440), 2.0, 0.0),
}


def engine(random: Generator) -> Samples:
    """Run a combustion engine: idle, or revved up once."""
    duration_s = random.uniform(2.5, 4.5)
    time = seconds(duration_s)
    idle_hz = log_uniform(random, 8, 18)  # cycles of four firings
    top = random.choice([1.0, 1.0, 2.0, 3.5])
    rev = np.exp(-(((time - 0.5 * duration_s) / (0.18 * duration_s)) ** 2))
    cycles = phase(idle_hz * (1 + (top - 1) * rev) * (1 + 0.02 * wobble(random, time, rate_hz=12)))
    table = np.linspace(0, 1, 2048, endpoint=False)
    strength = random.uniform(0.6, 1, 4)  # no two cylinders are alike
    pulses = strength[(4 * table).astype(int)] * np.exp(-random.uniform(4, 9) * (4 * table % 1))
    firing = np.interp(cycles % 1, table, pulses, period=1)
    pipe_hz = log_uniform(random, 70, 160)
    firing *= 1 + 0.05 * wobble(random, time, rate_hz=2 * idle_hz)  # no two strokes are alike
    exhaust = filtered(firing, low_hz=0.6 * pipe_hz, high_hz=2.2 * pipe_hz, order=1)
    body = filtered(firing, low_hz=300, high_hz=log_uniform(random, 700, 2000), order=1)
    air = filtered(noise(random, time), low_hz=200, high_hz=3500, order=1) * firing
    rumble = filtered(noise(random, time), low_hz=40, high_hz=300, order=1)
    sound: Samples = exhaust + 0.4 * body + random.uniform(0.2, 0.7) * air + 0.3 * rumble
    return sound


def siren(random: Generator) -> Samples:
    """Sound a siren: wailing, yelping, or between two notes."""
    duration_s = random.uniform(2.5, 5)
    time = seconds(duration_s)
    low_hz = log_uniform(random, 400, 700)
    turns = random.random() + time * log_uniform(random, 0.25, 4)
    if random.random() < 0.35:
        steps = (np.floor(2 * (random.random() + time * random.uniform(0.5, 1.0))) % 2) == 1
        frequency = low_hz * np.where(steps, random.choice([1.26, 1.335, 1.5]), 1.0)
    else:
        rises = random.uniform(1.6, 2.6)
        frequency = low_hz * rises ** (0.5 - 0.5 * np.cos(2 * np.pi * turns))
    horn = harmonics(frequency, [1, 0.35, 0.5, 0.15, 0.25, 0.1, 0.1])
    passing = 1 + 0.3 * np.sin(2 * np.pi * (random.random() + 0.15 * time))
    return in_room(horn * passing, random, t60=1.2, wet=random.uniform(0.05, 0.4))


def phone(random: Generator) -> Samples:
    """Use a telephone: dial keys, hear the network's tones, or let it ring."""
    kind = random.integers(4)
    if kind < 2:
        sound = _dialled(random)
    elif kind == 2:
        sound = _network_tone(random)
    else:
        sound = _ringing(random)
    line = in_air(sound, random, level=log_uniform(random, 0.002, 0.02), low_hz=100, high_hz=8000)
    return filtered(line, low_hz=300, high_hz=random.uniform(3400, 5000))


def _dialled(random: Generator) -> Samples:
    n_keys = random.integers(3, 11)
    apart_s = random.uniform(0.15, 0.35)
    time = seconds(n_keys * apart_s)
    key = (time / apart_s).astype(int)
    row = np.sin(2 * np.pi * random.choice(_KEY_ROWS_HZ, n_keys)[key] * time)
    column = np.sin(2 * np.pi * random.choice(_KEY_COLUMNS_HZ, n_keys)[key] * time)
    pressed = 0.02 + random.uniform(0.4, 0.8) * apart_s
    is_on = (time % apart_s > 0.02) & (time % apart_s < pressed)
    dialled: Samples = (row + column) * gate(is_on)
    return dialled


def _network_tone(random: Generator) -> Samples:
    pair_hz, on_s, off_s = _NETWORK_TONES[random.choice(list(_NETWORK_TONES))]
    time = seconds(max(2.0, random.uniform(1, 2) * (on_s + off_s)))
    tone = np.sin(2 * np.pi * np.outer(pair_hz, time)).sum(axis=0)
    heard: Samples = tone * gate(time % (on_s + off_s) < on_s)
    return heard


def _ringing(random: Generator) -> Samples:
    """Ring two gongs by a hammer between them, or warble between two tones."""
    ring_s, rate_hz = random.uniform(0.8, 1.6), random.uniform(14, 24)
    time = seconds(ring_s)
    gong_hz = log_uniform(random, 900, 1700)
    if random.random() < 0.5:
        is_high = np.floor(time * rate_hz) % 2 == 1
        return harmonics(gong_hz * np.where(is_high, 1.25, 1.0), [1, 0.2, 0.3])
    gongs = [
        modes(seconds(0.5), hz * np.array([1, 2.6, 4.1]), [0.6, 0.4, 0.2], [1, 0.6, 0.3])
        for hz in (gong_hz, 1.13 * gong_hz)
    ]
    n_strokes = int(ring_s * rate_hz)
    strokes = ((place / rate_hz, gongs[place % 2]) for place in range(n_strokes))
    return events(ring_s + 0.4, strokes)


def clock(random: Generator) -> Samples:
    """Let a clock tick, from a watch to one that stands on the floor."""
    duration_s = random.uniform(2.5, 4.5)
    size = random.random()  # 0: a watch
    ticks_per_s = random.choice([4, 5]) if size < 0.4 else random.choice([1, 2, 2.5])
    case_hz = 4500 * (0.35**size)
    high, low = (_tick(random, case_hz * ratio) for ratio in (1.0, random.uniform(0.75, 0.95)))
    starts_s = np.arange(0.1, duration_s - 0.05, 1 / ticks_per_s)
    ticks = (
        (start_s, (low if place % 2 else high) * random.uniform(0.85, 1))
        for place, start_s in enumerate(starts_s)
    )
    sound = events(duration_s, ticks)
    return in_air(sound, random, level=log_uniform(random, 1e-4, 3e-3), low_hz=100, high_hz=4000)


def _tick(random: Generator, case_hz: float) -> Samples:
    """Sound one tick: the tooth drops, then the pallet locks, and the case rings a little."""
    time = seconds(0.08)
    contact = filtered(noise(random, time), low_hz=0.5 * case_hz, high_hz=1.6 * case_hz)
    frequencies = case_hz * np.array([0.7, 1, 1.43]) * random.uniform(0.95, 1.05, 3)
    case = modes(time, frequencies, 0.02, [0.2, 0.3, 0.2])
    knock = contact * decay(time, random.uniform(0.015, 0.03)) + random.uniform(0, 1) * case
    return events(0.1, [(0, 0.4 * knock), (random.uniform(0.006, 0.02), knock)])
