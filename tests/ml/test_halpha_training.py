"""Training: split by star, repeatable, and the same after a kill as without one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.halpha import training
from ml.halpha.augment import augment_images, augment_windows
from ml.halpha.checkpoint import load_checkpoint
from ml.halpha.images import draw
from ml.halpha.training import TRAIN, VALIDATION, TrainingConfig, split, train
from ml.halpha.window import N_SAMPLES, WAVELENGTH
from ml.spectra.grids import H_ALPHA
from ml.torch_setup import torch

ROOT = Path(__file__).parents[2]
SMALL = TrainingConfig(epochs=3, batch_size=16, seed=5)


def easy(n=96, seed=1):
    """Absorption lines, half of them with a peak in the middle; two spectra a star."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 4 // 2  # the two of a star are alike
    x = WAVELENGTH - H_ALPHA
    depth, height = rng.uniform(0.2, 0.5, (n, 1)), rng.uniform(0.3, 1.5, (n, 1))
    flux = 1 - depth * np.exp(-np.abs(x) / 8) + label[:, None] * height * np.exp(-((x / 3) ** 2))
    flux += 0.02 * rng.standard_normal(flux.shape)
    stars = np.array([f"J{number // 2:06d}" for number in range(n)])
    return flux.astype(np.float32), label, stars


def trained(folder=None, config=SMALL, progress=None, data=None):
    windows, label, stars = data or easy()
    part = split(stars, config)
    return train(windows, label, part, config, folder=folder, progress=progress, device=CPU)


CPU = torch.device("cpu")


def weights(result):
    return {name: value.numpy() for name, value in result.network.state_dict().items()}


def same(one, other):
    one, other = weights(one), weights(other)
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=80),
    st.integers(0, 1000),
    st.floats(0.0, 0.5),
)
def test_no_star_is_on_two_sides_and_no_star_moves_when_others_come(numbers, seed, share):
    config = TrainingConfig(seed=seed, validation_share=share)
    stars = np.array([f"J{number}" for number in numbers])
    part = split(stars, config)
    sides = {star: set(part[stars == star]) for star in stars}
    assert all(len(side) == 1 for side in sides.values())
    more = np.append(stars, [f"K{number}" for number in range(30)])
    assert np.array_equal(split(more, config)[: len(stars)], part)


def test_shares_are_about_those_asked_for_and_another_seed_splits_otherwise():
    stars = np.array([f"J{number}" for number in range(6000)])
    part = split(stars, TrainingConfig())
    assert np.mean(part == VALIDATION) == pytest.approx(0.2, abs=0.02)
    assert np.mean(part == TRAIN) == pytest.approx(0.7, abs=0.02)
    assert np.mean(split(stars, TrainingConfig(seed=1)) == part) < 0.7


def test_it_learns_and_says_how_far_it_is():
    seen = []
    config = TrainingConfig(epochs=6, batch_size=16)
    result = trained(config=config, progress=seen.append, data=easy(400))
    assert tuple(seen) == result.history
    assert [epoch.number for epoch in seen] == [1, 2, 3, 4, 5, 6]
    assert seen[-1].loss < seen[0].loss
    windows, label, _ = easy(seed=2)
    found = training.logits(result.network, windows).argmax(axis=1)
    assert np.mean(found == label) > 0.95


def test_training_is_repeatable_and_depends_on_its_seed():
    first = trained()
    assert same(first, trained())
    assert not same(first, trained(config=TrainingConfig(epochs=3, batch_size=16, seed=6)))


@pytest.mark.parametrize("stop_after", [1, 2])
def test_an_interrupted_training_ends_as_an_undisturbed_one(tmp_path, stop_after):
    def stop(epoch):
        if epoch.number == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, progress=stop)
    seen = []
    resumed = trained(tmp_path, progress=seen.append)
    assert resumed.resumed_after == stop_after
    assert [epoch.number for epoch in seen] == list(range(stop_after + 1, 4))
    assert [epoch.number for epoch in resumed.history] == [1, 2, 3]
    assert same(resumed, trained())


