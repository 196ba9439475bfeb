"""Figures of Xiang et al. (2021), redrawn from the catalogue of distances and its models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hotstars.checks.distances import drawn_columns, thresholds
from hotstars.figures import distances as distance_plots
from hotstars.figures import magnitudes as magnitude_plots
from hotstars.figures.panels import Plate
from hotstars.figures.style import mark_of
from hotstars.report.drawn import Kept, Wanted
from hotstars.report.source import Source
from hotstars.training.names import EMISSION, NET_A, NET_B

_MAGNITUDE = "`hotstars train absolute-magnitude`, then `hotstars build`"
_BUILD = "`hotstars ingest lamost DIR` and `gaia FILE`, then `hotstars build`"


def _stars(source: Source, needed: str) -> tuple[dict[str, Any], str | None] | None:
    """Return the catalogue's columns and the figure's word; None where a column is empty."""
    if "marts.ob_distances" not in source.relations:
        return None
    stars = drawn_columns(source.connection, source.home)
    if not np.isfinite(stars[needed]).any():
        return None
    models = (EMISSION,) if needed == "halpha_chi2" else (NET_A, NET_B)
    # without a magnitude by spectrum distances come from the parallax alone
    asked = needed == "halpha_chi2" or bool(np.isfinite(stars["m_ks"]).any())
    return stars, mark_of(stars["survey"], by_simulated=asked and source.is_simulated(*models))


def emission(source: Source) -> Plate | None:
    """Figure 3."""
    found = _stars(source, "halpha_chi2")
    if found is None or not (found[0]["halpha_chi2"] > 0).any():
        return None
    training = source.cards.get(EMISSION, {}).get("training", {})
    taught = training.get("n_components"), training.get("sample", {}).get("n_spectra")
    return magnitude_plots.emission(found[0], thresholds(source.home), found[1], *taught)


def magnitudes(source: Source) -> Plate | None:
    """Figure 5."""
    found = _stars(source, "m_ks")
    if found is None or not np.isfinite(found[0]["m_ks_geometric"]).any():
        return None
    return magnitude_plots.magnitudes(*found)


def error_model(source: Source) -> Kept | None:
    """Figure 8, as the training left it beside the model."""
    card = source.cards.get(NET_A)
    if card is None:
        return None
    png = source.home.models / NET_A / card["version"] / "error_model.png"
    if not png.exists():
        return None
    return Kept(png, told_errors(card))


def told_errors(card: Mapping[str, Any]) -> str:
    """Return the caption of an error model's posterior, from the model's card."""
    errors = card["error_model"]["posterior"]
    values = errors["parameters"]
    told = ", ".join(
        f"{word} = {values[name]['p50']:.2f} (+{values[name]['p84'] - values[name]['p50']:.2f}, "
        f"−{values[name]['p50'] - values[name]['p16']:.2f})"
        for name, word in (
            ("epsilon", "ε"), ("delta", "offset δ"), ("sigma_int", "intrinsic scatter σ_int"),
            ("sigma_100", "measurement error σ₁₀₀ (at S/N 100)"),
        )
    )  # fmt: skip
    return (
        f"Posterior of the error model of {card['name']} {card['version']} (equation 14, flat "
        f"priors) from {errors['n_stars']:,d} {'SIMULATED ' * bool(card.get('simulated'))}spectra "
        f"that it has not seen; the line of spectroscopic against geometric magnitudes has the "
        f"slope 1 + ε. {told}; all but ε in mag. Published: ε = −0.18, σ_int = 0.25 mag, "
        "σ₁₀₀ = 0.10 mag."
    )


def parallax_excess(source: Source) -> Plate | None:
    """Figure 10."""
    found = _stars(source, "parallax_excess_snr")
    if found is None:
        return None
    limit = float(source.settings["parallax_excess_snr_min"])
    return distance_plots.parallax_excess(found[0], limit, found[1])


def _plain(draw: Callable[..., Plate], needed: str) -> Callable[[Source], Plate | None]:
    """Return a figure that needs one column and nothing else."""

    def run(source: Source) -> Plate | None:
        found = _stars(source, needed)
        return None if found is None else draw(*found)

    return run


FIGURES = tuple(
    Wanted("xiang2021", number, name, title, needs, function)
    for number, name, title, needs, function in (
        ("3", "xiang2021_figure_3", "Hα excess", _MAGNITUDE, emission),
        ("5", "xiang2021_figure_5", "Absolute magnitudes", _MAGNITUDE, magnitudes),
        ("8", "xiang2021_figure_8", "Errors of absolute magnitudes", _MAGNITUDE, error_model),
        ("10", "xiang2021_figure_10", "Excess of the spectroscopic parallax", _MAGNITUDE,
         parallax_excess),
        ("11", "xiang2021_figure_11", "Distances and their errors", _BUILD,
         _plain(distance_plots.distances, "distance")),
        ("12", "xiang2021_figure_12", "In the Galactic plane", _BUILD,
         _plain(distance_plots.plane, "x")),
        ("", "xiang2021_truth", "Magnitudes, reddening and distances against the truth", _BUILD,
         _plain(distance_plots.against_truth, "true_distance")),
    )
)  # fmt: skip
"""All of them, in the paper's order; ours come after."""
