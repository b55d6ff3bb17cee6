"""The methods without labels against scikit-learn's own contract, at 8 bits: no check is left out.

scikit-learn itself skips its array API check unless SCIPY_ARRAY_API is set.
"""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from tonotopy import hashing

CLASSIC = ["LSH", "VQ", "PQ", "OPQ", "RQ", "SpectralHashing", "ITQ", "AnchorGraphHashing"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([hashing.method(name)(n_bits=8) for name in CLASSIC])
def test_it_is_an_estimator(estimator, check):
    check(estimator)
