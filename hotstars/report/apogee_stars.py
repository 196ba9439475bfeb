"""What the report says of APOGEE stars, and their pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotstars.report.gather import built
from hotstars.report.pages import SIMULATED, page, table
from hotstars.report.profile_plot import Frame, polyline
from hotstars.rows import rows_of
from ingest.apogee.reader import LOG_START, LOG_STEP, N_PIXELS

if TYPE_CHECKING:
    import duckdb

#: The line that is shown: hydrogen, 11-4, vacuum, 0.1 nm; and how much about it.
BRACKETT_11, ROOM = 16811.1, 110.0

_FIRST = int(np.ceil((np.log10(BRACKETT_11 - ROOM) - LOG_START) / LOG_STEP))
_LAST = int((np.log10(BRACKETT_11 + ROOM) - LOG_START) / LOG_STEP)
WAVELENGTH = 10 ** (LOG_START + LOG_STEP * np.arange(_FIRST, _LAST + 1))
assert 0 <= _FIRST < _LAST < N_PIXELS

#: Tables of a page: title and columns of ``apogee_labels``.
TABLES = (
    ("Labels by the network", ("log_teff", "log_teff_error", "logg", "logg_error", "fe_h",
     "fe_h_error", "snr", "is_out_of_domain", "apogee_model")),
    ("Photometry and parallax", ("g", "bp", "rp", "j", "h", "k", "parallax", "parallax_error")),
    ("What the literature says", ("spectral_type", "spectral_type_bibcode", "training_log_teff",
     "training_logg", "training_fe_h", "training_label_from")),
    ("Observation", ("release", "telescope", "field", "n_visits", "rv", "is_magellanic")),
)  # fmt: skip


@dataclass
class ApogeeStar:
    """What a page holds: a row of ``apogee_labels``, and flux about a line."""

    row: Mapping[str, Any]
    flux: NDArray[np.float64] | None


def apogee_stars(
    connection: duckdb.DuckDBPyConnection, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the stars of ``apogee_labels`` as the report lists stars.

    Parameters
    ----------
    connection
        To a built warehouse.
    most
        Stars at most.
    """
    if "marts.apogee_labels" not in built(connection):
        return []
    return rows_of(
        connection.sql(
            'select apogee_id as designation, [survey] as surveys, ra, "dec", '
            "['APOGEE star'] as catalogues, spectral_type from marts.apogee_labels "
            f"order by apogee_id {f'limit {int(most)}' if most is not None else ''}"
        )
    )


def read_apogee_stars(
    connection: duckdb.DuckDBPyConnection, listed: Sequence[Mapping[str, Any]], block: int = 500
) -> Iterator[ApogeeStar]:
    """Yield stars with what their pages hold, in the order given.

    Parameters
    ----------
    connection
        To a built warehouse.
    listed
        Rows of :func:`apogee_stars`.
    block
        Stars that are read at once.
    """
    for first in range(0, len(listed), block):
        names = [row["designation"] for row in listed[first : first + block]]
        answer = connection.execute(
            """
            select labels.*, spectra.flux[$first + 1 : $last + 1] as flux_about_line
            from marts.apogee_labels as labels
            left join staging.stg_apogee__spectra as spectra
                using (apogee_id, survey, release, telescope, field)
            where labels.apogee_id in (select unnest($names))
            """,
            {"names": names, "first": _FIRST, "last": _LAST},
        )
        titles = [one[0] for one in answer.description or []]
        found = {}
        for values in answer.fetchall():
            row = dict(zip(titles, values, strict=True))
            found[row["apogee_id"]] = row
        for name in names:
            row = found[name]
            flux = row.pop("flux_about_line")
            yield ApogeeStar(row, None if flux is None else np.array(flux, dtype=np.float64))


def apogee_page(star: ApogeeStar) -> str:
    """Return a star's page.

    Parameters
    ----------
    star
        Of :func:`read_apogee_stars`.
    """
    row = star.row
    parts = [
        f"<h1>{escape(row['apogee_id'])}</h1>",
        f"<p>RA {row['ra']:.6f}°, Dec {row['dec']:+.6f}° (ICRS). {escape(row['survey'])}.</p>",
    ]
    if row["survey"].startswith("SIM"):
        parts.append(SIMULATED)
    parts.append("<h2>Brackett 11</h2>")
    parts.append(_spectrum(star) or '<p class="small">no spectrum</p>')
    for title, names in TABLES:
        chosen = {name: row.get(name) for name in names}
        if any(value is not None for value in chosen.values()):
            parts += [f"<h2>{escape(title)}</h2>", table([chosen])]
    return page(row["apogee_id"], "\n".join(parts), back="../index.html")


def _spectrum(star: ApogeeStar) -> str:
    if star.flux is None:
        return ""
    fine = np.isfinite(star.flux) & (star.flux > 0)  # 0 is what was not measured
    if fine.sum() < 10:
        return ""
    flux = np.where(fine, star.flux / np.median(star.flux[fine]), np.nan)
    low, high = np.nanpercentile(flux, (0.5, 99.5))
    frame = Frame(WAVELENGTH[0], WAVELENGTH[-1], min(float(low), 0.9), max(float(high), 1.1))
    marks = frame.level(1.0) + frame.rule(BRACKETT_11, "#999", dashes=True)
    line = polyline(frame, WAVELENGTH, np.clip(flux, frame.low - 0.5, frame.high + 0.5))
    told = f"S/N {star.row['snr']:.0f}. " if star.row.get("snr") is not None else ""
    return frame.figure(
        marks + line,
        [16720.0, 16765.0, 16811.1, 16855.0, 16900.0],
        f"{told}Flux over its median; rest frame.",
        "Flux around Brackett 11",
    )
