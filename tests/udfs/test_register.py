"""The SQL functions are known at once; what a network needs is imported by who asks one."""

from __future__ import annotations

import subprocess
import sys

import duckdb

from udfs.register import SQL_FUNCTIONS, register


def test_functions_are_registered_once() -> None:
    with duckdb.connect() as connection:
        assert register(connection) == [function.name for function in SQL_FUNCTIONS]
        assert register(connection) == []


def test_a_query_without_a_network_does_not_wait_for_torch() -> None:
    """Importing it takes longer than most questions of an analyst."""
    code = "import sys; import udfs.register; print({'torch', 'torchvision'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
