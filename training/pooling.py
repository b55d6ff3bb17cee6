"""Compare ways to turn the windows of two recordings into one score, on the choosing sets.

    .venv/bin/python pooling.py cochlea
    .venv/bin/python pooling.py timbre --sets heldout uneven
    .venv/bin/python pooling.py yamnet --teacher ../../shared/models/yamnet.tflite

Recordings of a collection are rarely as even as those of a labelled set. Two sets are made for
that, from the held-out classes: in ``uneven`` some clips are padded with silence, some lie in ten
seconds of ambience and some come three times with pauses; in ``needle`` clips search ten minutes
of ambience, one clip in each, among all the other clips.
"""

import argparse
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pool import SAMPLE_RATE, SCENE_S, heldout_clips, read, scene_clips

from tonotopy import embedders
from tonotopy.embedders import Embedder
from tonotopy.embedders.yamnet import Yamnet
from tonotopy.metrics import TiedRanking, mean_scores, same_group
from tonotopy.ranking import Sound, score_windows
from tonotopy.windows import starts

Floats = NDArray[np.float32]
LONGEST_S = 6  # of a held-out recording
BACKGROUND_DB = -20.0  # of an ambience below the loudest second in it
NEEDLE_S, N_NEEDLES = 600, 24
MEASURES = {
    "mAP": TiedRanking.average_precision,
    "nearest": lambda ranking: ranking.precision(1),
}


@dataclass(frozen=True)
class Clip:
    """A labelled recording."""

    samples: Floats
    label: str
    group: int  #: recordings of one group do not count as found by each other
    asks: bool = True  #: whether it is a query
    sought: bool = True  #: whether queries of its class look for it, or pass it over


@dataclass(frozen=True)
class Heard:
    """The windows of all recordings of a set, in order."""

    vectors: Floats
    level_db: Floats
    recording: NDArray[np.int64]
    clips: list[Clip]


@dataclass(frozen=True)
class Pair:
    """A query beside every recording: what an idea may look at."""

    similar: Floats  #: (n_query_windows, n_windows)
    first: NDArray[np.int64]  #: where each recording's windows begin
    counts: NDArray[np.int64]
    means: Floats  #: (n_recordings,) cosines of mean vectors
    query_db: Floats
    level_db: Floats


Idea = Callable[[Pair], Floats]


def forward(pair: Pair) -> Floats:
    """Average the best matches of the query's windows."""
    return np.maximum.reduceat(pair.similar, pair.first, axis=1).mean(axis=0)


def backward(pair: Pair) -> Floats:
    """Average the best matches of each recording's windows among the query's."""
    return np.add.reduceat(pair.similar.max(axis=0), pair.first) / pair.counts


def both(pair: Pair) -> Floats:
    """Average both ways."""
    return (forward(pair) + backward(pair)) / 2


def best_of(pair: Pair, n_most: NDArray[np.int64]) -> Floats:
    """Average, over the windows of each recording that match best, their best matches."""
    best = pair.similar.max(axis=0)
    group = np.repeat(np.arange(len(pair.first)), pair.counts)
    order = np.lexsort((-best, group))
    place = np.arange(len(best)) - np.repeat(pair.first, pair.counts)
    kept = np.where(place < np.repeat(n_most, pair.counts), best[order], 0)
    return np.add.reduceat(kept, pair.first) / np.minimum(n_most, pair.counts)


def capped(at_least: int, times: float = 1.0) -> Idea:
    """Both ways; of a long recording, as many windows as the query has, or some more."""

    def idea(pair: Pair) -> Floats:
        n_most = np.full(len(pair.first), max(at_least, round(times * len(pair.similar))))
        return (forward(pair) + best_of(pair, n_most)) / 2

    return idea


def fading(at_least: int) -> Idea:
    """Both ways; a long recording's own counts the less, the longer it is than the query."""

    def idea(pair: Pair) -> Floats:
        longest = max(at_least, len(pair.similar))
        weight = 0.5 * np.minimum(1, longest / pair.counts)
        return ((1 - weight) * forward(pair) + weight * backward(pair)).astype(np.float32)

    return idea


