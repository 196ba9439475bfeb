"""Scores and their intervals, calibration, and the distance from what was trained on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from ml.halpha import calibration, domain
from ml.halpha.scores import (
    Confusion,
    auc,
    auc_interval,
    confusion,
    roc_curve,
    scores,
    scores_by,
    snr_bins,
    wilson,
)

# few different probabilities, so that many are equal
decisions = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 8).map(lambda k: k / 8)), min_size=1, max_size=40
)


def test_the_published_counts_give_the_published_accuracy():
    found = Confusion(true_positive=209, false_negative=0, false_positive=2, true_negative=205)
    assert found.accuracy == pytest.approx(0.995, abs=5e-4)  # Wang et al. (2022), Figure 6
    assert found.completeness == 1.0
    assert found.purity == pytest.approx(209 / 211)


@given(decisions)
def test_every_spectrum_is_counted_once_and_nan_is_never_emission(rows):
    label, probability = np.array(rows).T
    found = confusion(label, np.append(probability, []))
    assert sum(vars(found).values()) == len(rows)
    assert found.true_positive + found.false_negative == label.sum()
    unknown = confusion(label, np.full(len(rows), np.nan))
    assert unknown.true_positive == unknown.false_positive == 0


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts):
    part, whole = counts
    theirs = binomtest(part, whole).proportion_ci(0.95, method="wilson")
    assert wilson(part, whole) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(decisions)
def test_area_is_the_chance_that_emission_is_ranked_higher_and_that_under_the_curve(rows):
    label, probability = np.array(rows).T
    with_, without = probability[label == 1], probability[label == 0]
    if not len(with_) or not len(without):
        assert np.isnan(auc(label, probability))
        return
    pairs = np.sign(with_[:, None] - without[None, :])
    assert auc(label, probability) == pytest.approx(np.mean((pairs + 1) / 2))
    false_rate, true_rate, _ = roc_curve(label, probability)
    assert np.trapezoid(true_rate, false_rate) == pytest.approx(auc(label, probability))
    assert np.all(np.diff(false_rate) >= 0)
    assert np.all(np.diff(true_rate) >= 0)


def simulated(n_stars, seed=3, noise=1.0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n_stars)
    logit = 2.0 * (2 * label - 1) + noise * 2.0 * rng.standard_normal(n_stars)
    return label, 1 / (1 + np.exp(-logit)), np.arange(n_stars)


def test_more_spectra_of_the_same_stars_narrow_no_interval():
    label, probability, star = simulated(150)
    once = scores(label, probability, star)
    five = scores(*(np.repeat(column, 5) for column in (label, probability, star)))
    assert five["n_spectra"] == 5 * once["n_spectra"]
    for name in ("accuracy", "completeness", "purity", "auc"):
        assert five[name]["interval"] == pytest.approx(once[name]["interval"])


def test_more_stars_narrow_the_interval_of_the_area_and_it_holds_the_value():
    few, many = (simulated(n) for n in (100, 3000))
    widths = []
    for sample in (few, many):
        low, high = auc_interval(*sample)
        assert low < auc(*sample[:2]) < high
        widths.append(high - low)
    assert widths[1] < 0.5 * widths[0]


def test_a_group_without_one_class_has_no_area_but_an_accuracy():
    label = np.array([1, 1, 0, 0])
    found = scores_by(
        np.array(["nebular", "nebular", "none", "none"]),
        label, np.array([0.9, 0.2, 0.1, 0.2]), np.arange(4),
    )  # fmt: skip
    assert list(found) == ["nebular", "none"]
    assert found["nebular"]["auc"]["value"] is None
    assert found["nebular"]["completeness"]["value"] == 0.5
    assert found["none"]["completeness"]["value"] is None
    assert found["none"]["accuracy"]["value"] == 1.0


def test_bins_of_signal_to_noise_are_those_of_the_paper():
    values = np.array([9.99, 10, 19.99, 20, 59, 100, 149, 150, 999], dtype=np.float32)
    assert snr_bins(values).tolist() == [
        "0-10", "10-20", "10-20", "20-40", "40-60", "100-150", "100-150", "150 and more",
        "150 and more",
    ]  # fmt: skip


@pytest.mark.parametrize("true", [0.4, 1.0, 3.0])
def test_the_temperature_that_logits_were_sharpened_by_is_found(true):
    rng = np.random.default_rng(11)
    margin = rng.normal(0.0, 2.5, 40_000)
    label = rng.random(len(margin)) < 1 / (1 + np.exp(-margin))
    logits = np.stack([-0.5 * true * margin, 0.5 * true * margin], axis=1)
    found = calibration.fit_temperature(logits, label)
    assert found == pytest.approx(true, rel=0.05)
    after = calibration.probability_of(logits, found)
    assert calibration.expected_calibration_error(label, after) < 0.01
    before = calibration.probability_of(logits)
    assert np.array_equal(np.argsort(before), np.argsort(after))


def test_sure_and_wrong_is_not_calibrated():
    label = np.array([0, 1] * 50)
    assert calibration.expected_calibration_error(label, np.full(100, 1.0)) == pytest.approx(0.5)
    assert calibration.expected_calibration_error(label, np.full(100, 0.5)) == pytest.approx(0.0)


@given(decisions)
def test_reliability_is_counting(rows):
    label, probability = np.array(rows).T
    table = calibration.reliability(label, probability, n_bins=4)
    assert table.count.sum() == len(rows)
    for i in range(4):
        last = i == 3
        inside = (probability >= i / 4) & ((probability < (i + 1) / 4) | last)
        assert table.count[i] == inside.sum()
        if inside.any():
            assert table.said[i] == pytest.approx(probability[inside].mean())
            assert table.true[i] == pytest.approx(label[inside].mean())


def clouds(n, d=12, seed=0):
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(77).standard_normal((d, d))
    label = rng.integers(0, 2, n)
    return rng.standard_normal((n, d)) @ mixing + 6.0 * label[:, None], label


def test_training_spectra_lie_at_distance_one_and_held_out_ones_within_the_threshold():
    features, label = clouds(4000)
    fitted = domain.fit(features, label)
    assert np.mean(domain.distance(features, fitted) ** 2) == pytest.approx(1.0, abs=0.05)
    limit = domain.threshold(domain.distance(clouds(2000, seed=1)[0], fitted))
    again = domain.distance(clouds(2000, seed=2)[0], fitted)
    assert np.mean(again > limit) == pytest.approx(1 - domain.QUANTILE, abs=0.01)


def test_what_is_like_neither_class_is_far():
    features, label = clouds(2000)
    fitted = domain.fit(features, label)
    limit = domain.threshold(domain.distance(features, fitted))
    between = 0.5 * (features[label == 0].mean(0) + features[label == 1].mean(0))
    beyond = between + 10.0 * np.eye(12)[0]
    far = domain.distance(np.stack([beyond, np.full(12, 1e6)]), fitted)
    assert np.all(far > limit)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_the_distance_does_not_depend_on_how_features_are_turned(seed):
    features, label = clouds(200, d=5, seed=seed)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((5, 5)))
    plain = domain.distance(features, domain.fit(features, label))
    turned = domain.distance(features @ turn, domain.fit(features @ turn, label))
    assert turned == pytest.approx(plain, rel=1e-3)


def test_features_that_never_vary_do_no_harm_and_nan_stays_nan():
    features, label = clouds(300)
    features = np.hstack([features, np.full((300, 2), 4.0)])
    fitted = domain.fit(features, label)
    assert np.isfinite(domain.distance(features, fitted)).all()
    features[7, 3] = np.nan
    found = domain.distance(features, fitted)
    assert np.flatnonzero(np.isnan(found)).tolist() == [7]
    with pytest.raises(ValueError, match="finite"):
        domain.fit(features, label)
