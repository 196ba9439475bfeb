"""`hotstars report`: a static site of the catalogues, that opens from disk."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from hotstars.project import newest_manifest
from hotstars.report import overview, truth, work
from hotstars.report.cards import card_file, card_page
from hotstars.report.drawn import Drawn, not_drawn
from hotstars.report.pages import (
    STATIC,
    ModelRow,
    Numbered,
    Paper,
    Site,
    index_page,
    model_html,
    model_rows,
    models_page,
    paper_page,
    site,
    stars_page,
    stars_script,
)
from hotstars.report.source import Source
from hotstars.report.stars import catalogue_stars
from hotstars.scorecard.scores import PAPERS, Score
from ingest.pool import default_workers, ordered_map
from warehouse.connection import WarehouseError
from warehouse.export.files import clear_rubbish
from warehouse.export.metadata import marts, read_manifest

if TYPE_CHECKING:
    from warehouse.home import Home

Say = Callable[[str], None]

#: The file by which a folder is known to be a report, and may be replaced by one.
MARK = ".hotstars-report"

#: Modules that the processes' server imports once for all of them.
_PRELOAD = ("hotstars.report.work", "hotstars.report.star_page", "hotstars.report.apogee_stars")


@dataclass(frozen=True)
class Written:
    """What a call wrote."""

    index: Path
    n_stars: int
    n_pages: int
    n_figures: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.index}: {self.n_stars:,d} stars, {self.n_pages:,d} pages, {self.n_figures} "
            f"figures ({self.seconds:.1f} s)"
        )


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than a report.

    Raises
    ------
    WarehouseError
        When it does.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise WarehouseError(f"{folder}: holds other files than a report; give another --out")


def write_report(
    home: Home,
    folder: Path,
    *,
    most: int | None,
    lineage: Path | None,
    scores: Sequence[Score],
    workers: int | None = None,
    say: Say,
) -> Written:
    """Write the report into a new folder beside the old one, and put it into its place.

    Parameters
    ----------
    home
        Of a built warehouse.
    folder
        Of the report; an older report there is replaced when the new one is whole.
    most
        Pages of stars at most; None for all.
    lineage
        ``index.html`` of dbt's documentation, which is copied beside; None for none.
    scores
        The scorecard; empty for none.
    workers
        Processes; one a core by default.
    say
        Told how far it is.

    Raises
    ------
    WarehouseError
        When the catalogues are not built, the folder is something else, the disk is full, or a
        figure or page cannot be made; it names which.
    """
    start = time.monotonic()
    check_folder(folder)
    building = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        of = work.source(home.root)
        if "marts.be_candidates" not in of.relations:
            raise WarehouseError("no catalogues here yet; run `hotstars build`")
        clear_rubbish(folder.parent, folder.name)
        shutil.rmtree(building, ignore_errors=True)
        for name in ("stars", "figures", "models"):
            (building / name).mkdir(parents=True)
        (building / MARK).write_text("a report of hotstars; `hotstars report` replaces it\n")
        for file in STATIC.iterdir():
            shutil.copyfile(file, building / file.name)
        if lineage is not None:
            shutil.copyfile(lineage, building / "lineage.html")
        written = _Report(of, home, building, lineage is not None).write(
            scores, most, workers or default_workers(), say
        )
        _put(building, folder)
    except OSError as error:
        raise WarehouseError(
            f"{folder}: the report cannot be written ({error.strerror or error}); free some space "
            "or give another --out"
        ) from error
    finally:
        work.forget(home.root)
        shutil.rmtree(building, ignore_errors=True)
    seconds = time.monotonic() - start
    return Written(folder / "index.html", *written, seconds)


def _put(building: Path, folder: Path) -> None:
    """Put a folder into its place; the old one goes when the new one stands."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(old)
    building.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True)
