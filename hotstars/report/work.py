"""What the processes of a report do: draw a figure, write the pages of some stars."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from hotstars.project import PROJECT, newest_manifest
from hotstars.report.drawn import Drawn, Wanted, draw
from hotstars.report.pages import Site, star_file, star_html
from hotstars.report.source import Source
from hotstars.report.stars import APOGEE, read_stars
from hotstars.report.values import Dictionary
from warehouse.connection import WarehouseError, connect
from warehouse.export.metadata import marts, read_manifest
from warehouse.export.origin import settings
from warehouse.home import Home

if TYPE_CHECKING:
    from hotstars.report.star_page import StarPage

#: Stars that a process reads at once: a page takes little, a query has a price of its own.
BLOCK = 200


@dataclass(frozen=True)
class Task:
    """A piece of the report; a process opens the warehouse once and keeps it.

    Attributes
    ----------
    root
        Of the home.
    folder
        Of the report in the making.
    """

    root: Path
    folder: Path


@dataclass(frozen=True)
class Figure(Task):
    """A figure to draw: its place among :func:`hotstars.report.work.wanted_figures`."""

    number: int


@dataclass(frozen=True)
class Pages(Task):
    """Pages of stars to write: rows of :func:`hotstars.report.stars.catalogue_stars`."""

    site: Site
    listed: pa.Table


@cache
def source(root: Path) -> Source:
    """Return this process's view of a home's warehouse.

    Parameters
    ----------
    root
        Of the home.
    """
    home = Home(root)
    connection = connect(home.database, must_exist=True, read_only=True)
    if multiprocessing.parent_process() is not None:
        connection.execute("set threads to 1")  # as many processes as cores work side by side
    return Source(connection, home, settings(newest_manifest(home).parent, PROJECT))


def forget(root: Path) -> None:
    """Close this process's view of a home's warehouse, where it has one, so that others may write.

    Parameters
    ----------
    root
        Of the home.
    """
    if source.cache_info().currsize:
        source(root).connection.close()
    source.cache_clear()
    dictionary.cache_clear()


@cache
def dictionary(root: Path) -> Dictionary:
    """Return units and formats of the marts of a home, and which models know simulations only."""
    known = marts(read_manifest(newest_manifest(Home(root)))).values()
    cards = source(root).cards.items()
    return Dictionary.of(
        known, (f"{name} {card['version']}" for name, card in cards if card.get("simulated"))
    )


def wanted_figures(of: Source) -> list[tuple[str, Wanted]]:
    """Return all figures that the report may have, with the model that has it on its card.

    Parameters
    ----------
    of
        The warehouse.
    """
    from hotstars.report import guo_figures, sprague_figures, wang_figures, xiang_figures
    from hotstars.report.cards import card_figures

    papers = (wang_figures, xiang_figures, guo_figures, sprague_figures)
    return [*(("", one) for paper in papers for one in paper.FIGURES), *card_figures(of)]


def do(task: Task) -> Drawn | int | None:
    """Do a piece of the report.

    Returns
    -------
    Drawn, int or None
        The figure, None where there is nothing to draw; how many pages were written.

    Raises
    ------
    WarehouseError
        Naming the figure or the star that could not be done.
    """
    if isinstance(task, Figure):
        return _figure(task)
    assert isinstance(task, Pages)
    return _pages(task)


def _figure(task: Figure) -> Drawn | None:
    of = source(task.root)
    _, wanted = wanted_figures(of)[task.number]
    try:
        return draw(wanted, of, task.folder / "figures")
    except OSError:
        raise
    except Exception as error:
        raise WarehouseError(
            f"figure {wanted.name} cannot be drawn ({type(error).__name__}: {error}); "
            "`hotstars build test` tells what is wrong with its tables"
        ) from error


def _pages(task: Pages) -> int:
    of = source(task.root)
    n = 0
    for part in _by_survey(task.listed):
        names = part["designation"].to_pylist()
        for name, page in zip(names, _read(of, part, dictionary(task.root)), strict=True):
            text = star_html(task.site, page)
            (task.folder / "stars" / star_file(name)).write_text(text, encoding="utf-8")
            n += 1
    return n


def _by_survey(listed: pa.Table) -> list[pa.Table]:
    """Return the optical stars and those of APOGEE, which other tables speak of."""
    near_infrared = pa.array(
        [APOGEE in own for own in listed["catalogues"].to_pylist()], pa.bool_()
    )
    optical = listed.filter(pc.invert(near_infrared))
    return [part for part in (optical, listed.filter(near_infrared)) if part.num_rows]


def _read(of: Source, listed: pa.Table, units: Dictionary) -> Sequence[StarPage]:
    from hotstars.report.apogee_stars import apogee_page, read_apogee_stars
    from hotstars.report.star_page import star_page

    pages = []
    name = f"{listed['designation'][0]} or one of the {listed.num_rows} stars from it on"
    try:
        if APOGEE in listed["catalogues"][0].as_py():
            for near in read_apogee_stars(of.connection, listed):
                name = str(near.rows[0]["apogee_id"])
                pages.append(apogee_page(near, units))
        else:
            first, last = of.settings["halpha_band"]
            for star in read_stars(of.connection, listed):
                name = star.name
                pages.append(star_page(star, units, (first, last)))
    except Exception as error:
        raise WarehouseError(
            f"{name}: the page cannot be written ({type(error).__name__}: {error}); "
            "`hotstars explain STAR` shows what the tables say of it"
        ) from error
    return pages
