"""Retrieval measures against hand counts, every order of the ties, chance and scikit-learn."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from tonotopy.metrics import (
    TiedRanking,
    mean_average_precision,
    mean_scores,
    nearest_class_right,
    precision_at_k,
    r_precision,
    rank,
    recall_at_k,
    same_group,
)

# The measures by definition, for relevance in one given order, in slow loops.


def slow_average_precision(relevant, at=None):
    total = sum(relevant)
    cut = {None: len(relevant), "R": total}.get(at, at)
    cut = min(cut, len(relevant))
    precisions = [
        sum(relevant[: place + 1]) / (place + 1) for place in range(cut) if relevant[place]
    ]
    return sum(precisions) / min(total, cut)


def slow_precision(relevant, k):
    return sum(relevant[:k]) / k


def slow_recall(relevant, k):
    return sum(relevant[:k]) / sum(relevant)


def slow_r_precision(relevant):
    return slow_precision(relevant, sum(relevant))


def slow_ndcg(relevant, k=None):
    gains = [relevant[place] / np.log2(place + 2) for place in range(len(relevant))]
    ideal = [1 / np.log2(place + 2) for place in range(sum(relevant))]
    return sum(gains[:k]) / sum(ideal[:k])


PAIRS = {
    "AP": (TiedRanking.average_precision, slow_average_precision),
    "AP@1": (lambda r: r.average_precision(at=1), lambda r: slow_average_precision(r, 1)),
    "AP@3": (lambda r: r.average_precision(at=3), lambda r: slow_average_precision(r, 3)),
    "AP@99": (lambda r: r.average_precision(at=99), lambda r: slow_average_precision(r, 99)),
    "AP@R": (lambda r: r.average_precision(at="R"), lambda r: slow_average_precision(r, "R")),
    "P@1": (lambda r: r.precision(1), lambda r: slow_precision(r, 1)),
    "P@4": (lambda r: r.precision(4), lambda r: slow_precision(r, 4)),
    "P@99": (lambda r: r.precision(99), lambda r: slow_precision(r, 99)),
    "recall@2": (lambda r: r.recall(2), lambda r: slow_recall(r, 2)),
    "recall@99": (lambda r: r.recall(99), lambda r: slow_recall(r, 99)),
    "R-precision": (TiedRanking.r_precision, slow_r_precision),
    "NDCG": (TiedRanking.ndcg, slow_ndcg),
    "NDCG@3": (lambda r: r.ndcg(3), lambda r: slow_ndcg(r, 3)),
}


def all_orders(distances, relevant):
    """Yield the relevance in every order that sorts the distances."""
    for order in itertools.permutations(range(len(distances))):
        if all(distances[a] <= distances[b] for a, b in itertools.pairwise(order)):
            yield [bool(relevant[item]) for item in order]


def test_average_precision_by_hand():
    """Relevant at ranks 1, 3 and 6: (1/1 + 2/3 + 3/6) / 3 = 13/18."""
    relevant = np.array([True, False, True, False, False, True])
    assert rank(np.arange(6), relevant).average_precision() == pytest.approx(13 / 18)


def test_average_precision_of_one_tie_by_hand():
    """Two relevant among three tied: ranks 12, 13 or 23 give 1, 5/6 and 7/12, in the mean 29/36."""
    relevant = np.array([True, True, False])
    ranking = rank(np.zeros(3), relevant)
    assert ranking.average_precision() == pytest.approx(29 / 36)


@pytest.mark.parametrize("name", PAIRS)
@given(
    items=st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=6).filter(
        lambda items: any(relevant for _, relevant in items)
    )
)
def test_ties_are_scored_as_the_mean_best_and_worst_over_all_orders(name, items):
    measure, slow = PAIRS[name]
    distances, relevant = (np.array(column) for column in zip(*items, strict=True))
    scores = [slow(order) for order in all_orders(distances, relevant)]
    for ties, by_hand in [
        ("expected", np.mean(scores)),
        ("optimistic", max(scores)),
        ("pessimistic", min(scores)),
    ]:
        assert measure(rank(distances, relevant, ties=ties)) == pytest.approx(by_hand), ties


def test_the_expectation_agrees_with_chance_on_codes_of_eight_bits():
    random = np.random.default_rng(0)
    distances = random.binomial(8, 0.5, 300)
    relevant = random.random(300) < 0.1
    shuffled = []
    for _ in range(2000):
        order = random.permutation(300)
        in_order = order[np.argsort(distances[order], kind="stable")]
        shuffled.append(average_precision_score(relevant[in_order], -np.arange(300.0)))
    error = np.std(shuffled) / np.sqrt(len(shuffled))
    expected = rank(distances, relevant).average_precision()
    assert abs(expected - np.mean(shuffled)) < 4 * error
    assert error < 0.001


@pytest.mark.parametrize("seed", range(5))
def test_without_ties_average_precision_is_that_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    relevant = random.random(50) < 0.2
    distances = random.standard_normal(50).astype(np.float32)
    for ties in ("expected", "optimistic", "pessimistic"):
        ranking = rank(distances, relevant, ties=ties)
        reference = average_precision_score(relevant, -distances)
        assert ranking.average_precision() == pytest.approx(reference)


@pytest.mark.parametrize("k", [None, 5])
def test_gain_among_ties_is_that_of_scikit_learn(k):
    random = np.random.default_rng(0)
    relevant, distances = random.random(60) < 0.2, random.integers(0, 9, 60)
    reference = ndcg_score([relevant], [-distances], k=k)
    assert rank(distances, relevant).ndcg(k) == pytest.approx(reference)


def test_infinite_distances_are_tied_at_the_end():
    relevant = np.array([True, True, False])
    ranking = rank(np.array([np.inf, 1.0, np.inf]), relevant)
    assert ranking.average_precision() == pytest.approx((1 + 1) / 4 + (1 + 2 / 3) / 4)


# The mean over queries.

DISTANCES = np.array([[0, 1, 2, 3], [1, 0, 2, 3], [3, 1, 0, 2], [3, 2, 1, 0]], np.float32)
LABELS = ["door", "door", "bell", "fly"]
OWN = np.eye(4, dtype=bool)


def test_a_set_is_searched_in_itself_without_each_query():
    """The doors find each other first; bell and fly have nothing to find."""
    score = mean_average_precision(DISTANCES, LABELS, LABELS, exclude=OWN)
    assert score == (1.0, 2, 2)


def test_queries_without_a_relevant_item_are_counted_and_left_out():
    """The second query has nothing to find; the first finds at ranks 2 and 4: (1/2 + 2/4) / 2."""
    distances = np.array([[2.0, 1.0, 4.0, 3.0], [1.0, 2.0, 3.0, 4.0]])
    score = mean_average_precision(distances, ["a", "z"], ["a", "b", "a", "c"])
    assert score == (pytest.approx(0.5), 1, 1)


def test_without_any_scored_query_the_mean_is_not_a_number():
    for database in ([1, 2], []):
        score = r_precision(np.zeros((1, len(database))), [0], database)
        assert np.isnan(score.value)
        assert score[1:] == (0, 1)


def test_a_querys_own_source_is_left_out():
    """Without the twin from source 7, the first door finds a bell before the other door."""
    distances = np.array([[0, 1, 2, 3]])
    own = same_group([7], [7, 7, 8, 9])
    score = mean_average_precision(distances, ["door"], ["door", "door", "bell", "door"])
    assert score.value == pytest.approx((1 + 1 + 3 / 4) / 3)
    score = mean_average_precision(
        distances, ["door"], ["door", "door", "bell", "door"], exclude=own
    )
    assert score.value == pytest.approx(1 / 2)


def test_each_measure_of_a_matrix_is_the_mean_of_its_rows():
    random = np.random.default_rng(3)
    distances = random.integers(0, 5, (20, 30)).astype(np.uint8)
    y_query, y_database = random.integers(0, 4, 20), random.integers(0, 4, 30)
    exclude = random.random((20, 30)) < 0.2

    def mean(measure):
        rows = zip(distances, y_query, exclude, strict=True)
        return np.mean([measure(rank(row[~x], (y_database == y)[~x])) for row, y, x in rows])

    matrix = (distances, y_query, y_database)
    found = {
        "AP": mean_average_precision(*matrix, exclude=exclude),
        "AP@3": mean_average_precision(*matrix, at=3, exclude=exclude),
        "P@4": precision_at_k(*matrix, 4, exclude=exclude),
        "P@1": nearest_class_right(*matrix, exclude=exclude),
        "recall@2": recall_at_k(*matrix, 2, exclude=exclude),
        "R-precision": r_precision(*matrix, exclude=exclude),
    }
    for name, score in found.items():
        assert score == (pytest.approx(mean(PAIRS[name][0])), 20, 0), name
    measures = {name: PAIRS[name][0] for name in found}
    assert mean_scores(measures, *matrix, exclude=exclude) == found


def test_bounds_enclose_the_expectation_of_every_measure():
    random = np.random.default_rng(4)
    matrix = random.integers(0, 3, (30, 40)), random.integers(0, 3, 30), random.integers(0, 3, 40)
    measures = {name: measure for name, (measure, _) in PAIRS.items()}
    low, middle, high = (
        mean_scores(measures, *matrix, ties=ties)
        for ties in ("pessimistic", "expected", "optimistic")
    )
    for name in PAIRS:
        assert low[name].value <= middle[name].value <= high[name].value
    assert low["AP"].value < middle["AP"].value < high["AP"].value


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: rank(np.arange(3), np.zeros(3, bool)), "no item is relevant"),
        (lambda: rank(np.array([1, np.nan]), np.ones(2, bool)), "a distance is NaN"),
        (lambda: rank(np.arange(2), np.ones(2, bool), ties="best"), "ties='best' is not"),
        (lambda: rank(np.arange(2), np.ones(2, bool)).precision(0), "k=0 must be at least 1"),
        (
            lambda: rank(np.arange(2), np.ones(2, bool)).average_precision(at=0),
            "at=0 must be at least 1",
        ),
        (
            lambda: r_precision(np.zeros((2, 3)), [1, 2], [1, 2]),
            r"distances has shape \(2, 3\); \(2, 2\) fits the labels",
        ),
        (
            lambda: r_precision(np.zeros((1, 2)), [1], [1, 2], exclude=np.zeros(2, bool)),
            r"exclude has shape \(2,\); \(1, 2\) fits",
        ),
    ],
)
def test_what_cannot_be_scored_is_refused(call, problem):
    with pytest.raises(ValueError, match=problem):
        call()