class _Report:
    """A report in the making."""

    of: Source
    home: Home
    folder: Path
    has_lineage: bool

    def write(
        self, scores: Sequence[Score], most: int | None, workers: int, say: Say
    ) -> tuple[int, int, int]:
        """Write all pages; return how many stars, pages of stars and figures there are."""
        listed = catalogue_stars(self.of.connection)
        shown = listed if most is None else listed.slice(0, most)
        simulated = any(
            name.startswith("SIM") for own in listed["surveys"].to_pylist() for name in own
        )
        provenance = overview.provenance(self.of)
        shared = site(
            "; ".join(f"{label} {value}" for label, value in provenance[:3]),
            simulated=simulated,
            lineage=self.has_lineage,
        )
        drawn = self._work(shown, shared, workers, say)
        papers = self._papers(drawn, scores)
        models = self._models(shared, drawn)
        pages = {
            "index.html": index_page(
                shared, papers=papers, numbers=overview.key_numbers(self.of),
                funnel=overview.funnel(self.of), models=models, provenance=provenance,
                scores=scores,
            ),
            "stars.html": stars_page(shared, listed.num_rows, shown.num_rows),
            "stars.js": stars_script(listed, shown.num_rows),
            "models.html": models_page(shared, models),
            **{paper.file: paper_page(shared, paper) for paper in papers},
        }  # fmt: skip
        for name, text in pages.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        n_figures = len({one.name for one in drawn.values()})
        return listed.num_rows, shown.num_rows, n_figures

    def _work(self, shown: pa.Table, shared: Site, workers: int, say: Say) -> dict[int, Drawn]:
        """Draw the figures and write the pages of stars; return the figures by their place."""
        n_figures = len(work.wanted_figures(self.of))
        tasks = list(self._tasks(n_figures, shown, shared))
        drawn: dict[int, Drawn] = {}
        n_pages = 0
        for number, result in enumerate(
            ordered_map(work.do, tasks, workers=workers, preload=_PRELOAD)
        ):
            if isinstance(result, Drawn):
                drawn[number] = result
            elif isinstance(result, int):
                n_pages += result
                say(f"   {n_pages:,d} of {shown.num_rows:,d} pages of stars")
            if number == n_figures - 1:
                say(f"   {len(drawn)} figures drawn")
        return drawn

    def _tasks(self, n_figures: int, shown: pa.Table, shared: Site) -> Iterator[work.Task]:
        for number in range(n_figures):
            yield work.Figure(self.home.root, self.folder, number)
        for first in range(0, shown.num_rows, work.BLOCK):
            # a slice would be sent with the whole table behind it
            part = pa.Table.from_batches(
                shown.slice(first, work.BLOCK).combine_chunks().to_batches()
            )
            yield work.Pages(self.home.root, self.folder, shared, part)

    def _papers(self, drawn: dict[int, Drawn], scores: Iterable[Score]) -> list[Paper]:
        wanted = [one for _, one in work.wanted_figures(self.of)]
        catalogues = overview.catalogues(self.of, marts(read_manifest(newest_manifest(self.home))))
        by_paper: dict[str, list[Score]] = {key: [] for key in PAPERS}
        for score in scores:
            by_paper[score.paper].append(score)
        return [
            Paper(
                key,
                [one for one in catalogues if one.paper == key],
                [Numbered(one.label, drawn[number]) for number, one in enumerate(wanted)
                 if one.paper == key and number in drawn],
                not_drawn([one for one in wanted if one.paper == key], list(drawn.values())),
                truth.tables_of(self.of, key),
                by_paper[key],
            )
            for key in PAPERS
        ]  # fmt: skip

    def _models(self, shared: Site, drawn: dict[int, Drawn]) -> list[ModelRow]:
        """Write a page a model and its card; return the rows of the list of all."""
        of_model = [name for name, _ in work.wanted_figures(self.of)]
        for name, card in self.of.cards.items():
            figures = [one for number, one in drawn.items() if of_model[number] == name]
            page = card_page(name, str(card["version"]), card)
            (self.folder / "models" / card_file(name)).write_text(
                model_html(shared, page, figures), encoding="utf-8"
            )
            (self.folder / "models" / f"{name}.json").write_text(json.dumps(card, indent=1))
        return model_rows(self.of.cards)