def comparable(at_least: int) -> Idea:
    """Both ways, each with no more windows than the other side has, or some more."""

    def idea(pair: Pair) -> Floats:
        n_query = len(pair.similar)
        matched = np.sort(np.maximum.reduceat(pair.similar, pair.first, axis=1), axis=0)[::-1]
        n_most = np.minimum(np.maximum(at_least, pair.counts), n_query)
        ahead = np.cumsum(matched, axis=0)[n_most - 1, np.arange(len(n_most))] / n_most
        back = best_of(pair, np.full(len(pair.first), max(at_least, n_query)))
        return (ahead + back) / 2

    return idea


def fused(idea: Idea, weight: float) -> Idea:
    """An idea, and the cosine of the mean vectors beside it."""
    return lambda pair: (1 - weight) * idea(pair) + weight * pair.means


def top(k: int) -> Idea:
    """Both ways, a match being the mean of the k best."""

    def mean_of_best(similar: Floats) -> Floats:
        k_here = min(k, len(similar))
        return np.partition(similar, len(similar) - k_here, axis=0)[-k_here:].mean(axis=0)

    def idea(pair: Pair) -> Floats:
        ahead = [
            mean_of_best(pair.similar[:, start : start + count].T).mean()
            for start, count in zip(pair.first, pair.counts, strict=True)
        ]
        back = np.add.reduceat(mean_of_best(pair.similar), pair.first) / pair.counts
        return ((np.array(ahead) + back) / 2).astype(np.float32)

    return idea


def softly(sharpness: float) -> Idea:
    """Both ways, matches averaged with weights that grow with likeness."""

    def idea(pair: Pair) -> Floats:
        grown = np.exp(sharpness * (pair.similar - 1))
        weighted = grown * pair.similar
        ahead = np.add.reduceat(weighted, pair.first, axis=1) / np.add.reduceat(
            grown, pair.first, axis=1
        )
        back = np.add.reduceat(weighted.sum(axis=0) / grown.sum(axis=0), pair.first) / pair.counts
        return (ahead.mean(axis=0) + back) / 2

    return idea


def by_level(power: float) -> Idea:
    """Both ways, windows weighing by their loudness."""

    def idea(pair: Pair) -> Floats:
        ahead, back, _ = levelled(pair, power)
        return (ahead + back) / 2

    return idea


def by_level_fading(power: float, at_least: float) -> Idea:
    """By level; a long recording's own way counts the less, the longer it sounds."""

    def idea(pair: Pair) -> Floats:
        ahead, back, (n_query, n_sounding) = levelled(pair, power)
        weight = 0.5 * np.minimum(1, max(at_least, n_query) / n_sounding)
        return (1 - weight) * ahead + weight * back

    return idea


def by_level_capped(power: float, at_least: int) -> Idea:
    """By level; of a long recording only the windows that match best."""

    def idea(pair: Pair) -> Floats:
        ahead, _, _ = levelled(pair, power)
        best = pair.similar.max(axis=0)
        order = np.lexsort((-best, np.repeat(np.arange(len(pair.first)), pair.counts)))
        place = np.arange(len(best)) - np.repeat(pair.first, pair.counts)
        weights = loudness(pair.level_db, pair.first, power)[order]
        weights = np.where(place < max(at_least, len(pair.similar)), weights, 0)
        back = np.add.reduceat(weights * best[order], pair.first)
        return (ahead + back / np.add.reduceat(weights, pair.first)) / 2

    return idea


def loudness(level: Floats, first: NDArray[np.int64], power: float) -> Floats:
    """Weigh windows by their level, the loudest of a recording 1."""
    loudest = np.repeat(np.maximum.reduceat(level, first), np.diff([*first, len(level)]))
    return 10 ** (power * (level - loudest) / 20)


