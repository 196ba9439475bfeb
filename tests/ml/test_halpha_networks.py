"""The two networks, their weights, and the classifier that uses them."""

from __future__ import annotations

import threading
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from safetensors.torch import save_file

from ml.halpha import domain
from ml.halpha.classify import Classifier
from ml.halpha.networks import (
    ARCHITECTURES,
    WeightsError,
    build,
    download_imagenet_weights,
    imagenet_weights,
)
from ml.registry import ModelError, RegisteredModel, save_model
from ml.torch_setup import torch, torchvision


def windows(n: int) -> np.ndarray:
    return np.random.default_rng(n).normal(1.0, 0.1, (n, 240)).astype(np.float32)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_network_has_two_classes_and_says_what_it_decides_from(architecture: str) -> None:
    network = build(architecture, image_size=64).eval()
    inputs = network.prepare(torch.from_numpy(windows(5)))
    features = network.features(inputs)
    assert network(inputs).shape == (5, 2)
    torch.testing.assert_close(network.head(features), network(inputs))


def test_resnet18_is_torchvisions_up_to_the_last_layer() -> None:
    ours = build("resnet18", image_size=64)
    names = {name.removeprefix("body.") for name in ours.state_dict() if name.startswith("body.")}
    assert names == set(torchvision.models.resnet18().state_dict()) - {"fc.weight", "fc.bias"}
    assert ours.head.weight.shape == (2, 512)


def test_every_weight_of_resnet18_learns() -> None:
    network = build("resnet18", image_size=64)
    inputs = network.prepare(torch.from_numpy(windows(4)))
    torch.nn.functional.cross_entropy(network(inputs), torch.tensor([0, 1, 0, 1])).backward()
    gradients = [parameter.grad for parameter in network.parameters()]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


def test_resnet1d_is_small() -> None:
    assert sum(weight.numel() for weight in build("resnet1d").parameters()) < 300_000


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ValueError, match="there are resnet18, resnet1d"):
        build("vgg")
    with pytest.raises(ValueError, match="leave `weights` out"):
        build("resnet1d", weights=Path("w.pth"))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_imagenet_weights_are_taken_over(tmp_path: Path, suffix: str) -> None:
    torch.manual_seed(1)
    state = torchvision.models.resnet18().state_dict()
    path = tmp_path / f"resnet18{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    network = build("resnet18", image_size=64, weights=path)
    torch.testing.assert_close(network.state_dict()["body.conv1.weight"], state["conv1.weight"])


def test_weights_that_are_none_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="train without --weights"):
        imagenet_weights(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(WeightsError, match="no file of weights"):
        imagenet_weights(tmp_path / "text.pth")
    save_file({"conv1.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="not the weights of ResNet-18"):
        imagenet_weights(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    "fault", [URLError("no route"), RuntimeError("invalid hash value")], ids=["offline", "hash"]
)
def test_weights_that_cannot_be_fetched_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fail(url: str, path: str, digits: str, **_: bool) -> None:
        assert digits == "f37072fd"
        raise fault

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(WeightsError, match=r"resnet18-f37072fd\.pth, name it with --weights"):
        download_imagenet_weights()


class Explosive:
    def __reduce__(self) -> tuple:
        return (print, ("code of the file ran",))


def test_code_in_a_file_of_weights_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"conv1.weight": Explosive()}, tmp_path / "w.pth")
    with pytest.raises(WeightsError):
        imagenet_weights(tmp_path / "w.pth")
    assert "code of the file ran" not in capsys.readouterr().out


def registered(folder: Path, architecture: str, temperature: float = 2.0) -> RegisteredModel:
    torch.manual_seed(3)
    network = build(architecture, image_size=64).eval()
    with torch.inference_mode():
        features = network.features(network.prepare(torch.from_numpy(windows(50)))).numpy()
    cloud = domain.fit(features, np.arange(50) % 2)
    card = {
        "architecture": architecture,
        "training": {"image_size": 64},
        "calibration": {"temperature": temperature},
        "domain": {"threshold": 1.5},
    }
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    tensors.update({f"domain.{name}": array for name, array in cloud.items()})
    return save_model(folder, "test", tensors, card)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_stored_classifier_gives_the_networks_calibrated_answer(
    tmp_path: Path, architecture: str
) -> None:
    model = registered(tmp_path, architecture)
    classifier = Classifier.from_model(model, device="cpu")
    probability, distance = classifier.probability_and_distance(windows(7))
    network = classifier.network
    with torch.inference_mode():
        logits = network(network.prepare(torch.from_numpy(windows(7))))
    expected = torch.softmax(logits / 2.0, dim=1)[:, 1]
    np.testing.assert_allclose(probability, expected, atol=1e-6)
    assert np.isfinite(distance).all()
    assert (classifier.name, classifier.version) == ("test", model.version)
    assert classifier.domain_threshold == 1.5


def test_a_spectrum_gets_the_same_answer_in_any_company(tmp_path: Path) -> None:
    classifier = Classifier.from_model(registered(tmp_path, "resnet1d"), device="cpu")
    many = windows(600)
    together = classifier.probability(many)
    for i in (0, 511, 512, 599):
        assert classifier.probability(many[i : i + 1])[0] == pytest.approx(together[i], abs=1e-5)


def test_a_window_that_is_not_finite_gets_no_probability(tmp_path: Path) -> None:
    classifier = Classifier.from_model(registered(tmp_path, "resnet1d"), device="cpu")
    some = windows(3)
    some[1, 5] = np.nan
    probability, distance = classifier.probability_and_distance(some)
    assert np.isnan(probability).tolist() == np.isnan(distance).tolist() == [False, True, False]
    assert classifier.probability(some[:0]).shape == (0,)


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    classifier = Classifier.from_model(registered(tmp_path, "resnet1d"), device="cpu")
    parts = [windows(200 + i) for i in range(6)]
    expected = [classifier.probability(part) for part in parts]
    found: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda i=i: found.update({i: classifier.probability(parts[i])}))
        for i in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(6):
        np.testing.assert_allclose(found[i], expected[i], atol=1e-5)


def test_bf16_changes_logits_by_a_few_of_its_last_digits(tmp_path: Path) -> None:
    model = registered(tmp_path, "resnet18")
    exact, coarse = (
        Classifier.from_model(model, device="cpu", bf16=bf16).probability(windows(40))
        for bf16 in (False, True)
    )
    assert (coarse != exact).all()
    np.testing.assert_allclose(
        np.log(coarse / (1 - coarse)), np.log(exact / (1 - exact)), rtol=0.03
    )


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    model = save_model(
        tmp_path, "m", {"a": np.zeros(3)}, {"architecture": "resnet1d", "training": {}}
    )
    with pytest.raises(ModelError, match="`hotstars train m` makes one"):
        Classifier.from_model(model)
