"""`hotstars build`: run dbt on the warehouse of HOTSTARS_HOME."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from hotstars.project import PROJECT


def dbt(*arguments: str) -> int:
    """Run dbt beside this interpreter on the current warehouse and return its exit code."""
    from warehouse.export.rebuilds import REBUILDS, begin_rebuild, end_rebuild
    from warehouse.home import current_home
    from warehouse.publish import git_commit

    home = current_home()
    commit = git_commit(PROJECT)  # before: what changes while dbt runs is not in the tables
    makes_tables = next((one for one in arguments if not one.startswith("-")), "") in REBUILDS
    environment = {
        **os.environ,
        "HOTSTARS_HOME": str(home.root),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(home.dbt_target),
        "DBT_LOG_PATH": str(home.root / "dbt_logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    executable = Path(sys.executable).with_name("dbt")
    if makes_tables:
        begin_rebuild(home.dbt_target)
    code = subprocess.run([str(executable), *arguments], env=environment, check=False).returncode
    if makes_tables and code >= 0:  # below 0 it was killed, and told nobody what it had made
        end_rebuild(home.dbt_target, commit)
    return code


def check_vars(arguments: Sequence[str]) -> None:
    """Refuse vars that no model reads: dbt takes any name, and a mistyped one would change nothing.

    Parameters
    ----------
    arguments
        For dbt.

    Raises
    ------
    WarehouseError
        Naming the var and those that it may stand for.
    """
    import difflib

    import yaml

    from warehouse.connection import WarehouseError

    given: list[str] = []
    for place, one in enumerate(arguments):
        if one.startswith("--vars="):
            given.append(one.removeprefix("--vars="))
        elif one == "--vars":
            given += arguments[place + 1 : place + 2]
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    for text in given:
        try:
            wanted = yaml.safe_load(text)
        except yaml.YAMLError:
            return  # dbt says what is wrong with it
        for name in wanted if isinstance(wanted, dict) else ():
            if name not in declared:
                near = difflib.get_close_matches(str(name), declared, 3)
                raise WarehouseError(
                    f"--vars: there is no var {name!r}"
                    + (f"; there is {' or '.join(near)}" if near else "")
                    + f"; all stand in {PROJECT / 'dbt_project.yml'}"
                )


def build(
    arguments: list[str] = typer.Argument(
        None, metavar="[DBT ARGUMENT]...", help="Passed on to dbt; `run` by default."
    ),
) -> None:
    """Rebuild the catalogues: `dbt run` with the paths of HOTSTARS_HOME set.

    Example: hotstars build test --select marts
    """
    from warehouse.connection import connect
    from warehouse.home import current_home

    check_vars(arguments or [])
    # A missing or locked warehouse is explained here in our words, before dbt starts.
    connect(current_home().database, must_exist=True).close()
    raise typer.Exit(dbt(*(arguments or ["run"])))
