"""SLAM's errors on model spectra against the printed ones: Guo et al. (2021), section 3.4."""

from __future__ import annotations

from hotstars.checks.kept_scores import kept_scores
from hotstars.checks.slam_scores import PUBLISHED, UNSEEN
from hotstars.scorecard.scores import Score, decimals
from warehouse.home import Home

#: Training spectra that the paper settles on.
SIZES = {"LRS": 1000, "MRS": 5000}

_NAMES = {"LRS": "low resolution", "MRS": "medium resolution"}
_LABELS = (("Teff (K)", 0), ("log g (dex)", 1), ("v sin i (km/s)", 3))
_HOW = (
    "`hotstars ingest model_grid DIR` (TLUSTY), `hotstars check-slam`; of the simulated grid: "
    "docs/slam.md"
)


def slam_check_scores(home: Home) -> list[Score]:
    """Return what `hotstars check-slam` found with real model spectra; open where it did not.

    Parameters
    ----------
    home
        Of the warehouse, which keeps the check's scores.
    """
    kept = {
        (item.survey, item.n_spectra): item
        for item in kept_scores(home)
        if item.check == UNSEEN and item.snr == 100.0 and not item.simulated
    }
    scores = []
    for survey, printed in PUBLISHED.items():
        found = kept.get((survey, SIZES[survey]))
        for name, place in _LABELS:
            obtained = None if found is None else float(found.scatter[place])
            scores.append(
                Score(
                    "guo2021",
                    "section 3.4",
                    f"error of {name}, model spectra of S/N 100, {_NAMES[survey]}",
                    printed[place],
                    obtained,
                    0.25 * printed[place],
                    "`hotstars check-slam`" if found is not None else _HOW,
                    digits=decimals(f"{printed[place]:g}"),
                )
            )
    return scores
