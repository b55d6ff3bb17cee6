"""Things that hit each other: steps on the ground, knuckles on a door, glass on the floor."""

import numpy as np
from numpy.random import Generator

from tonotopy.synthesis.shaping import decay, filtered, hit, in_air, in_room
from tonotopy.synthesis.sources import (
    Samples,
    events,
    log_uniform,
    modes,
    noise,
    ringing,
    seconds,
    sparks,
)

__all__ = ["footsteps", "glass", "knock"]


def footsteps(random: Generator) -> Samples:
    """Walk a few steps over gravel, boards or stone."""
    ground = (_gravel, _boards, _stone)[random.integers(3)]
    apart_s = random.uniform(0.38, 0.65)
    n_steps = random.integers(3, 7)
    thump_hz = log_uniform(random, 70, 130)
    steps = (
        (
            0.03 + apart_s * place + 0.02 * random.random(),
            random.uniform(0.6, 1) * ground(random, thump_hz * (1.1 if place % 2 else 1.0)),
        )
        for place in range(n_steps)
    )
    sound = in_room(events(apart_s * n_steps, steps), random, t60=0.4, wet=random.uniform(0, 0.25))
    return in_air(sound, random, level=log_uniform(random, 0.003, 0.03), low_hz=100, high_hz=4000)


def _gravel(random: Generator, thump_hz: float) -> Samples:
    time = seconds(0.3)
    grains = sparks(random, time, rate_hz=900, spread=0.8)
    grain = modes(seconds(0.01), [2100, 3700, 5600], 0.005, [0.6, 1, 0.8])
    crunch = ringing(grains, grain)
    roll = hit(time, attack_s=0.03, t60=0.25) + 0.7 * hit(time - 0.12, attack_s=0.03, t60=0.2)
    return 0.5 * crunch * roll + modes(time, [thump_hz], [0.1], [0.6])


def _boards(random: Generator, thump_hz: float) -> Samples:
    time = seconds(0.35)
    planks = modes(time, thump_hz * np.array([1, 1.9]), [0.1, 0.08], [0.2, 0.15])
    return planks + _sole(random, time, 1.8 * thump_hz, 9 * thump_hz)


def _stone(random: Generator, thump_hz: float) -> Samples:
    time = seconds(0.35)
    return 0.2 * modes(time, [thump_hz], [0.06], [1.0]) + _sole(random, time, 450, 2800)


def _sole(random: Generator, time: Samples, low_hz: float, high_hz: float) -> Samples:
    """Let the heel strike and the toe follow."""
    leather = filtered(noise(random, time), low_hz=low_hz, high_hz=high_hz)
    t60, toe_s = random.uniform(0.04, 0.09), random.uniform(0.08, 0.13)
    toe = hit(time - toe_s, attack_s=0.015, t60=1.5 * t60)
    return leather * (hit(time, attack_s=0.003, t60=t60) + random.uniform(0.3, 0.7) * toe)


def knock(random: Generator) -> Samples:
    """Knock on a wooden door."""
    n_knocks = random.integers(2, 6)
    apart_s = random.uniform(0.13, 0.3)
    panel_hz = log_uniform(random, 130, 260)
    knocks = (
        (
            0.02 + apart_s * place * random.uniform(0.97, 1.03),
            random.uniform(0.6, 1) * _knuckle(random, panel_hz),
        )
        for place in range(n_knocks)
    )
    sound = events(apart_s * n_knocks + 0.3, knocks)
    return in_room(sound, random, t60=0.4, wet=random.uniform(0.05, 0.35))


def _knuckle(random: Generator, panel_hz: float) -> Samples:
    time = seconds(0.25)
    panel = panel_hz * np.array([1, 1.58, 2.24, 2.92, 4.1, 6.3]) * random.uniform(0.98, 1.02, 6)
    wood = modes(time, panel, [0.16, 0.14, 0.1, 0.09, 0.06, 0.03], [1, 0.9, 0.7, 0.5, 0.4, 0.3])
    bone = filtered(noise(random, time), low_hz=1000, high_hz=4000, order=1) * decay(time, 0.008)
    return wood + 0.8 * bone


def glass(random: Generator) -> Samples:
    """Break a pane or a bottle: the blow, then shards that fall and ring."""
    duration_s = random.uniform(0.9, 2.2)
    time = seconds(duration_s)
    lowest_hz = log_uniform(random, 1500, 3500)
    n_shards = random.integers(25, 90)
    falls_s = random.exponential(0.22 * duration_s, n_shards)
    shards = [
        (fall_s, _shard(random, lowest_hz)) for fall_s in falls_s if fall_s < duration_s - 0.1
    ]
    crash = filtered(noise(random, time), low_hz=lowest_hz) * decay(time, random.uniform(0.15, 0.4))
    blow = modes(time, [180, 420], [0.08, 0.06], [1.0, 0.6])
    sound = events(duration_s, shards) + random.uniform(0.5, 1.2) * crash + blow
    return in_room(sound, random, t60=0.5, wet=random.uniform(0, 0.25))


def _shard(random: Generator, lowest_hz: float) -> Samples:
    """Let one shard ring: the smaller, the higher and the shorter."""
    pitch_hz = log_uniform(random, lowest_hz, 9000)
    t60 = random.uniform(0.06, 0.35) * (lowest_hz / pitch_hz) ** 0.5
    partials = pitch_hz * np.array([1, 1.58, 2.32])
    audible = partials[partials < 14_000]
    ring = modes(seconds(min(0.3, t60)), audible, t60, [1, 0.6, 0.4][: len(audible)])
    shard: Samples = np.exp(0.6 * random.standard_normal()) * ring
    return shard
