"""A library of made-up vectors with classes that vectors alone tell apart badly."""

import numpy as np
import pytest

from tonotopy import catalog

CLASSES = ("bell", "door", "rain")
N_EACH, N_WINDOWS, DIM = 12, 4, 16


@pytest.fixture
def make_recordings():
    """Make recordings of three classes: a class shifts two dimensions of many, others vary more."""

    def make(n_each=N_EACH, n_windows=N_WINDOWS, seed=0):
        rng = np.random.default_rng(seed)
        spread = np.r_[0.6, 0.6, np.full(DIM - 2, 1.5)]
        made = {}
        for number, label in enumerate(CLASSES):
            angle = 2 * np.pi * number / len(CLASSES)
            centre = np.r_[3 * np.cos(angle), 3 * np.sin(angle), np.zeros(DIM - 2)]
            for take in range(n_each):
                made[f"{label}-{seed}-{take}.wav"] = centre + spread * rng.standard_normal(
                    (n_windows, DIM)
                )
        return made

    return make


@pytest.fixture
def label():
    """Label recordings by the first part of their names, as their folder would."""

    def put(library, *, provenance="folder", only=CLASSES, most=10**9):
        with library.write() as connection:
            labels = {}
            for each in catalog.get_recordings(
                connection, catalog.recording_ids(connection)
            ).values():
                name = each.path.rsplit("/", 1)[-1].split("-")[0]
                if name in only and list(labels.values()).count(name) < most:
                    labels[each.id] = name
            catalog.set_labels(connection, labels, provenance=provenance)

    return put
