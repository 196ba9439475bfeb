"""The SQL face of the spectral-type parser."""

from __future__ import annotations

import duckdb

from ml.spectral_types import parse_spectral_type
from udfs.register import register


def test_types_are_read_in_sql_and_null_stays_null() -> None:
    with duckdb.connect() as connection:
        register(connection)
        rows = connection.execute(
            "select t, (parse_spectral_type(t)).numeric_type, (parse_spectral_type(t)).is_emission "
            "from (values ('B1.5 Vep_sh'), (null), ('OB'), ('')) as types (t)"
        ).fetchall()
    assert rows[0] == ("B1.5 Vep_sh", 11.5, True)
    assert [row[1] for row in rows[1:]] == [None, None, None]


def test_sql_says_what_the_function_says_on_more_rows_than_a_batch() -> None:
    with duckdb.connect() as connection:
        register(connection)
        rows = connection.execute(
            "select t, (parse_spectral_type(t)).numeric_type from ("
            "select 'B' || (i % 10) || 'V' as t from range(5000) as numbers (i))"
        ).fetchall()
    assert len(rows) == 5000
    assert all(parse_spectral_type(text).numeric_type == value for text, value in rows)
