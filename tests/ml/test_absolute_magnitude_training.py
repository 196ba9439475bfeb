"""Training on parallaxes: by star, repeatable, without binaries, the same after a kill."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.absolute_magnitude import training
from ml.absolute_magnitude.scores import scores
from ml.absolute_magnitude.training import (
    TEST,
    TRAIN,
    VALIDATION,
    TrainingConfig,
    split,
    too_bright,
    train,
)

FAST = TrainingConfig(epochs=60, patience=60, learning_rate=1e-2, checkpoint_every=7, seed=3)
SHORT = TrainingConfig(epochs=12, patience=12, rounds=1, checkpoint_every=5, seed=3)


def sample(n=600, binaries=0.0, seed=0):
    """Coordinates of spectra, of which two make the magnitude; some stars are two."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, 6)).astype(np.float32) * 8
    single = -0.5 + inputs[:, 0] / 8 + 0.5 * np.tanh(inputs[:, 1] / 8)
    is_binary = rng.random(n) < binaries
    error = rng.uniform(0.03, 0.15, n)
    m_ks = single - 0.75 * is_binary + error * rng.standard_normal(n)
    star = np.array([f"J{number // 2:06d}" for number in range(n)])
    return inputs, m_ks, error, star, is_binary, single


def trained(config, data, **keywords):
    inputs, m_ks, error, star, *_ = data
    return train(inputs, m_ks, error, star, config, n_pixels=500, **keywords)


@pytest.fixture(scope="module")
def with_binaries():
    data = sample(1200, binaries=0.25)
    return trained(FAST, data), data


def test_binaries_are_taken_out_and_no_longer_pull(with_binaries):
    found, (inputs, _, _, _, is_binary, single) = with_binaries
    assert found.is_excess[is_binary].mean() > 0.8
    assert found.is_excess[~is_binary].mean() < 0.1
    held_out = (found.part == TEST) & ~is_binary
    departure = found.predict(inputs[held_out]) - single[held_out]
    # with a quarter of binaries a network that learnt from them would be 0.19 mag too bright
    assert abs(np.median(departure)) < 0.06
    assert departure.std() < 0.2


def test_there_are_as_many_rounds_as_the_paper_has(with_binaries):
    found, _ = with_binaries
    assert {epoch.round for epoch in found.history} == {0, 1, 2}


def test_the_best_epoch_is_kept_not_the_last():
    data = sample(200)
    config = TrainingConfig(epochs=30, patience=30, rounds=0, learning_rate=0.05, seed=1)
    found = trained(config, data)
    losses = [epoch.validation_loss for epoch in found.history]
    inputs, m_ks, error, *_ = data
    rows = found.part == VALIDATION
    weight = 1 / (error**2 + config.intrinsic_error**2)
    weight /= weight[found.part == TRAIN].mean()
    departure = (found.predict(inputs) - m_ks) / found.scale
    assert np.mean((weight * departure**2)[rows]) == pytest.approx(min(losses), rel=1e-4)


def test_it_stops_when_nothing_gets_better():
    rng = np.random.default_rng(5)
    inputs, _, error, star, *_ = sample(200)
    noise = rng.standard_normal(200)
    config = TrainingConfig(epochs=300, patience=5, rounds=0, learning_rate=0.02)
    found = train(inputs, noise, error, star, config, n_pixels=500)
    assert len(found.history) < 100


class KilledError(Exception):
    pass


@pytest.mark.parametrize("after", [3, 8, 14, 22])
def test_a_killed_training_ends_in_the_same_weights(tmp_path, after):
    data = sample(120, binaries=0.2)
    whole = trained(SHORT, data)
    seen = []

    def stop(epoch):
        seen.append(epoch)
        if len(seen) == after:
            raise KilledError

    with pytest.raises(KilledError):
        trained(SHORT, data, folder=tmp_path, progress=stop)
    later = []
    again = trained(SHORT, data, folder=tmp_path, progress=later.append)
    assert len(later) == 24 - after // 12 * 12 - after % 12 // 5 * 5  # from the last checkpoint on
    for name, value in whole.network.state_dict().items():
        np.testing.assert_array_equal(again.network.state_dict()[name].numpy(), value.numpy())
    np.testing.assert_array_equal(again.is_excess, whole.is_excess)
    assert [one.loss for one in again.history] == [one.loss for one in whole.history]


