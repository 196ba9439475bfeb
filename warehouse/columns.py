"""How a raw column is declared: name, type, comment, unit and UCD in one place.

The unit (VOUnit) and the UCD (UCD1+) travel in ``Column.info``; the comment becomes the
DuckDB comment of the column with both appended, so that an analyst sees them in SQL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import REAL, Column
from sqlalchemy.types import ARRAY, TypeEngine


def column(
    name: str,
    type_: Any,
    comment: str,
    *,
    unit: str | None = None,
    ucd: str,
    required: bool = False,
) -> Column[Any]:
    """Declare a column of schema ``raw``.

    Parameters
    ----------
    name, type_
        Name and SQLAlchemy type.
    comment
        What the value is, in one sentence.
    unit
        VOUnit; None for a quantity without one.
    ucd
        UCD1+ word.
    required
        Whether NULL is refused.
    """
    parts = [comment.rstrip(".")]
    if unit:
        parts.append(f"unit {unit}")
    parts.append(f"UCD {ucd}")
    return Column(
        name,
        type_,
        nullable=not required,
        comment="; ".join(parts),
        info={"unit": unit, "ucd": ucd},
    )


def real_list() -> TypeEngine[Any]:
    """Return the type of a list of single-precision numbers, one a pixel."""
    return ARRAY(REAL, dimensions=1)
