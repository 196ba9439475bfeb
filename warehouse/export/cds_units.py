"""Units as CDS and the AAS Journals spell them: ``mas/yr``, ``0.1nm``, ``[cm/s2]``, ``---``."""

from __future__ import annotations

import warnings

from astropy import units

from warehouse.connection import WarehouseError
from warehouse.export.metadata import MartColumn
from warehouse.export.tables import astropy_unit


def printed_unit(column: MartColumn) -> str:
    """Return a column's unit in CDS spelling, in brackets where the column is a logarithm.

    Raises
    ------
    WarehouseError
        Naming the column whose unit CDS has no spelling for.
    """
    if column.log_of is None:
        return cds_unit(column.unit, column.name)
    if column.log_of == "-":
        return "[-]"
    return f"[{cds_unit(column.log_of, column.name)}]"


def cds_unit(unit: str | None, column: str) -> str:
    """Return the CDS spelling of a VOUnit: ``mas.yr**-1`` is ``mas/yr`` there.

    Raises
    ------
    WarehouseError
        Naming the column, where CDS has no spelling or reads another unit from it.

    Examples
    --------
    >>> cds_unit("km.s**-1", "rv"), cds_unit("0.1nm", "ew"), cds_unit(None, "name")
    ('km/s', '0.1nm', '---')
    """
    wanted = astropy_unit(unit, column)
    if wanted is None:
        return "---"
    try:
        text = _spelt(wanted)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", units.UnitsWarning)
            if units.Unit(text, format="cds") == wanted:
                return text
    except ValueError:
        pass
    raise WarehouseError(
        f"column {column}: CDS has no spelling for the unit {unit!r}, which mrt and cds need; "
        "give the column another unit, or release it as votable, fits, parquet, csv or ecsv"
    )


def _spelt(unit: units.UnitBase) -> str:
    """Write factor, numerator and denominator, each name as CDS has it."""
    above: list[str] = []
    below: list[str] = []
    for base, power in zip(unit.bases, unit.powers, strict=True):
        if power != int(power):
            raise ValueError(f"{unit}: CDS has no fractional powers")
        exponent = "" if abs(power) == 1 else f"{abs(int(power))}"
        (above if power > 0 else below).append(base.to_string("cds") + exponent)
    factor = "" if unit.scale == 1 else f"{unit.scale:g}"
    return factor + ".".join(above) + "".join(f"/{name}" for name in below)
