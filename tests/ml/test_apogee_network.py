"""APOGEE Net's architecture against the paper's listing, and published weights taken in."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from ml.apogee.convert import ConvertError, read_state, register_published
from ml.apogee.network import ApogeeNetwork
from ml.apogee.predict import LabelNetwork
from ml.apogee.standard import PUBLISHED
from ml.registry import load_model
from ml.torch_setup import torch

#: Sprague et al. (2022, appendix A): layer, shape of its weights, counted out by hand.
LISTING = {
    "conv1": (8, 1, 3),
    "conv2": (8, 8, 3),
    "conv3": (16, 8, 3),
    "conv4": (16, 16, 3),
    "conv5": (16, 16, 3),
    "conv6": (16, 16, 3),
    "conv7": (32, 16, 3),
    "conv8": (32, 32, 3),
    "conv9": (32, 32, 3),
    "conv10": (32, 32, 3),
    "conv11": (64, 32, 3),
    "conv12": (64, 64, 3),
    "metadata.l1": (8, 7),
    "metadata.l2": (16, 8),
    "metadata.l3": (32, 16),
    "metadata.l4": (32, 32),
    "metadata.l5": (64, 32),
    "fc1": (512, 64 * 133 * 1 + 64),
    "fc2": (512, 512),
    "fc3": (3, 512),
}

#: 32 + 200 + 400 + 3 x 784 + 1,568 + 3 x 3,104 + 6,208 + 12,352 of the convolutions,
#: 64 + 144 + 544 + 1,056 + 2,112 of the metadata, 4,391,424 + 262,656 + 1,539 of the dense layers.
N_PARAMETERS = 32_424 + 3_920 + 4_655_619

#: Channels and pixels after each pair of convolutions, pooled.
POOLED = [(8, 4287), (16, 2143), (16, 1071), (32, 535), (32, 267), (64, 133)]


class Listing(torch.nn.Module):
    """The forward pass of the paper's listing, read line by line."""

    def __init__(self, layers: dict[str, torch.nn.Module]) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
        relu = torch.nn.functional.relu
        pool = torch.nn.functional.max_pool1d
        get = self.layers
        x = pool(relu(get["conv2"](relu(get["conv1"](x)))), 2)
        x = pool(relu(get["conv4"](relu(get["conv3"](x)))), 2)
        x = pool(relu(get["conv6"](relu(get["conv5"](x)))), 2)
        x = pool(relu(get["conv8"](relu(get["conv7"](x)))), 2)
        x = pool(relu(get["conv10"](relu(get["conv9"](x)))), 2)
        x = pool(relu(get["conv12"](relu(get["conv11"](x)))), 2)
        x = x.view(x.shape[0], -1)
        for name in ("l1", "l2", "l3", "l4", "l5"):
            m = relu(get[f"metadata.{name}"](m))
        x = torch.cat((x, m), dim=1)
        x = relu(get["fc1"](x))
        x = relu(get["fc2"](x))
        return get["fc3"](x)


def test_every_layer_has_the_shape_of_the_listing() -> None:
    state = ApogeeNetwork().state_dict()
    weights = {name: tuple(value.shape) for name, value in state.items() if "weight" in name}
    assert weights == {f"{name}.weight": shape for name, shape in LISTING.items()}
    biases = {name: tuple(value.shape) for name, value in state.items() if "bias" in name}
    assert biases == {f"{name}.bias": shape[:1] for name, shape in LISTING.items()}


def test_the_number_of_parameters_is_that_of_the_listing() -> None:
    assert sum(value.numel() for value in ApogeeNetwork().parameters()) == N_PARAMETERS


def test_six_halvings_leave_133_pixels() -> None:
    network = ApogeeNetwork().eval()
    seen = []
    original = torch.nn.functional.max_pool1d

    def spy(x: torch.Tensor, kernel: int) -> torch.Tensor:
        out = original(x, kernel)
        seen.append(tuple(out.shape[1:]))
        return out

    torch.nn.functional.max_pool1d = spy
    try:
        out = network(torch.zeros(2, 1, 8575), torch.zeros(2, 7))
    finally:
        torch.nn.functional.max_pool1d = original
    assert seen == POOLED
    assert out.shape == (2, 3)


def test_the_forward_pass_is_that_of_the_listing() -> None:
    torch.manual_seed(1)
    network = ApogeeNetwork().eval()
    named = dict(network.named_modules())
    listing = Listing({name: named[name] for name in LISTING}).eval()
    flux, metadata = torch.randn(3, 1, 8575), torch.randn(3, 7)
    with torch.inference_mode():
        assert torch.allclose(network(flux, metadata), listing(flux, metadata), atol=1e-6)


