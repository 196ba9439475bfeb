"""The runaway limit of Wang+2022, and a fit that finds what was put in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from maxwellian_oracle import fit_maxwellian, maxwellian, runaway_limit


def test_the_published_width_gives_the_published_limit() -> None:
    assert runaway_limit(8.701) == pytest.approx(24.05, abs=0.01)


@given(st.floats(0.1, 100), st.floats(1e-6, 0.99))
def test_the_limit_is_where_the_density_has_fallen_so_far(b: float, fraction: float) -> None:
    limit = runaway_limit(b, fraction)
    ratio = maxwellian(np.array(limit), 1.0, b) / maxwellian(np.array(b), 1.0, b)
    assert limit > b
    assert ratio == pytest.approx(fraction, rel=1e-6)


@pytest.mark.parametrize("b", [4.0, 8.701, 15.0])
def test_the_width_is_recovered_whatever_a_few_runaways_do(b: float) -> None:
    generator = np.random.default_rng(1)
    # |v|^2 of three Gaussian components of deviation b/sqrt(2) follows v^2 exp(-v^2/b^2).
    speeds = np.linalg.norm(generator.normal(0, b / np.sqrt(2), (3, 4000)), axis=0)
    with_runaways = np.append(speeds, generator.uniform(4 * b, 10 * b, 200))
    fit = fit_maxwellian(with_runaways, bin_width=b / 8)
    assert fit.b == pytest.approx(b, abs=4 * fit.b_error)
    assert fit.b == pytest.approx(b, rel=0.03)


def test_too_few_stars_give_no_limit() -> None:
    assert np.isnan(fit_maxwellian(np.arange(5.0)).limit)
    assert np.isnan(fit_maxwellian(np.full(100, np.nan)).limit)


def test_a_fraction_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        runaway_limit(8.7, 0.0)
