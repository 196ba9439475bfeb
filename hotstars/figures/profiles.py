"""H-alpha profiles: examples of each class (Wang+2022, figures 7, A1 and A2), and of one star."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from hotstars.figures.panels import Plate
from hotstars.figures.style import BLACK, BLUE, GREEN, GREY, PAGE, RED, new_figure, styled
from ml.halpha.window import WAVELENGTH
from ml.spectra.grids import H_ALPHA

_LIGHT = 299_792.458

#: Name of a peak, its column of velocity and of flux, colour and marker.
PEAKS = (
    ("V", "violet", BLUE, "v"),
    ("R", "red", RED, "v"),
    ("peak", "strongest", GREEN, "v"),
)


@dataclass(frozen=True)
class Example:
    """A spectrum that stands for a class.

    Attributes
    ----------
    name
        Of the class.
    designation, snr
        Of the spectrum; None where the survey has none of the class.
    flux : (240,)
        On :data:`ml.halpha.window.WAVELENGTH`, 1 is the continuum.
    """

    name: str
    designation: str | None = None
    snr: float | None = None
    flux: NDArray[np.floating] | None = None


@styled
def examples(shown: Sequence[Example], columns: int, mark: str | None) -> Plate:
    """Draw one spectrum a class, in panels (a), (b) ...

    Parameters
    ----------
    shown
        Classes in the paper's order.
    columns
        Panels beside each other.
    mark
        See :func:`hotstars.figures.style.new_figure`.
    """
    rows = -(-len(shown) // columns)
    figure = new_figure(PAGE, 0.45 + 1.75 * rows, mark)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    told = []
    for axes, letter, one in zip(panels, "abcdefgh", shown, strict=False):
        axes.set_xlim(WAVELENGTH[0], WAVELENGTH[-1])
        axes.set_title(f"({letter}) {one.name}", fontsize=8.5, loc="left", pad=3)
        if one.flux is None:
            axes.text(0.5, 0.5, "none in this survey", transform=axes.transAxes, ha="center",
                      va="center", color=GREY)  # fmt: skip
            axes.set_yticks([])
            told.append(f"({letter}) none")
            continue
        axes.axhline(1.0, color=GREY, lw=0.6)
        axes.axvline(H_ALPHA, color=GREY, lw=0.6, ls=":")
        axes.plot(WAVELENGTH, one.flux, color=BLACK, lw=0.8, drawstyle="steps-mid")
        told.append(f"({letter}) {one.designation}, S/N {one.snr:.0f}")
    for axes in panels[max(len(shown) - columns, 0) : len(shown)]:
        axes.set_xlabel("vacuum wavelength (Å)")
        axes.tick_params(labelbottom=True)
    for axes in panels[: len(shown) : columns]:
        axes.set_ylabel("flux / continuum")
    return Plate(
        figure,
        "Rectified spectra about Hα: of each class the one of highest S/N in the red arm at medium "
        "resolution, or at low where no star of the class has another. Solid "
        f"grey: the continuum; dotted: Hα at rest, {H_ALPHA:.1f} Å. {'; '.join(told)}.",
    )


class ProfileSheet:
    """Panels of one star's spectra, drawn again and again: making axes is what takes time.

    Parameters
    ----------
    n
        Panels.
    band
        First and last wavelength (A) of the equivalent width.
    """

    def __init__(self, n: int, band: tuple[float, float]) -> None:
        columns = 1 if n == 1 else 2
        rows = -(-n // columns)
        # a frame, and the room of three lines above each
        width, high, top, between, bottom = (4.4 if n == 1 else PAGE), 1.24, 0.48, 0.58, 0.4
        height = top + rows * high + (rows - 1) * between + bottom
        self._figure = Figure(figsize=(width, height))
        self._panels = self._figure.subplots(rows, columns, squeeze=False).ravel()[:n]
        for axes in self._figure.axes[n:]:
            axes.set_visible(False)
        self._figure.subplots_adjust(
            left=0.5 / width, right=1 - 0.06 / width, bottom=bottom / height,
            top=1 - top / height, wspace=0.16, hspace=between / high,
        )  # fmt: skip
        self._canvas = FigureCanvasSVG(self._figure)
        self._lines, self._marks = [], []
        for place, axes in enumerate(self._panels):
            _prepare(axes, band)
            self._lines += axes.plot(WAVELENGTH, np.ones_like(WAVELENGTH), color=BLACK, lw=0.8)
            self._marks.append(
                [(*axes.plot([], [], marker, color=colour, ms=4),
                  axes.text(0, 0, name, color=colour, ha="center", va="bottom", fontsize=7.5))
                 for name, _, colour, marker in PEAKS]
            )  # fmt: skip
            axes.set_ylabel("flux / continuum" if place % columns == 0 else "")
            if place >= n - columns:
                axes.set_xlabel("vacuum wavelength (Å)")
            else:
                axes.tick_params(labelbottom=False)

    def svg(self, spectra: Sequence[Mapping[str, Any]]) -> str:
        """Return the panels with spectra drawn in, as an SVG element.

        Parameters
        ----------
        spectra
            As many as panels: ``halpha``, and of :data:`PEAKS` ``..._velocity`` (km/s) and
            ``..._flux`` where there is one; ``title``, at most three lines.
        """
        for axes, line, marks, one in zip(
            self._panels, self._lines, self._marks, spectra, strict=True
        ):
            flux = np.asarray(one["halpha"], dtype=np.float64)
            line.set_ydata(flux)
            fine = flux[np.isfinite(flux)]
            low, high = (float(fine.min()), float(fine.max())) if len(fine) else (1.0, 1.0)
            low, high = min(low, 0.95), max(high, 1.05)
            room = 0.24 * (high - low)
            axes.set_ylim(low - 0.4 * room, high + room)
            axes.set_title(str(one["title"]), loc="left", fontsize=7, pad=2.5, linespacing=1.35)
            for (_, column, _, _), (mark, word) in zip(PEAKS, marks, strict=True):
                velocity, height = one.get(f"{column}_velocity"), one.get(f"{column}_flux")
                there = velocity is not None and height is not None and np.isfinite(velocity)
                mark.set_visible(there)
                word.set_visible(there)
                if there:
                    assert velocity is not None
                    assert height is not None
                    x, y = H_ALPHA * (1 + velocity / _LIGHT), height + 0.22 * room
                    mark.set_data([x], [y])
                    word.set_position((x, y + 0.2 * room))
        return _printed(self._canvas)


def _prepare(axes: Axes, band: tuple[float, float]) -> None:
    """Draw what is the same in every panel."""
    axes.axvspan(*band, color="#ececec", lw=0, zorder=0)
    axes.axhline(1.0, color=GREY, lw=0.6, zorder=1)
    axes.axvline(H_ALPHA, color=GREY, lw=0.6, ls=":", zorder=1)
    axes.set_xlim(6530.0, 6590.0)
    axes.xaxis.set_major_locator(FixedLocator([6540.0, 6550.0, 6560.0, 6570.0, 6580.0]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(top=False, right=False)


#: What an inline figure changes of the style: text is the page's, and quick to lay out.
_PLAIN: Any = {"font.family": "DejaVu Sans", "axes.formatter.use_mathtext": False, "font.size": 8,
          "axes.labelsize": 8, "xtick.labelsize": 7.5, "ytick.labelsize": 7.5}  # fmt: skip


@styled
def profiles_svg(spectra: Sequence[Mapping[str, Any]], band: tuple[float, float]) -> str:
    """Return a star's spectra about H-alpha as an SVG element for a page.

    Parameters
    ----------
    spectra
        See :meth:`ProfileSheet.svg`; one and more.
    band
        Of the equivalent width.
    """
    with mpl.rc_context(_PLAIN):
        return _sheet(len(spectra), band).svg(spectra)


@cache
def _sheet(n: int, band: tuple[float, float]) -> ProfileSheet:
    return ProfileSheet(n, band)


class LineSheet:
    """One spectrum about a line, drawn again and again.

    Parameters
    ----------
    wavelength : (n,)
        0.1 nm.
    line
        Wavelength at rest.
    """

    def __init__(self, wavelength: NDArray[np.floating], line: float) -> None:
        self._figure = Figure(figsize=(PAGE, 2.4))
        self._axes = self._figure.subplots()
        self._figure.subplots_adjust(left=0.085, right=0.99, bottom=0.17, top=0.9)
        self._axes.axhline(1.0, color=GREY, lw=0.6)
        self._axes.axvline(line, color=GREY, lw=0.6, ls=":")
        (self._line,) = self._axes.plot(wavelength, np.ones_like(wavelength), color=BLACK, lw=0.8)
        self._axes.set_xlim(wavelength[0], wavelength[-1])
        self._axes.minorticks_off()
        self._axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        self._axes.tick_params(top=False, right=False)
        self._axes.set_xlabel("vacuum wavelength (Å)")
        self._axes.set_ylabel("flux / median")
        self._canvas = FigureCanvasSVG(self._figure)

    def svg(self, flux: NDArray[np.floating], title: str) -> str:
        """Return the spectrum as an SVG element; NaN is a gap."""
        self._line.set_ydata(flux)
        low, high = np.nanpercentile(flux, (0.5, 99.5))
        low, high = min(float(low), 0.95), max(float(high), 1.05)
        self._axes.set_ylim(low - 0.15 * (high - low), high + 0.15 * (high - low))
        self._axes.set_title(title, loc="left", fontsize=8)
        return _printed(self._canvas)


@styled
def line_svg(
    wavelength: NDArray[np.floating], flux: NDArray[np.floating], line: float, title: str
) -> str:
    """Return a spectrum about a line as an SVG element for a page.

    Parameters
    ----------
    wavelength, flux : (n,)
        0.1 nm, the same at every call; NaN where nothing was measured.
    line
        Wavelength at rest.
    title
        Over the frame.
    """
    with mpl.rc_context(_PLAIN):
        if line not in _LINES:
            _LINES[line] = LineSheet(wavelength, line)
        return _LINES[line].svg(flux, title)


_LINES: dict[float, LineSheet] = {}


def _printed(canvas: FigureCanvasSVG) -> str:
    file = io.StringIO()
    canvas.print_svg(file, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _inline(file.getvalue())


_TAG, _NUMBER = re.compile(r"<[^>]*>"), re.compile(r"(\d+\.\d\d)\d+")


def _inline(text: str) -> str:
    """Return an SVG file as an element: no prologue, places to two decimals, the page's fonts.

    What is read, numbers at ticks for instance, stays as it is.
    """
    element = text[text.index("<svg") :]
    element = _TAG.sub(lambda tag: _NUMBER.sub(r"\1", tag[0]), element)
    element = element.replace("'DejaVu Sans'", "system-ui, sans-serif")
    element = re.sub(r"<style[^>]*>.*?</style>", "", element, flags=re.DOTALL)
    return re.sub(r">\s+<", "><", element).strip()