def levelled(pair: Pair, power: float) -> tuple[Floats, Floats, tuple[float, Floats]]:
    """Give both ways by level, and how many windows sound in the query and the recordings."""
    ours = loudness(pair.query_db, np.array([0]), power)
    theirs = loudness(pair.level_db, pair.first, power)
    best = np.maximum.reduceat(pair.similar, pair.first, axis=1)
    ahead = (ours[:, np.newaxis] * best).sum(axis=0) / ours.sum()
    n_sounding = np.add.reduceat(theirs, pair.first)
    back = np.add.reduceat(theirs * pair.similar.max(axis=0), pair.first) / n_sounding
    return ahead, back, (float(ours.sum()), n_sounding)


def single_best(pair: Pair) -> Floats:
    """Take the best match of all."""
    return np.maximum.reduceat(pair.similar.max(axis=0), pair.first)


def shipped(pair: Pair) -> Floats:
    """Do as `tonotopy search` does, on the matrix of similarities itself.

    The query's windows become axes of space, so that similarities are what products give.
    """
    axes = np.eye(len(pair.similar), dtype=np.float32)
    scores = score_windows(
        Sound(pair.similar.T, pair.level_db),
        np.repeat(np.arange(len(pair.first)), pair.counts),
        likes=[Sound(axes, pair.query_db)],
        metric="dot",
    )
    return scores.group_scores


IDEAS: dict[str, Idea] = {
    "as tonotopy searches": shipped,
    "one way": forward,
    "back": backward,
    "both ways": both,
    "mean vectors": lambda pair: pair.means,
    "single best": single_best,
    **{f"both, at most {n} or the query's": capped(n) for n in (1, 5, 10, 20, 40)},
    **{f"both, at most 10 or {n} times the query's": capped(10, n) for n in (2, 4)},
    **{f"both, fading beyond {n} or the query's": fading(n) for n in (1, 5, 10, 20, 40)},
    **{f"both, cut to each other beyond {n}": comparable(n) for n in (1, 5, 10, 20)},
    "one way + mean vectors": fused(forward, 0.5),
    "both + mean vectors": fused(both, 0.5),
    "fading beyond 10 + mean vectors 0.3": fused(fading(10), 0.3),
    "at most 10 + mean vectors 0.3": fused(capped(10), 0.3),
    **{f"both, mean of the {k} best": top(k) for k in (2, 3)},
    **{f"both, soft {sharpness}": softly(sharpness) for sharpness in (5, 10, 20, 40)},
    **{f"both, by level to the {power:g}": by_level(power) for power in (0.25, 0.5, 0.75, 1, 1.5)},
    **{
        f"by level to the {power:g}, fading beyond {n} or the query's": by_level_fading(power, n)
        for power in (0.5, 0.75, 1)
        for n in (1, 3, 5, 10, 20)
    },
    **{
        f"by level to the {power:g}, at most {n} or the query's": by_level_capped(power, n)
        for power in (0.5, 1)
        for n in (5, 10, 20)
    },
    "one way, by level to the 0.5": lambda pair: levelled(pair, 0.5)[0],
    "one way, by level to the 1": lambda pair: levelled(pair, 1)[0],
}


