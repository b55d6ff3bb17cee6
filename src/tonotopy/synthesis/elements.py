"""Weather, water and fire: noise that is never twice the same."""

import numpy as np
from numpy.random import Generator

from tonotopy.synthesis.shaping import decay, filtered, hit, in_room
from tonotopy.synthesis.sources import (
    FREQUENCIES,
    Samples,
    above,
    below,
    events,
    frame_times,
    log_uniform,
    moving_noise,
    noise,
    phase,
    ringing,
    seconds,
    sparks,
    wobble,
)

__all__ = ["drip", "fire", "rain", "surf", "thunder", "wind"]


def rain(random: Generator) -> Samples:
    """Let it rain, from a drizzle to a downpour, on leaves, a roof or a road."""
    duration_s = random.uniform(2.5, 4.5)
    drops_per_s = log_uniform(random, 150, 2500)
    surface_hz = log_uniform(random, 1200, 5000)
    time, drop_time = seconds(duration_s), seconds(0.02)
    drops = np.zeros_like(time)
    for _ in range(6):  # no drop is like the others, but a few kinds will do
        splash = filtered(noise(random, drop_time), low_hz=surface_hz * random.uniform(0.5, 1.5))
        fallen = sparks(random, time, rate_hz=drops_per_s / 6, spread=0.8)
        drops += ringing(fallen, splash * decay(drop_time, random.uniform(0.003, 0.012)))
    distance = filtered(noise(random, time), low_hz=700, high_hz=9000, order=1)
    near = 10 * np.tanh(drops / (10 * drops.std()))  # no drop hides all the others
    sound: Samples = near + random.uniform(0.2, 1.2) * distance / distance.std()
    return sound


def wind(random: Generator) -> Samples:
    """Let the wind howl round a corner, a resonance that rises with every gust, or rustle trees."""
    duration_s = random.uniform(3.5, 6)
    times = frame_times(duration_s)
    gusts = np.exp(random.uniform(0.6, 1) * wobble(random, times, rate_hz=random.uniform(0.6, 1.5)))
    gusts *= np.exp(0.3 * wobble(random, times, rate_hz=8))
    howl_hz = log_uniform(random, 180, 900) * gusts**0.4
    sharpness = log_uniform(random, 2.5, 12)
    howl = 1 / (1 + (sharpness * np.log2(np.maximum(FREQUENCIES, 1) / howl_hz[:, None])) ** 2)
    rush = below(log_uniform(random, 250, 500), random.uniform(1.2, 2))
    trees = random.choice([0, 0, 0.08]) * gusts[:, None] * above(2500, 2)
    air = random.uniform(0.1, 0.9) * howl + rush + trees
    return moving_noise(random, duration_s, gusts[:, None] * air)


def surf(random: Generator) -> Samples:
    """Let a wave come in, break and run back over the sand."""
    duration_s = random.uniform(4, 6)
    times = frame_times(duration_s)
    breaks_s = random.uniform(0.25, 0.45) * duration_s
    swell = np.where(
        times < breaks_s,
        np.exp((times - breaks_s) * random.uniform(1.2, 2.5)),
        np.exp((breaks_s - times) * random.uniform(0.5, 1.1)),
    )
    edge_hz = log_uniform(random, 150, 600) + log_uniform(random, 1200, 7000) * swell**0.7
    roar = below(edge_hz, random.uniform(1.5, 3))
    retreat = np.clip((times - breaks_s) / 1.5, 0, 1) * np.exp((breaks_s - times) * 0.6)
    pebbles = random.uniform(0.05, 0.4) * above(log_uniform(random, 1500, 5000), 4)
    foam = 1 + 0.3 * random.standard_normal((len(times), 1))
    gains = (0.08 + swell[:, None]) * roar + retreat[:, None] * pebbles
    return moving_noise(random, duration_s, gains * foam)


def thunder(random: Generator) -> Samples:
    """Let it thunder: a crack when near, and a rumble that rolls away."""
    duration_s = random.uniform(3.5, 6)
    times = frame_times(duration_s)
    nearness = random.random()
    falling = np.exp(-times / random.uniform(0.8, 2))
    rolls = np.exp(0.9 * wobble(random, times, rate_hz=random.uniform(3, 7)))
    onset = np.clip(times / (0.02 + 0.5 * (1 - nearness)), 0, 1)
    edge_hz = 90 + (150 + 1200 * nearness) * falling
    rumble = (onset * rolls * falling**0.7)[:, None] * below(edge_hz, 3)
    tearing = np.exp(random.standard_normal(len(times)) - times / 0.12)
    crack = 0.5 * nearness**2 * tearing[:, None] * below(1500, 1)
    shower = random.choice([0.0, 0.0, 0.01, 0.04]) * above(500, 2)
    gains = rumble + crack + shower
    return moving_noise(random, duration_s, gains)


def fire(random: Generator) -> Samples:
    """Let a fire crackle in a hearth or in the open."""
    duration_s = random.uniform(3, 5)
    time, snap_time = seconds(duration_s), seconds(0.03)
    snaps = np.zeros_like(time)
    for _ in range(6):  # kinds of wood
        crackles = sparks(random, time, rate_hz=log_uniform(random, 1.5, 10), spread=1.0)
        snap = filtered(noise(random, snap_time), low_hz=log_uniform(random, 600, 4000), order=1)
        snaps += ringing(crackles, snap * decay(snap_time, log_uniform(random, 0.006, 0.025)))
    air = noise(random, time)
    flicker = np.exp(0.4 * wobble(random, time, rate_hz=7))
    roar = filtered(air, low_hz=60, high_hz=350, order=1) * flicker
    sizzle = filtered(air, low_hz=2500, high_hz=9000, order=1) * flicker
    flames = random.uniform(0.005, 0.04) * roar + random.uniform(0.002, 0.006) * sizzle
    crackle = np.tanh(snaps / (18 * snaps.std()))  # a microphone has its limits
    sound: Samples = crackle + flames
    return sound


def drip(random: Generator) -> Samples:
    """Let water drip into a basin or a cave's pool: each drop rings as a bubble that rises."""
    duration_s = random.uniform(1.5, 4)
    apart_s = log_uniform(random, 0.25, 1.1)
    unevenness = random.choice([0.03, 0.4])
    pool_hz = log_uniform(random, 500, 1400)
    starts_s = np.arange(0.05, duration_s - 0.1, apart_s)
    starts_s += unevenness * apart_s * random.standard_normal(len(starts_s))
    drops = ((max(0.0, start_s), _bubble(random, pool_hz)) for start_s in starts_s)
    sound = events(duration_s, drops)
    return in_room(sound, random, t60=log_uniform(random, 0.4, 1.5), wet=random.uniform(0, 0.3))


def _bubble(random: Generator, pool_hz: float) -> Samples:
    """Sound one drop; M. Minnaert, "On musical air-bubbles", Philosophical Magazine 16, 1933."""
    time = seconds(0.25)
    start_hz = pool_hz * np.exp(0.2 * random.standard_normal())
    rise = random.uniform(3, 8)
    ring = np.sin(2 * np.pi * phase(start_hz * (1 + rise * time)))
    splash = filtered(noise(random, time), low_hz=2500) * decay(time, 0.01)
    trapped_s = random.uniform(0.005, 0.03)  # the bubble closes after the splash
    rounded = hit(time - trapped_s, attack_s=0.004, t60=random.uniform(0.06, 0.18))
    drop: Samples = random.uniform(0.4, 1) * (ring * rounded + 0.1 * splash)
    return drop
