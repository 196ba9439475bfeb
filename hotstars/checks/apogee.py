"""Labels of near-infrared spectra against truth and spectral types (Sprague et al. 2022)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

#: Labels, their digits, and the truth's name.
LABELS = (("log_teff", 4), ("logg", 3), ("fe_h", 3))

#: Edges of the ranges of Teff, K.
RANGES = (0.0, 4000.0, 5000.0, 6500.0, 10_000.0, 20_000.0, 1e9)

#: Parts of the spectral sequence, by the type's number.
TYPES = (("O", 0.0, 10.0), ("B0-B4", 10.0, 15.0), ("B5-B9", 15.0, 20.0), ("A", 20.0, 30.0),
         ("F", 30.0, 40.0))  # fmt: skip

_STARS = """
select
    labels.*,
    types.numeric_type::double as numeric_type,
    types.luminosity_class::double as luminosity_class,
    truth.kind,
    log10(truth.teff)::double as true_log_teff,
    truth.logg::double as true_logg,
    truth.fe_h::double as true_fe_h
from marts.apogee_labels as labels
left join intermediate.int_apogee_spectral_type as types using (apogee_id)
left join truth.apogee_stars as truth
    on labels.apogee_id = truth.apogee_id and labels.survey = 'SIM-APOGEE'
order by labels.apogee_id
"""


def draw(models: Path, stars: dict[str, NDArray[Any]], out: Path) -> list[Path]:
    """Write figures of ``apogee_labels`` into a folder and return their paths.

    Parameters
    ----------
    models
        The registry, for what the network learnt from.
    stars
        As :func:`read_checked` returns them.
    out
        Folder.
    """
    import numpy as np

    from hotstars.figures import apogee as apogee_plots
    from hotstars.figures.style import mark_of, write_figure
    from hotstars.training.names import APOGEE_NET
    from ml.registry import list_models

    out.mkdir(parents=True, exist_ok=True)
    cards = {name: card for name, _, card in list_models(models)}
    learnt = bool(cards.get(APOGEE_NET, {}).get("simulated"))
    mark = mark_of(stars["survey"], by_simulated=learnt)
    told = training_told(models)
    plates = {"apogee_kiel": apogee_plots.kiel(stars, told, mark)}
    if np.isfinite(stars["numeric_type"]).any():
        plates["apogee_types"] = apogee_plots.types(stars, mark)
    if np.isfinite(stars["training_log_teff"]).any():
        plates["apogee_training"] = apogee_plots.training_labels(stars, told, mark)
    if np.isfinite(stars["true_log_teff"]).any():
        plates["apogee_truth"] = apogee_plots.against_truth(stars, mark)
    return [write_figure(plate.figure, out / f"{name}.png") for name, plate in plates.items()]


def training_told(models: Path) -> str:
    """Return a sentence on what taught the network in use."""
    from hotstars.training.names import APOGEE_NET
    from ml.registry import list_models

    for name, version, card in list_models(models):
        if name == APOGEE_NET:
            data = card.get("data", {})
            return (
                f"Network {name} {version}, taught by {data.get('n_stars', '?')} stars: "
                f"{data.get('source', 'unknown source')}."
            )
    return "The network is no longer in the registry."


def read_checked(connection: duckdb.DuckDBPyConnection) -> dict[str, NDArray[Any]]:
    """Return ``apogee_labels`` with types and, of simulated stars, the truth."""
    import numpy as np

    raw = connection.execute(_STARS).fetchnumpy()
    found = {}
    for name, values in raw.items():
        if values.dtype.kind in "fiu":
            found[name] = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
        else:
            found[name] = np.ma.getdata(values)
    return found


def unseen_stars(models: Path, stars: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return which stars are no part of what taught the network in use."""
    import numpy as np

    from hotstars.training.names import APOGEE_NET
    from ml.held_out import place_of
    from ml.registry import current_version, load_model

    everyone = np.ones(len(stars["apogee_id"]), dtype=bool)
    if current_version(models, APOGEE_NET) is None:
        return everyone
    training = load_model(models, APOGEE_NET).card["training"]
    if training.get("data", {}).get("from") != "warehouse":
        return everyone
    return place_of(stars["apogee_id"].astype(str), training["seed"]) < training["test_share"]


def against_truth(stars: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Return scatter, median and pull width of each label, by true Teff."""
    import numpy as np

    rows = []
    teff = 10.0 ** stars["true_log_teff"]
    for low, high in pairwise(RANGES):
        inside = (teff >= low) & (teff < high)
        if not inside.any():
            continue
        end = f"below {high:,.0f}" if low == 0 else f"{low:,.0f} on" if high > 1e8 else (
            f"{low:,.0f}-{high:,.0f}"
        )  # fmt: skip
        row: dict[str, Any] = {"teff_k": end, "n_stars": int(inside.sum())}
        for label, digits in LABELS:
            off = (stars[label] - stars[f"true_{label}"])[inside]
            pull = off / stars[f"{label}_error"][inside]
            for name, values, places in (("scatter", off, digits), ("pull", pull, 1)):
                row[f"{label}_{name}"] = _robust(values, places)
            fine = off[np.isfinite(off)]
            row[f"{label}_median"] = round(float(np.median(fine)), digits) if len(fine) else None
        rows.append(row)
    return rows


def against_types(stars: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Return how Teff compares with what spectral types say, by type and class."""
    import numpy as np

    rows = []
    taught = stars["training_log_teff"]
    by_type = stars["training_label_from"].astype(str) == "spectral type"
    for name, low, high in TYPES:
        for title, classes in (("V, IV", (3.5, 5.5)), ("III, II", (1.5, 3.5)), ("I", (0.5, 1.5))):
            inside = by_type & (stars["numeric_type"] >= low) & (stars["numeric_type"] < high)
            inside &= (stars["luminosity_class"] >= classes[0]) & (
                stars["luminosity_class"] < classes[1]
            )
            if not inside.any():
                continue
            off = (stars["log_teff"] - taught)[inside]
            rows.append(
                {
                    "type": name,
                    "class": title,
                    "n_stars": int(inside.sum()),
                    "median_teff": round(float(10 ** np.nanmedian(stars["log_teff"][inside]))),
                    "median": round(float(np.nanmedian(off)), 3),
                    "scatter": _robust(off, 3),
                    "logg_median": round(
                        float(np.nanmedian((stars["logg"] - stars["training_logg"])[inside])), 2
                    ),
                }
            )
    return rows


def _robust(values: NDArray[Any], digits: int) -> float | None:
    """Return a scatter; None of fewer than two, which have none."""
    import numpy as np

    fine = values[np.isfinite(values)]
    if len(fine) < 2:
        return None
    return round(float(1.4826 * np.median(np.abs(fine - np.median(fine)))), digits)
