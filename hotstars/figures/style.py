"""One style for all figures: sizes, colours that every eye tells apart, how files are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# Okabe and Ito's palette, for those who do not tell red from green as well
BLACK, BLUE, RED, GREEN, ORANGE, SKY, PURPLE = (
    "#000000", "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7",
)  # fmt: skip
GREY, PALE = "#8C8C8C", "#C8C8C8"

#: Widths of a column and of a page of the journals, inches.
COLUMN, PAGE = 3.5, 7.1

#: What stands at the side of a figure of stars that do not exist, or of labels by a model that
#: has seen no others.
SIMULATED, BY_SIMULATED = "SIMULATED", "MODEL TRAINED ON SIMULATED DATA"

_STYLE = Path(__file__).with_name("hotstars.mplstyle")
_EDGE = 0.035  # of a column's width, for the word at the side

P = ParamSpec("P")
R = TypeVar("R")


@cache
def style() -> Any:  # a mapping whose keys matplotlib types one by one
    """Return matplotlib's settings for our figures."""
    return mpl.rc_params_from_file(_STYLE, use_default_template=False)


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that draws in our style, and leaves the caller's as it is."""

    @wraps(function)
    def run(*arguments: P.args, **options: P.kwargs) -> R:
        with mpl.rc_context(style()):
            return function(*arguments, **options)

    return run


def mark_of(survey: Iterable[Any], *, by_simulated: bool = False) -> str | None:
    """Return the word that a figure carries: simulated stars, or labels by a model of such.

    Parameters
    ----------
    survey
        Of the rows; those of simulated stars begin with ``SIM``.
    by_simulated
        Whether a model that learnt from simulated data gave what is shown.
    """
    if any(str(name).startswith("SIM") for name in set(survey)):
        return SIMULATED
    return BY_SIMULATED if by_simulated else None


def new_figure(width: float, height: float, mark: str | None = None) -> Figure:
    """Return an empty figure whose parts find their places by themselves.

    Parameters
    ----------
    width, height
        Inches; see :data:`COLUMN` and :data:`PAGE`.
    mark
        A word for the right side, upright: :data:`SIMULATED`, :data:`BY_SIMULATED`.
    """
    figure = Figure(figsize=(width, height))
    room = _EDGE * COLUMN / width * 1.2 if mark else 0.0
    figure.set_layout_engine(
        ConstrainedLayoutEngine(rect=(0.0, 0.0, 1.0 - room, 1.0), w_pad=0.03, h_pad=0.03)
    )
    if mark:
        figure.text(
            1.0 - 0.3 * room, 0.5, mark, rotation=90, ha="right", va="center", fontsize=7,
            color=RED, family="DejaVu Sans", weight="bold",
        )  # fmt: skip
    return figure


@styled
def write_figure(figure: Figure, path: Path, *, vector: bool = True) -> Path:
    """Write a figure as PNG and, beside it, as PDF; each appears when it is whole.

    The same figure gives the same bytes: no date is written.

    Parameters
    ----------
    figure
        Drawn.
    path
        Of the PNG.
    vector
        Whether the PDF is wanted.

    Returns
    -------
    pathlib.Path
        Of the PNG.
    """
    figure.set_dpi(mpl.rcParams["savefig.dpi"])
    _write(FigureCanvasAgg(figure).print_png, path.with_suffix(".png"), ("Software",))
    figure.set_layout_engine("none")  # the places are found: the second file keeps them
    if vector:
        _write(
            FigureCanvasPdf(figure).print_pdf,
            path.with_suffix(".pdf"),
            ("Creator", "Producer", "CreationDate"),
        )
    return path


def _write(draw: Callable[..., Any], path: Path, untold: tuple[str, ...]) -> None:
    """Draw once (`print_figure` would do so twice) into a file that appears when it is whole."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        draw(file, metadata=dict.fromkeys(untold))
    part.replace(path)
