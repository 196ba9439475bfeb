"""`hotstars train be-classifier`: a card that says all, and a kill that changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hotstars.training.be_classifier import train_be_classifier
from hotstars.verbs.train import Sample, be_classifier
from ingest.simulation.training_set import training_windows
from ml.halpha.classify import Classifier
from ml.halpha.scores import auc
from ml.halpha.training import TrainingConfig
from ml.registry import load_model
from warehouse.connection import WarehouseError

ROOT = Path(__file__).parents[2]
CONFIG = TrainingConfig(epochs=8, seed=3)
STARS = 120

KEYS = {
    "name", "architecture", "description", "simulated", "training", "data", "split", "scores",
    "calibration", "domain", "weights_origin", "not_for",
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    said: list[str] = []
    card = train_be_classifier(models, CONFIG, STARS, workers=1, say=said.append)
    return models, card, said


def test_the_card_says_all_that_determines_the_model_and_how_good_it_is(trained):
    models, _, said = trained
    stored = load_model(models, "be-classifier").card
    assert stored.keys() >= KEYS
    assert stored["simulated"] is True
    assert "SIMULATED" in stored["description"]
    assert stored["weights_origin"] == "trained from scratch"
    assert stored["training"]["seed"] == 3
    assert stored["training"]["data"]["n_stars"] == STARS
    found = stored["scores"]
    assert set(found["by_survey"]) == {"SIM-MRS", "SIM-LRS"}
    for item in (found["all"], *found["by_survey"].values()):
        assert sum(item["confusion"].values()) == item["n_spectra"]
        low, high = item["accuracy"]["interval"]
        assert 0 <= low <= item["accuracy"]["value"] <= high <= 1
    parts = [stored["split"][name] for name in ("train", "calibration", "validation")]
    assert sum(part["n_stars"] for part in parts) == stored["data"]["n_stars"]
    assert found["all"]["n_spectra"] == parts[2]["n_spectra"]
    assert sum("epoch" in line for line in said) == CONFIG.epochs


def test_the_stored_model_answers_with_calibrated_probabilities(trained):
    models, card, _ = trained
    classifier = Classifier.from_model(load_model(models, "be-classifier"), device="cpu")
    assert classifier.temperature == card["calibration"]["temperature"]
    assert classifier.domain_threshold == card["domain"]["threshold"]
    other = training_windows(100, 77, workers=1)
    probability, distance = classifier.probability_and_distance(other.windows)
    assert auc(other.label, probability) > 0.75  # after no more than sixteen steps
    assert np.mean(distance <= classifier.domain_threshold) > 0.6  # of 20 to set it by


def test_pictures_lie_beside_the_model_and_nothing_unfinished_is_left(trained):
    models, card, _ = trained
    assert (Path(card["folder"]) / "scores.png").read_bytes().startswith(b"\x89PNG")
    left = {path.name for path in (models / "be-classifier").iterdir()}
    assert left == {"current", card["version"]}


KILLED = """
import os, signal
from pathlib import Path
from hotstars.training.be_classifier import train_be_classifier
from ml.halpha.training import TrainingConfig

def say(line):
    if line.startswith("epoch 2/"):
        os.kill(os.getpid(), signal.SIGKILL)

config = TrainingConfig(epochs={epochs}, seed=3)
train_be_classifier(Path({models!r}), config, {stars}, workers=1, say=say)
"""


def test_a_killed_training_goes_on_and_makes_the_very_same_model(trained, tmp_path):
    script = KILLED.format(models=str(tmp_path), stars=STARS, epochs=CONFIG.epochs)
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, cwd=ROOT, env=os.environ
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-500:]
    assert not list(tmp_path.glob("*/current"))
    said: list[str] = []
    card = train_be_classifier(tmp_path, CONFIG, STARS, workers=1, say=said.append)
    assert [line.split()[1] for line in said if line.startswith("epoch")] == [
        f"{number}/{CONFIG.epochs}" for number in range(3, CONFIG.epochs + 1)
    ]
    assert not any(line.startswith("simulating") for line in said)
    assert card["version"] == trained[1]["version"]
    assert card["scores"] == trained[1]["scores"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"architecture": "vgg"}, "resnet1d"),
        ({"weights": Path("absent.pth")}, "resnet18"),
        ({"architecture": "resnet18", "weights": Path("absent.pth")}, "absent.pth"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_simulated(tmp_path, monkeypatch, options, words):
    monkeypatch.setenv("HOTSTARS_HOME", str(tmp_path))
    given = {
        "architecture": "resnet1d", "image_size": 64, "stars": 60, "seed": 0, "epochs": 1,
        "weights": None, "source": Sample.simulation, "workers": 1, "as_json": False,
    }  # fmt: skip
    with pytest.raises(WarehouseError, match=words):
        be_classifier(**{**given, **options})
    assert not list(tmp_path.rglob("windows.npz"))


def test_json_prints_the_card(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOTSTARS_HOME", str(tmp_path))
    be_classifier("resnet1d", 64, 60, 1, 1, None, Sample.simulation, 1, True)
    out, err = capsys.readouterr()
    assert json.loads(out).keys() >= KEYS
    assert "epoch 1/1" in err
