"""`hotstars demo`: the whole way, from simulated files to released tables."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from warehouse.home import Home

#: Tables that the demo releases.
RELEASED = (
    "be_new",
    "be_runaways",
    "be_selection_funnel",
    "slam_lrs_labels",
    "slam_mrs_labels",
    "ob_distances",
    "apogee_labels",
)

#: Stars that the demo's classifier learns from. It is the small one: the published network takes
#: minutes to train.
TRAINING_STARS = 1800

#: Spectra of each resolution that the demo's SLAM learns from; the paper has 1,000 and 5,000.
TRAINING_SPECTRA = 400

#: SLAM's check on model spectra, small: two figures of the report are drawn from it.
SLAM_CHECK = ("--spectra", "150", "--folds", "3", "--sizes", "100,400", "--stars", "40")

#: What teaches absolute magnitudes; the paper asks for more, which so few stars would not leave.
LEAST = ("--least-snr", "30")

#: How the demo's network for near-infrared spectra learns: few stars, in small steps. Its mean
#: square error for stars it has not seen is six tenths of that of a network of 600 stars.
NEAR_INFRARED = ("--stars", "1500", "--epochs", "8", "--batch-size", "8", "--own-standard")

QUERIES = (
    "select step, criterion, n_spectra, n_stars from marts.be_selection_funnel order by step",
    "select designation, v_tp, v_tp_error, z from marts.be_runaways order by v_tp desc limit 10",
    "select designation, teff, logg, m_h, vsini, flag from marts.slam_lrs_labels limit 10",
    "select apogee_id, log_teff, logg, fe_h from marts.apogee_labels limit 10",
    "select designation, m_ks, distance, distance_16, distance_84 from marts.ob_distances limit 10",
    "select criterion, count(*) as n_stars from marts.be_decisions where is_deciding group by all "
    "order by n_stars desc",
)


#: What be_new holds, and stars to explain; the rejected one passed more tests than others.
ENDING = """
select
    (
        select
            'be_new: ' || count(*) || ' rows of ' || count(distinct designation)
            || ' stars; a row is a star and a survey'
        from marts.be_new
    ),
    list_filter([
        {'star': (select min(designation) from marts.be_new), 'what': 'a new Be star'},
        {
            'star': (
                select designation from marts.be_decisions
                anti join marts.be_new using (designation)
                where is_deciding order by step desc, designation limit 1
            ),
            'what': 'a rejected one'
        },
        {'star': (select min(apogee_id) from marts.apogee_labels), 'what': 'one of APOGEE'}
    ], lambda one: one.star is not null)
"""


def demo(
    stars: int = typer.Option(2500, help="Stars of the simulated survey."),
    seed: int = typer.Option(2022, help="Seed of the simulated survey."),
) -> None:
    """Simulate a survey, load it, build the catalogues, release tables, write a report.

    A second call finds everything done and is quick.

    Example: hotstars demo --stars 500
    """
    from hotstars.checks.kept_scores import kept_scores
    from hotstars.training import names
    from ml.registry import current_version
    from warehouse.home import current_home
    from warehouse.publish import current_release

    home = current_home()
    start = time.monotonic()
    typer.echo(f"== warehouse in {home.root} (set HOTSTARS_HOME for another place)")
    _step("database", "init")
    _step("simulated survey", "simulate", "--stars", str(stars), "--seed", str(seed))
    _step("ingest", "ingest", "simulated")
    if current_version(home.models, names.BE_CLASSIFIER) is None:
        small = ("--architecture", "resnet1d", "--stars", str(TRAINING_STARS))
        _step("H-alpha classifier", "train", "be-classifier", *small)
    if current_version(home.models, names.slam("MRS")) is None:
        _step("SLAM", "train", "slam", "--spectra", str(TRAINING_SPECTRA))
    if current_version(home.models, names.APOGEE_NET) is None:
        _step("network for near-infrared spectra", "train", "apogee-net", *NEAR_INFRARED)
    _step("catalogues", "build", "run")
    if current_version(home.models, names.NET_A) is None:
        # it learns from the stars that the build has just put together
        if _tried("absolute magnitudes", "train", "absolute-magnitude", *LEAST):
            _step("distances", "build", "run", "--select", "int_ob_labels+")
        else:  # a survey of few stars has not enough of them; what is above says so
            typer.echo("   ob_distances has distances by parallax alone")
    _step("released tables", "export", *RELEASED, "--format", "mrt", "--format", "votable")
    if current_release(home.published) is None:
        _step("a release, which stays while the next rebuild runs", "publish")
    else:
        typer.echo("== the release of an earlier call stays; `hotstars publish` makes another")
    if not kept_scores(home):
        _step("SLAM on model spectra", "check-slam", *SLAM_CHECK, quiet=True)
    if not (home.report / "index.html").exists():
        _step("report", "report")
    else:
        typer.echo("== the report of an earlier call stays; `hotstars report` writes it anew")
    _end(home)
    typer.echo(f"\ndone in {time.monotonic() - start:.0f} s")


def _end(home: Home) -> None:
    """Print what the survey came to, where things are, and what to ask."""
    from hotstars.checks.recovery import print_recovery
    from warehouse.connection import connect

    with connect(home.database, read_only=True) as connection:
        typer.echo("\n== how the sample was cut down, spectra and stars left after each step")
        connection.sql(QUERIES[0]).show(max_rows=40)
        typer.echo("== the catalogues against the simulation's truth")
        print_recovery(connection)
        ((told, examples),) = connection.execute(ENDING).fetchall()
    for name, path in (
        ("database", home.database),
        ("be_new", home.export / "be_new.txt"),
        ("exports", home.export),
        ("release", home.published / "current"),
        ("report", home.report / "index.html"),
        ("lineage", home.report / "lineage.html"),
    ):
        typer.echo(f"{name:10s}{path}")
    typer.echo(told)
    typer.echo("Stars worth a look, each led back to its files:")
    for one in examples:
        typer.echo(f"  .venv/bin/hotstars explain {one['star']:22s} # {one['what']}")
    typer.echo("Queries worth trying:")
    for query in QUERIES:
        typer.echo(f'  .venv/bin/hotstars sql "{query}"')


def _step(title: str, *arguments: str, quiet: bool = False) -> None:
    if not _tried(title, *arguments, quiet=quiet):
        typer.echo(f"hotstars {' '.join(arguments)} failed", err=True)
        raise typer.Exit(1)


def _tried(title: str, *arguments: str, quiet: bool = False) -> bool:
    """Run a verb, without its results where it is quiet, and tell whether it went well."""
    typer.echo(f"== {title}")
    start = time.monotonic()
    command = [sys.executable, "-m", "hotstars", *arguments]
    code = subprocess.run(
        command, check=False, stdout=subprocess.DEVNULL if quiet else None
    ).returncode
    if code == 0:
        typer.echo(f"   ({time.monotonic() - start:.1f} s)")
    return code == 0
