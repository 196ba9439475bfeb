"""Scores of SLAM on model spectra: kept by `hotstars check-slam` for the report and scorecard."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from hotstars.checks.slam_scores import Scores
from ml.slam.training_set import LABELS
from warehouse.home import Home


def keep_scores(home: Home, scores: Sequence[Scores]) -> None:
    """Store scores in the home; those of the same check, survey and S/N make way.

    Parameters
    ----------
    home
        Of the warehouse.
    scores
        New ones.
    """
    if not scores:
        return
    new = {_about(item): item for item in scores}
    replaced = {(item.check, item.survey) for item in scores}
    old = [item for item in kept_scores(home) if (item.check, item.survey) not in replaced]
    path = home.checks / "slam.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps([item.to_dict() for item in [*old, *new.values()]], indent=1))
    part.replace(path)


def kept_scores(home: Home) -> list[Scores]:
    """Return the scores that a home keeps; none where there are none."""
    try:
        told = json.loads((home.checks / "slam.json").read_text())
    except (OSError, ValueError):
        return []
    return [_of(row) for row in told]


def _about(item: Scores) -> tuple[str, str, int, float]:
    return item.check, item.survey, item.n_spectra, item.snr


def _of(row: dict[str, object]) -> Scores:
    values = dict(row)
    for name in ("scatter", "bias", "robust", "pull"):
        by_label = dict(row[name])  # type: ignore[call-overload]
        values[name] = np.array(
            [np.nan if by_label[label] is None else by_label[label] for label in LABELS]
        )
    return Scores(**values)  # type: ignore[arg-type]
