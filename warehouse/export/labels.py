"""Labels of printed tables: what CDS and the AAS Journals call a column.

The conventions are those of the standard for astronomical catalogues, section 3.3
(https://vizier.cds.unistra.fr/doc/catstd.htx), which the AAS Journals share
(https://journals.aas.org/mrt-labels).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from warehouse.connection import WarehouseError
from warehouse.export.metadata import MartColumn

#: Name and first word of the UCD -> the label that the standard has for it.
_STANDARD = {
    ("ra", "pos.eq.ra"): "RAdeg",
    ("dec", "pos.eq.dec"): "DEdeg",
    ("l", "pos.galactic.lon"): "GLON",
    ("b", "pos.galactic.lat"): "GLAT",
}

#: End of a name, word that its UCD must have -> prefix to the label of the column it belongs to.
_PREFIXES = (
    ("_error", "", "e_"),
    ("_16", "stat.min", "b_"),
    ("_84", "stat.max", "B_"),
)


def printed_labels(columns: Sequence[MartColumn]) -> list[str]:
    """Return the labels of columns in machine-readable and CDS tables.

    The error of ``x`` is ``e_x``, the bounds of its 16th and 84th percentile ``b_x`` and ``B_x``;
    equatorial and Galactic positions have the standard's labels; all else keeps its name.

    Raises
    ------
    WarehouseError
        When two columns would have one label.

    Examples
    --------
    >>> ra = MartColumn("ra", "Right ascension", "deg", "pos.eq.ra;meta.main")
    >>> error = MartColumn("ra_error", "Its error", "mas", "stat.error;pos.eq.ra")
    >>> printed_labels([ra, error])
    ['RAdeg', 'e_RAdeg']
    """
    by_name = {column.name: column for column in columns}
    labels = [_label(column, by_name) for column in columns]
    twice = sorted(label for label, n in Counter(labels).items() if n > 1)
    if twice:
        raise WarehouseError(
            f"{', '.join(twice)}: label of more than one column of a printed table; rename one of "
            f"{', '.join(sorted(name for name in by_name))}"
        )
    return labels


def _label(column: MartColumn, by_name: Mapping[str, MartColumn]) -> str:
    words = (column.ucd or "").split(";")
    for end, word, prefix in _PREFIXES:
        base = by_name.get(column.name.removesuffix(end))
        if column.name.endswith(end) and base is not None and (not word or word in words):
            return prefix + _label(base, by_name)
    return _STANDARD.get((column.name, words[0]), column.name)
