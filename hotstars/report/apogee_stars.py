"""What the report says of APOGEE stars: the same page, from other tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from markupsafe import Markup
from numpy.typing import NDArray

from hotstars.figures.profiles import line_svg
from hotstars.report.facts import Fact, group, listing, model, number, warnings
from hotstars.report.links import archives
from hotstars.report.star_page import StarPage
from hotstars.report.stars import APOGEE
from hotstars.report.values import Dictionary
from ingest.apogee.reader import LOG_START, LOG_STEP, N_PIXELS

if TYPE_CHECKING:
    import duckdb

#: The line that is shown: hydrogen, 11-4, vacuum, 0.1 nm; and how much about it.
BRACKETT_11, ROOM = 16811.1, 110.0

_FIRST = int(np.ceil((np.log10(BRACKETT_11 - ROOM) - LOG_START) / LOG_STEP))
_LAST = int((np.log10(BRACKETT_11 + ROOM) - LOG_START) / LOG_STEP)
WAVELENGTH = 10 ** (LOG_START + LOG_STEP * np.arange(_FIRST, _LAST + 1))
assert 0 <= _FIRST < _LAST < N_PIXELS

_LABELS = (
    number("log Teff", "log_teff"),
    number("log g", "logg"),
    number("[Fe/H]", "fe_h"),
    number("S/N", "snr", 0),
    warnings("warnings", [("is_out_of_domain", True, "unlike the training")]),
    model("model", "apogee_model"),
)

_PHOTOMETRY = tuple(
    Fact(label, column)
    for label, column in (
        ("G", "g"), ("BP", "bp"), ("RP", "rp"), ("J", "j"), ("H", "h"), ("Ks", "k"),
        ("ϖ", "parallax"),
    )
)  # fmt: skip

_LITERATURE = (
    Fact("spectral type", "spectral_type"),
    Fact("bibcode", "spectral_type_bibcode"),
    Fact("log Teff that teaches", "training_log_teff", "training_label_from"),
    Fact("log g that teaches", "training_logg"),
    Fact("[Fe/H] that teaches", "training_fe_h"),
)

_OBSERVATION = (
    Fact("release", "release"),
    Fact("telescope", "telescope"),
    Fact("field", "field"),
    Fact("visits", "n_visits"),
    Fact("radial velocity", "rv"),
    Fact("towards the Magellanic Clouds", "is_magellanic"),
    Fact("file", "file_name"),
    Fact("SHA-256", "sha256"),
)

_TRUTH = (
    Fact("kind", "true_kind"),
    Fact("Teff", "true_teff", decimals=0, unit="K"),
    Fact("log g", "true_logg", decimals=2, unit="dex"),
    Fact("[Fe/H]", "true_fe_h", decimals=2, unit="dex"),
)


@dataclass
class ApogeeStar:
    """What a page is made from: rows of ``apogee_labels``, and flux about a line."""

    rows: list[dict[str, Any]]
    flux: NDArray[np.float64] | None


_STARS = """
select
    labels.*, spectra.flux[$first + 1 : $last + 1] as flux_about_line,
    stars.file_name, files.sha256,
    truth.kind as true_kind, truth.teff as true_teff, truth.logg as true_logg,
    truth.fe_h as true_fe_h
from marts.apogee_labels as labels
left join staging.stg_apogee__spectra as spectra
    using (apogee_id, survey, release, telescope, field)
left join raw.apogee_star as stars using (apogee_id, survey, release, telescope, field)
left join raw.ingested_file as files on stars.path = files.path
left join truth.apogee_stars as truth
    on labels.apogee_id = truth.apogee_id and labels.survey like 'SIM%'
where labels.apogee_id in (select unnest($names))
order by labels.snr desc, labels.release, labels.telescope, labels.field
"""


def read_apogee_stars(
    connection: duckdb.DuckDBPyConnection, listed: pa.Table
) -> Iterator[ApogeeStar]:
    """Yield stars with what their pages hold, in the order given.

    Parameters
    ----------
    connection
        To a built warehouse.
    listed
        Some rows of :func:`hotstars.report.stars.catalogue_stars`, all of APOGEE stars; what is
        read of all of them is held at once.
    """
    names = listed["designation"].to_pylist()
    answer = connection.execute(_STARS, {"names": names, "first": _FIRST, "last": _LAST})
    titles = [one[0] for one in answer.description or []]
    found: dict[str, list[dict[str, Any]]] = {}
    for values in answer.fetchall():
        row = dict(zip(titles, values, strict=True))
        found.setdefault(row["apogee_id"], []).append(row)
    for name in names:
        best = found[name][0]["flux_about_line"]
        yield ApogeeStar(found[name], None if best is None else np.array(best, dtype=np.float64))


def apogee_page(star: ApogeeStar, dictionary: Dictionary) -> StarPage:
    """Return what a star's page holds.

    Parameters
    ----------
    star
        Of :func:`read_apogee_stars`.
    dictionary
        Units and formats.
    """
    row = star.rows[0]
    simulated = str(row["survey"]).startswith("SIM")
    figure = _figure(star)
    groups = [
        group("Photometry and parallax", row, _PHOTOMETRY, dictionary),
        group("Observation", row, _OBSERVATION, dictionary),
        group("Literature and training", row, _LITERATURE, dictionary),
        group("Put in by the simulation", row if simulated else None, _TRUTH, dictionary),
    ]
    return StarPage(
        str(row["apogee_id"]),
        (float(row["ra"]), float(row["dec"])),
        sorted({str(one["survey"]) for one in star.rows}),
        [APOGEE],
        row.get("spectral_type") or "",
        simulated,
        "Brackett 11",
        figure,
        "Flux over its median, rest frame, vacuum; dotted: Brackett 11 at rest, "
        f"{BRACKETT_11:.1f} Å. Gaps were not measured."
        if figure
        else "",
        [one for one in groups if one.rows],
        [listing("Labels by the network", star.rows, _LABELS, dictionary)],
        [],
        "",
        [] if simulated else archives(float(row["ra"]), float(row["dec"])),
    )


def _figure(star: ApogeeStar) -> Markup:
    if star.flux is None:
        return Markup("")
    fine = np.isfinite(star.flux) & (star.flux > 0)  # 0 is what was not measured
    if fine.sum() < 10:
        return Markup("")
    flux = np.where(fine, star.flux / np.median(star.flux[fine]), np.nan)
    row = star.rows[0]
    told = f", S/N {row['snr']:.0f}" if row.get("snr") is not None else ""
    title = f"{row['survey']}, {row['release']}, {row['telescope']}, {row['field']}{told}"
    return Markup(line_svg(WAVELENGTH, flux, BRACKETT_11, title))
