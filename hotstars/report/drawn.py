"""A figure of the report: what it is, what it needs, and what was drawn."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hotstars.figures.panels import Plate, signed
from hotstars.figures.style import write_figure
from hotstars.report.source import Source


@dataclass(frozen=True)
class Kept:
    """A picture that a training left beside its model, with a caption."""

    png: Path
    caption: str


@dataclass(frozen=True)
class Wanted:
    """A figure that the report has where the warehouse has what it needs.

    Attributes
    ----------
    paper
        Key of :data:`hotstars.scorecard.scores.PAPERS`.
    number
        In the paper: ``2``, ``A1``; empty for figures of ours.
    name
        Of the files.
    title
        A few words.
    needs
        The command that brings what it lacks.
    draw
        Returns the figure; None where there is nothing to draw.
    """

    paper: str
    number: str
    name: str
    title: str
    needs: str
    draw: Callable[[Source], Plate | Kept | None]

    @property
    def label(self) -> str:
        """What the figure is called on its page."""
        return f"Figure {self.number}" if self.number else "Beside the paper"


@dataclass(frozen=True)
class Drawn:
    """A figure that was drawn.

    Attributes
    ----------
    name
        Of its files.
    title, caption
        What it shows, and of what.
    width, height
        Of the PNG, pixels: twice what a page shows.
    has_vector
        Whether a PDF stands beside it.
    """

    name: str
    title: str
    caption: str
    width: int
    height: int
    has_vector: bool


def draw(wanted: Wanted, source: Source, folder: Path) -> Drawn | None:
    """Draw one figure into a folder, or tell that there is nothing to draw.

    Parameters
    ----------
    wanted
        What is to be drawn.
    source
        The warehouse.
    folder
        Of the pictures.
    """
    made = wanted.draw(source)
    if made is None:
        return None
    png = folder / f"{wanted.name}.png"
    if isinstance(made, Kept):
        shutil.copyfile(made.png, png)
        if made.png.with_suffix(".pdf").exists():
            shutil.copyfile(made.png.with_suffix(".pdf"), png.with_suffix(".pdf"))
    else:
        write_figure(made.figure, png)
    with Image.open(png) as picture:
        width, height = picture.size
    return Drawn(
        wanted.name, wanted.title, signed(made.caption), width, height,
        png.with_suffix(".pdf").exists(),
    )  # fmt: skip


def not_drawn(wanted: Sequence[Wanted], drawn: Sequence[Drawn]) -> list[Wanted]:
    """Return the figures of papers that are wanted and not drawn, in their order.

    Parameters
    ----------
    wanted
        All of them.
    drawn
        Those that are.
    """
    there = {one.name for one in drawn}
    return [one for one in wanted if one.number and one.name not in there]