def test_dropout_works_on_the_dense_layers_and_in_training_alone() -> None:
    torch.manual_seed(1)
    network = ApogeeNetwork(dropout=0.5)
    flux, metadata = torch.randn(1, 1, 8575), torch.randn(1, 7)
    network.eval()
    assert torch.equal(network(flux, metadata), network(flux, metadata))
    network.train()
    assert not torch.equal(network(flux, metadata), network(flux, metadata))


@pytest.mark.parametrize("wrapped", ["plain", "in a checkpoint", "of a parallel network"])
def test_published_weights_come_over_bit_by_bit(tmp_path: Path, wrapped: str) -> None:
    torch.manual_seed(2)
    network = ApogeeNetwork().eval()
    state = dict(network.state_dict())
    saved = {
        "plain": state,
        "in a checkpoint": {"epoch": 3, "model": {"state_dict": state}},
        "of a parallel network": {f"module.{name}": value for name, value in state.items()},
    }[wrapped]
    torch.save(saved, tmp_path / "weights.pt")
    found = read_state(tmp_path / "weights.pt")
    other = ApogeeNetwork().eval()
    other.load_state_dict({name: torch.from_numpy(value) for name, value in found.items()})
    flux, metadata = torch.randn(2, 1, 8575), torch.randn(2, 7)
    with torch.inference_mode():
        assert torch.equal(network(flux, metadata), other(flux, metadata))


def test_published_weights_go_to_the_registry_with_their_constants(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = ApogeeNetwork().eval()
    torch.save(network.state_dict(), tmp_path / "model.pt")
    stored = register_published(tmp_path / "models", tmp_path / "model.pt", "published")
    found = LabelNetwork.from_model(
        load_model(tmp_path / "models", "published"), torch.device("cpu")
    )
    flux = np.abs(np.random.default_rng(1).normal(300.0, 20.0, (2, 8575))).astype(np.float32)
    metadata = np.array([[-0.6959, 13.63, 14.52, 12.83, 11.54, 10.86, 10.70]] * 2)
    metadata[1] = np.nan
    labels, _ = found.once(flux, metadata)
    # by hand, as the authors' public code does: fluxes as they are, constants of table 2
    m = torch.from_numpy(PUBLISHED.metadata(metadata))
    with torch.inference_mode():
        out = network(torch.from_numpy(flux)[:, None], m).numpy()
    by_hand = out * [1.18907, 0.09177, 0.25669] + [2.92578, 3.67057, -0.13088]
    assert labels == pytest.approx(by_hand, rel=1e-5)
    assert found.version == stored.version
    predicted = found.predict(flux, flux / 100, metadata, ["a", "b"])
    assert not predicted.is_out_of_domain.any()
    assert np.isnan(predicted.distance).all()


class Mischief:
    def __reduce__(self) -> tuple:
        return (Path.write_text, (Path("mischief"), "done"))


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"conv1.weight": torch.zeros(1), "surprise": Mischief()}, tmp_path / "bad.pt")
    with pytest.raises(ConvertError, match="could run code"):
        read_state(tmp_path / "bad.pt")
    assert not (tmp_path / "mischief").exists()
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(Mischief()))
    with pytest.raises(ConvertError):
        read_state(tmp_path / "plain.pkl")
    assert not (tmp_path / "mischief").exists()


def test_weights_of_another_network_are_refused_by_the_layer(tmp_path: Path) -> None:
    state = dict(ApogeeNetwork().state_dict())
    torch.save({**state, "fc3.weight": torch.zeros(2, 512)}, tmp_path / "two.pt")
    with pytest.raises(ConvertError, match=r"fc3.weight has shape \(2, 512\)"):
        read_state(tmp_path / "two.pt")
    state.pop("metadata.l5.bias")
    torch.save(state, tmp_path / "few.pt")
    with pytest.raises(ConvertError, match=r"missing metadata.l5.bias"):
        read_state(tmp_path / "few.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(ConvertError, match="no state dictionary"):
        read_state(tmp_path / "list.pt")
    with pytest.raises(ConvertError, match="no such file"):
        read_state(tmp_path / "none.pt")


def test_loading_takes_float64_and_half_precision_weights(tmp_path: Path) -> None:
    state = {name: value.double() for name, value in ApogeeNetwork().state_dict().items()}
    torch.save(state, tmp_path / "double.pt")
    found = read_state(tmp_path / "double.pt")
    assert {value.dtype for value in found.values()} == {np.dtype(np.float32)}
