"""What others reached: the paper's table, and an independent trial of the same methods.

The table is of A. Jati and D. Emmanouilidou, "Supervised deep hashing for efficient audio event
retrieval", ICASSP 2020: DCASE 2018 task 2, 9,473 clips in the database, 1,600 queries, mAP over the
whole database in per cent at 8, 16, 24, 32 and 64 bits. Labelled are about 10 %, 20 a class.
"""

from collections.abc import Mapping

BITS = (8, 16, 24, 32, 64)

#: set, features and method -> mAP at each of `BITS`
PAPER: Mapping[tuple[str, str, str], tuple[float, ...]] = {
    ("fsdkaggle2018", "tlweak", "SpectralHashing"): (8.14, 10.97, 11.93, 12.84, 13.31),
    ("fsdkaggle2018", "tlweak", "ITQ"): (8.34, 12.03, 14.17, 15.52, 17.62),
    ("fsdkaggle2018", "tlweak", "AnchorGraphHashing"): (9.40, 13.03, 15.13, 15.35, 16.49),
    ("fsdkaggle2018", "tlweak", "PQ"): (15.06, 16.15, 16.30, 16.39, 16.36),
    ("fsdkaggle2018", "tlweak", "DQN"): (39.07, 44.24, 45.50, 45.77, 46.83),
    ("fsdkaggle2018", "vggish", "SpectralHashing"): (9.23, 11.34, 12.18, 12.85, 12.90),
    ("fsdkaggle2018", "vggish", "ITQ"): (10.10, 12.18, 14.25, 14.61, 15.64),
    ("fsdkaggle2018", "vggish", "AnchorGraphHashing"): (13.37, 15.04, 15.52, 16.34, 15.41),
    ("fsdkaggle2018", "vggish", "PQ"): (16.12, 16.34, 16.23, 16.24, 15.65),
    ("fsdkaggle2018", "vggish", "DQN"): (33.84, 38.93, 39.68, 40.31, 41.43),
}

#: what the trial reached with YAMNet, 10 % labelled, at 8 and 64 bits
TRIAL: Mapping[tuple[str, str], tuple[float, float]] = {
    ("fsdd", "cosine"): (16.7, 16.7),
    ("fsdd", "PQ"): (15.9, 16.5),
    ("fsdd", "DQN literal"): (38.1, 40.2),
    ("fsdd", "DQN"): (38.1, 39.8),
    ("fsdd", "DQN literal, labelled"): (32.2, 37.8),
    ("fsdd", "Softmax w=0.1"): (41.3, 42.9),
    ("fsdd", "Graph w=0.1"): (53.5, 54.8),
    ("esc10", "cosine"): (74.6, 74.6),
    ("esc10", "PQ"): (74.5, 74.8),
    ("esc10", "ITQ"): (67.0, 70.1),
    ("esc10", "DQN literal"): (80.3, 80.2),
    ("esc10", "Softmax w=0.1"): (81.8, 81.9),
    ("esc10", "Graph w=0.1"): (84.4, 84.5),
}