def test_a_checkpoint_of_other_data_is_not_taken_up(tmp_path):
    trained(SHORT, sample(120), folder=tmp_path)
    other = sample(120, seed=1)
    fresh, beside = trained(SHORT, other), trained(SHORT, other, folder=tmp_path)
    for name, value in fresh.network.state_dict().items():
        np.testing.assert_array_equal(beside.network.state_dict()[name].numpy(), value.numpy())


@settings(max_examples=30)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.integers(0, 5))
def test_a_star_is_in_one_part_whatever_other_stars_there_are(numbers, seed):
    config = TrainingConfig(seed=seed)
    stars = np.array([f"J{number}" for number in numbers])
    together = split(stars, config)
    alone = [split(stars[i : i + 1], config)[0] for i in range(len(stars))]
    assert together.tolist() == alone


def test_a_fifth_of_the_stars_tests():
    part = split(np.arange(20_000), TrainingConfig())
    assert np.mean(part == TEST) == pytest.approx(0.2, abs=0.01)
    assert np.mean(part == VALIDATION) == pytest.approx(0.1, abs=0.01)


def test_equal_binaries_are_too_bright_and_single_stars_are_not():
    rng = np.random.default_rng(1)
    error = np.full(5000, 0.1)
    binary = rng.random(5000) < 0.3
    predicted = rng.uniform(-4, 1, 5000)
    m_ks = predicted - 0.75 * binary + np.hypot(0.1, 0.15) * rng.standard_normal(5000)
    found = too_bright(m_ks, error, predicted)
    assert found[binary].mean() > 0.95
    assert found[~binary].mean() == pytest.approx(0.023, abs=0.012)  # one side beyond 2 sigma


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"m_ks": np.nan}, "finite"),
        ({"inputs": np.inf}, "finite"),
        ({"error": 0.0}, "positive"),
    ],
)
def test_bad_numbers_are_refused(change, message):
    inputs, m_ks, error, star, *_ = sample(50)
    columns = {"inputs": inputs, "m_ks": m_ks, "error": error}
    for name, value in change.items():
        columns[name][7] = value
    with pytest.raises(ValueError, match=message):
        train(*columns.values(), star, SHORT, n_pixels=10)


def test_too_few_stars_say_so():
    inputs, m_ks, error, star, *_ = sample(2)
    with pytest.raises(ValueError, match="take more stars"):
        train(inputs, m_ks, error, star, SHORT, n_pixels=10)


def test_the_paper_is_the_default():
    config = TrainingConfig()
    assert (config.n_neurons, config.dropout, config.test_share, config.rounds) == (
        100,
        0.2,
        0.2,
        2,
    )
    assert config.binary_deviations == 2.0


def test_scores_are_those_of_the_difference():
    rng = np.random.default_rng(2)
    m_ks = rng.uniform(-4, 1, 40_000)
    excess = np.arange(40_000) % 4 == 0
    predicted = m_ks + 0.1 + 0.3 * rng.standard_normal(40_000) + 0.75 * excess
    found = scores(m_ks, predicted, excess, np.linspace(1, 150, 40_000))
    assert found["single"]["n"] == 30_000
    assert found["single"]["median"] == pytest.approx(0.1, abs=0.01)
    assert found["single"]["scatter"] == pytest.approx(0.3, abs=0.01)
    assert found["all"]["median"] > 0.2
    assert sum(found[name]["n"] for name in found if name.startswith("snr")) == 30_000
    assert scores(m_ks[:0], predicted[:0], excess[:0])["all"]["rms"] is None


def test_training_takes_nothing_from_the_global_random_state():
    before = training.torch.random.get_rng_state()
    trained(SHORT, sample(60))
    assert training.torch.equal(before, training.torch.random.get_rng_state())
