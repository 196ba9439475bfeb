"""The training of APOGEE Net on arrays, from spectra to the registry."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from hotstars.training.apogee_labels import TrainingSpectra, train_apogee_net
from hotstars.training.names import APOGEE_NET
from ml.apogee.predict import LabelNetwork
from ml.apogee.standard import N_PIXELS
from ml.apogee.training import TEST, TrainingConfig, split
from ml.registry import load_model

CONFIG = TrainingConfig(epochs=4, batch_size=16, own_standard=True)


def training_spectra(n: int = 160) -> TrainingSpectra:
    """Two spectra of each star; a line's depth is log g's, its width Teff's."""
    rng = np.random.default_rng(4)
    logg, log_teff = rng.uniform(1, 5, n // 2).repeat(2), rng.uniform(3.5, 4.5, n // 2).repeat(2)
    fe_h = np.where(log_teff < 3.9, rng.normal(0, 0.3, n // 2).repeat(2), np.nan)
    x = np.linspace(-1, 1, N_PIXELS)
    width = 0.05 + 0.3 * (log_teff[:, None] - 3.5)
    flux = 300.0 * (1 - logg[:, None] / 6 * np.exp(-0.5 * (x / width) ** 2))
    error = flux / 100
    flux = flux + error * rng.standard_normal(flux.shape)
    return TrainingSpectra(
        flux=flux.astype(np.float32),
        error=error.astype(np.float32),
        metadata=np.column_stack([rng.normal(12, 1, n) for _ in range(7)]),
        log_teff=log_teff,
        logg=logg,
        fe_h=fe_h,
        star=np.array([f"2M{i:016d}" for i in range(n // 2)]).repeat(2),
        source="spectra drawn for a test",
        config={"n": n},
        simulated=True,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    models = tmp_path_factory.mktemp("models")
    data = training_spectra()
    said: list[str] = []
    card = train_apogee_net(models, CONFIG, data, say=said.append)
    return models, data, card, said


def test_the_card_says_what_a_reader_must_know(made) -> None:
    models, _, card, said = made
    assert "SIMULATED" in card["description"]
    assert card["not_for"].startswith("Simulated spectra are all")
    assert card["training"]["data"] == {"n": 160}
    assert card["training"]["learning_rate"] == 0.00075
    assert card["data"]["n_stars"] == 80
    assert sum(card["data"]["by_teff"].values()) == 160
    assert sum(card["split"][part]["n_stars"] for part in ("train", "validation", "test")) == 80
    assert len(card["history"]) == 4
    assert json.dumps(card, allow_nan=False)
    assert any(line.startswith("epoch 4/4") for line in said)
    # what a stopped training would have needed is gone
    assert [path.name for path in (models / APOGEE_NET).glob(".*")] == []


def test_scores_are_those_of_held_out_stars(made) -> None:
    models, data, card, _ = made
    network = LabelNetwork.from_model(load_model(models, APOGEE_NET))
    held_out = split(data.star, CONFIG) == TEST
    labels, _ = network.once(data.flux[held_out], data.metadata[held_out])
    off = labels[:, 0] - data.logg[held_out]
    found = card["scores"]["by_teff"]["all"]["logg"]
    assert found["n"] == held_out.sum()
    assert found["median"] == pytest.approx(np.median(off), abs=1e-6)
    assert found["rms"] == pytest.approx(np.sqrt(np.mean(off**2)), abs=1e-6)
    hot = card["scores"]["by_teff"]["10,000-20,000 K"]
    teff = 10 ** data.log_teff[held_out]
    assert hot["log_teff"]["n"] == np.sum((teff >= 10_000) & (teff < 20_000)) > 0
    # metals are neither known nor reported of hot stars
    assert hot["fe_h"] == {
        "n": 0, "median": None, "scatter": None, "rms": None,
        "pull": {"n": 0, "median": None, "scatter": None, "rms": None},
    }  # fmt: skip
    cool = data.log_teff[held_out] < np.log10(6500)
    assert card["scores"]["by_teff"]["all"]["fe_h"]["n"] == cool.sum()


def test_pulls_are_differences_over_errors(made) -> None:
    models, data, card, _ = made
    network = LabelNetwork.from_model(load_model(models, APOGEE_NET))
    rows = np.flatnonzero(split(data.star, CONFIG) == TEST)
    labels = network.predict(
        data.flux[rows], data.error[rows], data.metadata[rows], data.star[rows].tolist()
    )
    pulls = (labels.logg - data.logg[rows]) / labels.logg_error
    # the noise of the card's is another, as it was drawn before the model had a version
    found = card["scores"]["by_teff"]["all"]["logg"]["pull"]
    assert found["rms"] == pytest.approx(np.sqrt(np.mean(pulls**2)), rel=0.3)


def test_what_is_unlike_the_training_is_out_of_domain(made) -> None:
    models, data, card, _ = made
    network = LabelNetwork.from_model(load_model(models, APOGEE_NET))
    assert 0.0 <= card["domain"]["held_out_beyond"] < 0.3
    strange = np.random.default_rng(0).lognormal(0.0, 2.0, (2, N_PIXELS)).astype(np.float32)
    found = network.predict(strange, strange / 10, data.metadata[:2], ["a", "b"])
    assert found.is_out_of_domain.all()
    alike = network.predict(data.flux[:20], data.error[:20], data.metadata[:20], [""] * 20)
    assert alike.is_out_of_domain.mean() < 0.2


def test_a_training_that_was_stopped_ends_in_the_same_model(tmp_path: Path, made) -> None:
    _, data, card, _ = made

    class KilledError(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith("epoch 2/"):
            raise KilledError

    with pytest.raises(KilledError):
        train_apogee_net(tmp_path, CONFIG, data, say=stop)
    said: list[str] = []
    again = train_apogee_net(tmp_path, CONFIG, data, say=said.append)
    assert not any(line.startswith("epoch 2/") for line in said)
    assert again["version"] == card["version"]


def test_arrays_that_do_not_belong_together_are_told() -> None:
    data = training_spectra(8)
    with pytest.raises(ValueError, match=r"logg has shape \(7,\), not \(8,\)"):
        dataclasses.replace(data, logg=data.logg[:-1])
    with pytest.raises(ValueError, match=r"flux has shape \(8, 8574\)"):
        dataclasses.replace(data, flux=data.flux[:, :-1])