def hear(clips: list[Clip], embedder: Embedder) -> Heard:
    """Cut recordings into windows as `tonotopy add` does, and embed them."""
    if embedder.sample_rate != SAMPLE_RATE:
        raise SystemExit(f"{embedder.name} hears {embedder.sample_rate} Hz; the sets have 16,000")
    window = round(embedder.window_s * SAMPLE_RATE)
    vectors, levels, numbers = [], [], []
    for number, clip in enumerate(clips):
        first = starts(len(clip.samples), window=window, hop=round(embedder.hop_s * SAMPLE_RATE))
        padded = np.zeros(int(first[-1]) + window, np.float32)
        padded[: len(clip.samples)] = clip.samples[: len(padded)]
        for part in np.array_split(first, -(-len(first) // 64)):
            windows = np.stack([padded[start : start + window] for start in part])
            n_own = np.minimum(len(clip.samples) - part, window)
            vectors.append(embedder.embed(windows))
            levels.append((level_db(windows) + 10 * np.log10(window / n_own)).astype(np.float32))
            numbers.append(np.full(len(part), number))
    return Heard(np.concatenate(vectors), np.concatenate(levels), np.concatenate(numbers), clips)


def level_db(windows: Floats) -> Floats:
    """Measure the root mean square of windows in dBFS, -120 at least."""
    return 20 * np.log10(np.maximum(np.sqrt(np.square(windows).mean(axis=1)), 1e-6))


def without_silence(heard: Heard, below_db: float) -> Heard:
    """Leave out the silent windows of recordings that have others."""
    sounding = heard.level_db >= below_db
    some = np.bincount(heard.recording[sounding], minlength=len(heard.clips)) > 0
    kept = sounding | ~some[heard.recording]
    return Heard(heard.vectors[kept], heard.level_db[kept], heard.recording[kept], heard.clips)


def pairs(heard: Heard) -> Iterator[Pair]:
    """Put each query beside all recordings."""
    n_recordings = len(heard.clips)
    first = np.searchsorted(heard.recording, np.arange(n_recordings))
    counts = np.diff([*first, len(heard.vectors)])
    means = np.add.reduceat(heard.vectors, first, axis=0)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    for number, clip in enumerate(heard.clips):
        if clip.asks:
            own = slice(first[number], first[number] + counts[number])
            similar = heard.vectors[own] @ heard.vectors.T
            cosines = means @ means[number]
            yield Pair(similar, first, counts, cosines, heard.level_db[own], heard.level_db)


def score(heard: Heard, ideas: dict[str, Idea]) -> dict[str, tuple[float, float]]:
    """Score ideas by mAP and by whether the nearest is of the query's class."""
    asking = np.array([clip.asks for clip in heard.clips])
    sought = np.array([clip.sought for clip in heard.clips])
    table = {name: np.empty((asking.sum(), len(sought)), np.float32) for name in ideas}
    for row, pair in enumerate(pairs(heard)):
        for name, idea in ideas.items():
            table[name][row] = idea(pair)
    if asking.all() and "both ways" in table:
        table |= with_neighbours(table["both ways"])
    labels = np.array([clip.label for clip in heard.clips])
    groups = np.array([clip.group for clip in heard.clips])
    left_out = same_group(groups[asking], groups)
    left_out |= (labels[asking, np.newaxis] == labels) & ~sought
    results = {}
    for name, scores in table.items():
        measured = mean_scores(MEASURES, -scores, labels[asking], labels, exclude=left_out)
        results[name] = (measured["mAP"].value, measured["nearest"].value)
    return results


def with_neighbours(both_ways: Floats) -> dict[str, Floats]:
    """Correct scores for recordings that are near everything, and ask the nearest for help."""
    others = both_ways.copy()
    np.fill_diagonal(others, -np.inf)
    corrected = {}
    for k in (5, 10, 20):
        nearness = -np.sort(-others, axis=1)[:, :k].mean(axis=1)
        corrected[f"both ways, less half the nearness to their {k} nearest"] = (
            both_ways - nearness / 2
        )
    for k in (3, 5):
        nearest = np.argsort(-others, axis=1)[:, :k]
        helped = both_ways.copy()
        for query, theirs in enumerate(nearest):
            mutual = [each for each in theirs if query in nearest[each]]
            helped[query] = both_ways[[query, *mutual]].mean(axis=0)
        corrected[f"both ways, with mutual neighbours among {k}"] = helped
    return corrected


def heldout(pool: Path) -> list[Clip]:
    """Read the held-out classes."""
    read_clips = [
        (read(pool / name)[: LONGEST_S * SAMPLE_RATE], label) for name, label in heldout_clips(pool)
    ]
    return [
        Clip(samples, label, number)
        for number, (samples, label) in enumerate(read_clips)
        if len(samples)
    ]


def scenes(pool: Path) -> list[Clip]:
    """Read stretches of ambience; those of one file do not count as found by each other."""
    files: dict[str, Floats] = {}
    clips = []
    for name, first, label in scene_clips(pool):
        if name not in files:
            files[name] = read(pool / name)
        samples = files[name][first : first + SCENE_S * SAMPLE_RATE]
        clips.append(Clip(samples, label, list(files).index(name)))
    return clips


def ambience(clips: list[Clip], rng: np.random.Generator, seconds: float) -> Floats:
    """Repeat a stretch of ambience until it is long enough, its edges faded."""
    chosen = clips[rng.integers(len(clips))].samples
    chosen = chosen / max(float(np.sqrt(np.square(chosen).mean())), 1e-6)
    ramp = np.minimum(1, np.arange(len(chosen)) / 800)
    chosen = chosen * ramp * ramp[::-1]
    n_samples = round(seconds * SAMPLE_RATE)
    return np.tile(chosen, -(-n_samples // len(chosen)))[:n_samples].astype(np.float32)


def inside(clip: Clip, background: list[Clip], rng: np.random.Generator, seconds: float) -> Floats:
    """Put a clip somewhere into quiet ambience."""
    loudest = 10 ** (level_db(cut_seconds(clip.samples)).max() / 20)
    sound = loudest * 10 ** (BACKGROUND_DB / 20) * ambience(background, rng, seconds)
    start = rng.integers(max(1, len(sound) - len(clip.samples)))
    sound[start : start + len(clip.samples)] += clip.samples[: len(sound) - start]
    return sound


def cut_seconds(samples: Floats) -> Floats:
    """Cut into seconds, zeros behind the last."""
    n_seconds = -(-len(samples) // SAMPLE_RATE)
    padded = np.zeros(n_seconds * SAMPLE_RATE, np.float32)
    padded[: len(samples)] = samples
    return padded.reshape(n_seconds, SAMPLE_RATE)


def uneven(pool: Path) -> list[Clip]:
    """Make the held-out recordings unlike in length, in what is around them and in repetition."""
    rng = np.random.default_rng(0)
    background = scenes(pool)
    made = []
    for number, clip in enumerate(heldout(pool)):
        pause = [np.zeros(rng.integers(1, 4) * SAMPLE_RATE, np.float32) for _ in range(3)]
        samples = [
            lambda clip: clip.samples,
            lambda clip, pause=pause: np.concatenate([pause[0], clip.samples, pause[1]]),
            lambda clip: inside(clip, background, rng, 10),
            lambda clip, pause=pause: np.concatenate([clip.samples, pause[2]] * 3),
        ][number % 4](clip)
        made.append(Clip(samples, clip.label, clip.group))
    return made


def needle(pool: Path) -> list[Clip]:
    """Hide every n-th held-out clip in ten minutes of ambience, for the others to find."""
    rng = np.random.default_rng(1)
    background, clips = scenes(pool), heldout(pool)
    hidden = np.linspace(0, len(clips) - 1, N_NEEDLES).round().astype(int)
    made = []
    for number, clip in enumerate(clips):
        if number in hidden:
            samples = inside(clip, background, rng, NEEDLE_S)
            made.append(Clip(samples, clip.label, clip.group, asks=False))
        else:
            made.append(Clip(clip.samples, clip.label, clip.group, sought=False))
    return made


SETS = {"heldout": heldout, "scenes": scenes, "uneven": uneven, "needle": needle}


def main() -> None:
    """Print a table of ideas by sets."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("embedder")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--ideas", default="", help="only those that fit this regular expression")
    parser.add_argument("--silence", type=float, nargs="+", default=[-80.0], help="dBFS")
    parser.add_argument("--teacher", type=Path, help="YAMNet's file")
    parser.add_argument("--audio", type=Path, default=Path("../../shared/audio"))
    arguments = parser.parse_args()
    embedder = (
        Yamnet(arguments.teacher) if arguments.teacher else embedders.load(arguments.embedder)
    )
    ideas = {name: idea for name, idea in IDEAS.items() if re.search(arguments.ideas, name)}
    for name in arguments.sets:
        heard = hear(SETS[name](arguments.audio / "pool"), embedder)
        for below_db in (-np.inf, *arguments.silence):
            kept = without_silence(heard, below_db)
            print(
                f"\n{embedder.name}, {name}: {len(kept.clips)} recordings, "
                f"{len(kept.vectors)} windows at or above {below_db:g} dBFS"
            )
            for idea, (average, nearest) in score(kept, ideas).items():
                print(f"{average:.4f}  {nearest:.4f}  {idea}")


if __name__ == "__main__":
    main()
