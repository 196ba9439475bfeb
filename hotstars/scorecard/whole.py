"""The whole scorecard of a home; what does not depend on the home is built once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import fields
from pathlib import Path

import yaml

from hotstars.project import PROJECT
from hotstars.scorecard.clusters import cluster_scores
from hotstars.scorecard.formulas import formula_scores
from hotstars.scorecard.printed_stars import printed_star_scores
from hotstars.scorecard.scores import PAPERS, PUBLISHED, Score, as_json
from hotstars.scorecard.slam_checks import slam_check_scores
from hotstars.scorecard.survey import survey_scores
from warehouse.connection import connect
from warehouse.home import Home

_CODE = ("hotstars", "ml", "udfs", "warehouse")


def whole_scorecard(home: Home) -> list[Score]:
    """Return all lines, paper by paper.

    The printed stars go through dbt, which takes half a minute; the answer is kept in the home
    and asked for anew when code, models, constants or printed rows have changed.

    Parameters
    ----------
    home
        Its warehouse is asked for the numbers of the surveys; it need not be there.
    """
    kept = home.root / "scorecard.json"
    scores = _kept(kept)
    if scores is None:
        scores = [*printed_star_scores(), *formula_scores()]
        if home.root.exists():
            part = kept.with_suffix(".part")
            part.write_text(
                json.dumps({"of": _fingerprint(), "scores": [as_json(s) for s in scores]})
            )
            part.replace(kept)
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    least = float(declared["cluster_probability_min"])
    with contextlib.ExitStack() as stack:
        connection = None
        if home.database.exists():
            connection = stack.enter_context(
                connect(home.database, must_exist=True, read_only=True)
            )
        scores = [*scores, *cluster_scores(connection, least), *survey_scores(connection)]
    scores = [*scores, *slam_check_scores(home)]
    order = list(PAPERS)
    return sorted(scores, key=lambda score: order.index(score.paper))


def _kept(path: Path) -> list[Score] | None:
    """Return what an earlier call stored, where it still holds."""
    try:
        told = json.loads(path.read_text())
        if told["of"] != _fingerprint():
            return None
        names = [item.name for item in fields(Score)]
        return [Score(**{name: row[name] for name in names}) for row in told["scores"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fingerprint() -> str:
    """Return a hash of all that the printed stars' numbers depend on."""
    digest = hashlib.sha256()
    root = PROJECT.parent
    paths = [
        *(p for folder in _CODE for p in (root / folder).rglob("*.py")),
        *(p for kind in ("*.sql", "*.yml", "*.csv") for p in PROJECT.rglob(kind)),
        *PUBLISHED.glob("*.csv"),
    ]
    for path in sorted(paths):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
