"""The cross-match by brute force, and the macro rendered as dbt would render it.

Separations are chords between unit vectors in extended precision, all against all, so that the
oracle is the better of the two by three digits.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "crossmatch"
ARCSEC = np.pi / np.longdouble(180 * 3600)

Pairs = set[tuple[int, int]]
Skies = tuple[np.ndarray, np.ndarray]


class CompilerError(Exception):
    """What dbt raises where a macro refuses its arguments."""


class _Exceptions:
    @staticmethod
    def raise_compiler_error(message: str) -> None:
        raise CompilerError(message)


def render(macro: str, **arguments: object) -> str:
    """One macro of the cross-match's folder as SQL."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.globals["exceptions"] = _Exceptions
    source = "\n".join(path.read_text() for path in sorted(MACROS.glob("*.sql")))
    return str(getattr(environment.from_string(source).module, macro)(**arguments))


def crossmatch_sql(**arguments: object) -> str:
    """Query that matches tables lhs and rhs by their column id."""
    sides = {"left": "lhs", "left_id": "id", "right": "rhs", "right_id": "id"}
    return render("crossmatch", **{**sides, **arguments})


def load(connection: duckdb.DuckDBPyConnection, name: str, **columns: object) -> None:
    """Make a table; its id is the row number unless given, NaN in a column of lists stays NaN."""
    if "id" not in columns:
        columns = {"id": np.arange(len(columns["ra"])), **columns}  # type: ignore[arg-type]
    table = pa.table({key: pa.array(values) for key, values in columns.items()})
    connection.register("incoming", table)
    connection.execute(f"create or replace table {name} as select * from incoming")
    connection.unregister("incoming")


def vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Unit vectors, shape (n, 3), of positions in degrees."""
    ra = np.asarray(ra, dtype=np.longdouble) * (np.pi / np.longdouble(180))
    dec = np.asarray(dec, dtype=np.longdouble) * (np.pi / np.longdouble(180))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def separations(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Separations in arcsec, shape (n, m), of unit vectors (n, 3) and (m, 3)."""
    chord = np.sqrt(((left[:, None] - right[None]) ** 2).sum(axis=2))
    return 2 * np.arcsin(np.minimum(chord / 2, 1)) / ARCSEC


def sky_separations(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Separations in arcsec of positions (n, 2) and (m, 2) in degrees."""
    return separations(vectors(left[:, 0], left[:, 1]), vectors(right[:, 0], right[:, 1]))


def chosen(distance: np.ndarray, is_pair: np.ndarray, mode: str) -> Pairs:
    """Pairs of a mode, written as its definition says: for small tables only."""
    pairs = sorted(
        (float(distance[i, j]), int(i), int(j)) for i, j in zip(*np.nonzero(is_pair), strict=True)
    )
    best_right: dict[int, int] = {}
    best_left: dict[int, int] = {}
    for _, i, j in pairs:
        best_right.setdefault(i, j)
    for _, i, j in sorted(pairs, key=lambda pair: (pair[0], pair[2], pair[1])):
        best_left.setdefault(j, i)
    if mode == "all":
        return {(i, j) for _, i, j in pairs}
    if mode == "best1":
        return set(best_right.items())
    if mode == "best2":
        return {(i, j) for j, i in best_left.items()}
    if mode == "symmetric":
        return {(i, j) for i, j in best_right.items() if best_left[j] == i}
    taken: Pairs = set()
    for _, i, j in pairs:
        if all(i != other[0] and j != other[1] for other in taken):
            taken.add((i, j))
    return taken


def position() -> st.SearchStrategy[tuple[float, float]]:
    ra = st.sampled_from([0.0, 360.0, 359.999999, 1e-9, -1e-7, 90.0, 180.0, 270.0, 725.0])
    dec = st.sampled_from([90.0, -90.0, 89.9999, -89.9999, 90 - 1e-9, 0.0, -1e-300, 45.0])
    return st.tuples(st.one_of(ra, st.floats(0, 360)), st.one_of(dec, st.floats(-90, 90)))


@st.composite
def clustered_skies(draw: st.DrawFn) -> Skies:
    """Two lists of positions, shape (n, 2), of which many lie close together or coincide."""
    centres = np.array(draw(st.lists(position(), min_size=1, max_size=6)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([0.0, 1e-6, 0.3, 3.0, 1000.0, 1e5])) / 3600
    skies = []
    for _ in range(2):
        n = draw(st.integers(0, 25))
        some = centres[generator.integers(0, len(centres), n)].reshape(-1, 2)
        shift = generator.normal(0, 1, (n, 2)) * scale * generator.integers(0, 2, (n, 1))
        dec = np.clip(some[:, 1] + shift[:, 1], -90, 90)
        ra = some[:, 0] + shift[:, 0] / np.maximum(np.cos(np.radians(dec)), 1e-6)
        if draw(st.booleans()):  # antipodes
            ra, dec = np.append(ra, centres[0, 0] + 180), np.append(dec, -centres[0, 1])
        skies.append(np.stack([ra, dec], axis=1))
    return skies[0], skies[1]


def load_skies(connection: duckdb.DuckDBPyConnection, skies: Skies) -> None:
    for name, sky in zip(("lhs", "rhs"), skies, strict=True):
        load(connection, name, ra=sky[:, 0], dec=sky[:, 1])