KILLED = """
import os, signal, sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
import ml.halpha.training as training
from test_halpha_training import trained

before = training.save_checkpoint
def save(folder, checkpoint):
    if len(checkpoint.history) == 2:  # the second epoch's weights are written, its index is not
        Path.write_text = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    before(folder, checkpoint)
training.save_checkpoint = save
trained(Path({folder!r}))
"""


def test_a_training_killed_while_it_writes_a_checkpoint_goes_on_from_the_one_before(tmp_path):
    script = KILLED.format(root=str(ROOT), tests=str(ROOT / "tests" / "ml"), folder=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-500:]
    resumed = trained(tmp_path)
    assert resumed.resumed_after == 1
    assert same(resumed, trained())
    assert len(list(tmp_path.glob("*.safetensors"))) == 1


def test_a_finished_training_is_not_repeated(tmp_path):
    first = trained(tmp_path)
    again = trained(tmp_path, progress=lambda epoch: pytest.fail(f"epoch {epoch.number} again"))
    assert again.resumed_after == 3
    assert same(first, again)


def test_the_checkpoint_of_other_data_or_a_damaged_one_is_not_taken_up(tmp_path):
    trained(tmp_path)
    windows, label, stars = easy()
    windows[0, 0] += 1e-3
    assert trained(tmp_path, data=(windows, label, stars)).resumed_after == 0
    part = split(stars, SMALL)
    print_ = training.fingerprint(windows, label, part, SMALL, None)
    assert load_checkpoint(tmp_path, print_) is not None
    for path in tmp_path.glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:1000])
    assert load_checkpoint(tmp_path, print_) is None


def test_what_cannot_be_learnt_from_is_said():
    windows, label, stars = easy()
    with pytest.raises(ValueError, match="one class only"):
        trained(data=(windows, np.ones_like(label), stars))
    windows[3, 5] = np.nan
    with pytest.raises(ValueError, match="finite"):
        trained(data=(windows, label, stars))


def test_the_image_network_trains_too():
    config = TrainingConfig("resnet18", image_size=32, epochs=1, batch_size=16)
    result = trained(config=config)
    assert training.features(result.network, easy()[0]).shape == (96, 512)
    assert np.isfinite(result.history[0].loss)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.6, 3.0))
def test_a_varied_line_stays_a_line_at_halpha(seed, height):
    line = 1 + height * np.exp(-(((WAVELENGTH - H_ALPHA) / 3) ** 2))
    windows = torch.from_numpy(np.tile(line, (16, 1)).astype(np.float32))
    torch.manual_seed(seed)
    varied = augment_windows(windows).numpy()
    assert varied.shape == (16, N_SAMPLES)
    assert np.isfinite(varied).all()
    if abs(height) > 0.3:
        peak = WAVELENGTH[np.abs(varied - np.median(varied, axis=1, keepdims=True)).argmax(axis=1)]
        speed = np.abs(peak / H_ALPHA - 1) * 299792.458
        assert np.median(speed) < 250
        deviation = varied[:, 137:139].mean(axis=1) - 1
        assert np.sign(np.median(deviation)) == np.sign(height)


def test_mirrored_windows_are_mirrored_about_halpha():
    """Of a line beside H-alpha, half come out on the other side, as far away."""
    line = 1 + np.exp(-(((WAVELENGTH - H_ALPHA - 12) / 2) ** 2))
    windows = torch.from_numpy(np.tile(line, (400, 1)).astype(np.float32))
    torch.manual_seed(0)
    peak = WAVELENGTH[augment_windows(windows).numpy().argmax(axis=1)] - H_ALPHA
    assert np.mean(peak < 0) == pytest.approx(0.5, abs=0.1)
    assert np.median(np.abs(peak)) == pytest.approx(12, abs=1)


def test_varied_images_differ_from_each_other_and_stay_images():
    windows = torch.from_numpy(np.tile(easy(4)[0][2], (8, 1)))
    images = draw(windows, 64)[:, None]
    torch.manual_seed(3)
    varied = augment_images(images)
    assert varied.shape == images.shape
    assert varied.min() >= 0.0
    assert varied.max() <= 1.0 + 1e-5
    different = [(varied[i] - varied[0]).abs().max() > 0.1 for i in range(1, 8)]
    assert all(different)
    torch.manual_seed(3)
    assert torch.equal(augment_images(images), varied)
