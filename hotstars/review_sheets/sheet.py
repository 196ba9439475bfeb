"""The contact sheet of a review: one HTML file with every profile, and the list beside it."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.review.reading import COLUMNS
from ml.spectra.grids import H_ALPHA, Grid

#: The sheet shows these vacuum wavelengths (A), the second when asked for more continuum.
NARROW = (6530.0, 6600.0)
WIDE = (6500.0, 6630.0)

#: Lines that are marked: name, vacuum wavelength (A), dashes. [N II] tells a nebula.
MARKS = (("Hα", H_ALPHA, "6 3"), ("[N II]", 6549.86, "1 4"), ("[N II]", 6585.27, "1 4"))

#: Least height of the flux axis, in units of the continuum: noise shall not look like a line.
LEAST_SPAN = 0.2

#: The list has the columns of an import, and the star, so that a reader knows what is meant.
LIST_COLUMNS = ("obsid", "exposure", "designation", "survey", *COLUMNS[2:])

_TEMPLATE = Path(__file__).with_name("sheet.html")
_STEPS = 65534
_MISSING = 65535


@dataclass(frozen=True)
class Quantity:
    """A measured quantity that the cards show.

    Attributes
    ----------
    label
        Its name.
    values
        One a spectrum: numbers or text; None where there is none.
    decimals
        Of the numbers.
    unit
        Empty for none.
    errors
        One a spectrum, where it has errors.
    """

    label: str
    values: Sequence[Any]
    decimals: int = 2
    unit: str = ""
    errors: Sequence[float | None] | None = None


@dataclass(frozen=True)
class Profiles:
    """What a sheet shows, one element a spectrum.

    Attributes
    ----------
    obsid, exposure, designation, survey
        The spectrum and its star.
    grid
        Common grid of each.
    flux
        Rectified flux of each in :data:`WIDE`, as :func:`pixels` cuts it.
    noise
        One sigma of a continuum pixel.
    quantities
        What else is known of them.
    earlier
        Earlier verdicts in words; None where there is none.
    """

    obsid: Sequence[int]
    exposure: Sequence[int]
    designation: Sequence[str]
    survey: Sequence[str]
    grid: Sequence[Grid]
    flux: Sequence[NDArray[np.float32]]
    noise: Sequence[float]
    quantities: Sequence[Quantity] = ()
    earlier: Sequence[str | None] = field(default_factory=tuple)

    def __len__(self) -> int:
        return len(self.obsid)


def pixels(grid: Grid) -> slice:
    """Return the pixels of a grid that a sheet holds."""
    first, last = np.searchsorted(grid.wavelength, WIDE)
    return slice(int(first), int(last))


def sheet(profiles: Profiles, title: str, file: str, reviewer: str = "") -> str:
    """Return the contact sheet: HTML that needs nothing but a browser.

    Parameters
    ----------
    profiles
        What to show.
    title
        Heading.
    file
        Name under which the browser saves the filled list.
    reviewer
        Who is going to look; can be changed in the sheet.
    """
    grids = list(dict.fromkeys(profiles.grid))
    keys = [f"{obsid}/{exposure}" for obsid, exposure in _keys(profiles)]
    flux, low, high = _packed(profiles.flux)
    content = {
        "id": hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:12],
        "title": title,
        "file": file,
        "reviewer": reviewer,
        "narrow": NARROW,
        "wide": WIDE,
        "marks": [(name, wavelength, dash) for name, wavelength, dash in MARKS],
        "least_span": LEAST_SPAN,
        "grids": [
            {"start": float(grid.log_wavelength[pixels(grid).start]), "step": grid.step}
            for grid in grids
        ],
        # as text: numbers of JavaScript are exact to 2**53 only
        "obsid": [str(obsid) for obsid in profiles.obsid],
        "exposure": list(profiles.exposure),
        "designation": list(profiles.designation),
        "survey": list(profiles.survey),
        "grid": [grids.index(grid) for grid in profiles.grid],
        "noise": [_number(value, 5) for value in profiles.noise],
        "flux": flux,
        "low": low,
        "high": high,
        "quantities": [
            {
                "label": quantity.label,
                "unit": quantity.unit,
                "decimals": quantity.decimals,
                "values": [_number(value, quantity.decimals) for value in quantity.values],
                "errors": quantity.errors
                and [_number(value, quantity.decimals) for value in quantity.errors],
            }
            for quantity in profiles.quantities
        ],
        "earlier": list(profiles.earlier) or [None] * len(profiles),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # "</script>" in a text would end the element
    return _TEMPLATE.read_text(encoding="utf-8").replace("__DATA__", text.replace("<", "\\u003c"))


def _keys(profiles: Profiles) -> list[tuple[int, int]]:
    return list(zip(profiles.obsid, profiles.exposure, strict=True))


def _number(value: Any, decimals: int) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, decimals) if math.isfinite(value) else None


def _packed(flux: Sequence[NDArray[np.float32]]) -> tuple[list[str], list[float], list[float]]:
    """Return every flux as base64 of 16-bit steps between its extremes, and the extremes.

    A step is 1/65534 of a profile's height, far below its noise; a pixel takes 2.7 bytes.
    """
    packed, lows, highs = [], [], []
    for values in flux:
        good = np.isfinite(values)
        low, high = (
            (float(values[good].min()), float(values[good].max())) if good.any() else (1.0, 1.0)
        )
        steps = np.full(len(values), _MISSING)
        steps[good] = np.rint((values[good] - low) / ((high - low) or 1.0) * _STEPS)
        packed.append(base64.b64encode(steps.astype("<u2").tobytes()).decode("ascii"))
        lows.append(round(low, 6))
        highs.append(round(high, 6))
    return packed, lows, highs


def write_list(profiles: Profiles, path: Path, reviewer: str = "") -> None:
    """Write the list that can be filled by hand: CSV, one row a spectrum, no verdicts yet."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(LIST_COLUMNS)
        for (obsid, exposure), designation, survey in zip(
            _keys(profiles), profiles.designation, profiles.survey, strict=True
        ):
            writer.writerow([obsid, exposure, designation, survey, "", reviewer, "", ""])
