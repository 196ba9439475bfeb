"""A spectrum around a line as SVG: small, sharp at any size, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, LEFT, BOTTOM, EDGE = 660.0, 210.0, 44.0, 30.0, 8.0


@dataclass(frozen=True)
class Frame:
    """Axes of a small plot.

    Attributes
    ----------
    first, last
        Wavelengths at its sides.
    low, high
        Fluxes that it holds, with some room beyond.
    """

    first: float
    last: float
    low: float
    high: float

    def x(self, wavelength: float) -> float:
        """Return where a wavelength stands."""
        part = (wavelength - self.first) / (self.last - self.first)
        return LEFT + part * (WIDTH - LEFT - EDGE)

    def y(self, flux: float) -> float:
        """Return where a flux stands."""
        room = 0.12 * (self.high - self.low)
        part = (flux - self.low + room) / (self.high - self.low + 2 * room)
        return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - EDGE)

    def band(self, first: float, last: float) -> str:
        """Return a grey band between two wavelengths."""
        return (
            f'<rect x="{self.x(first):.1f}" y="{EDGE:.0f}" '
            f'width="{self.x(last) - self.x(first):.1f}" '
            f'height="{HEIGHT - BOTTOM - EDGE:.1f}" fill="#999" fill-opacity="0.13"/>'
        )

    def level(self, flux: float) -> str:
        """Return a horizontal line."""
        return (
            f'<line x1="{LEFT}" x2="{WIDTH - EDGE}" y1="{self.y(flux):.1f}" '
            f'y2="{self.y(flux):.1f}" stroke="#999"/>'
        )

    def rule(self, wavelength: float, colour: str, label: str = "", *, dashes: bool = False) -> str:
        """Return a vertical line, with a word at its top."""
        place = self.x(wavelength)
        style = ' stroke-dasharray="2 3"' if dashes else ""
        line = (
            f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{EDGE:.0f}" y2="{HEIGHT - BOTTOM}" '
            f'stroke="{colour}"{style}/>'
        )
        word = f'<text x="{place + 3:.1f}" y="18" fill="{colour}">{escape(label)}</text>'
        return line + word if label else line

    def figure(self, inside: str, ticks: Sequence[float], caption: str, label: str) -> str:
        """Return the whole figure with its axes.

        Parameters
        ----------
        inside
            SVG of what the frame holds.
        ticks
            Wavelengths that are written.
        caption, label
            Below it, and for those who cannot see it.
        """
        axes = "".join(
            f'<text x="{self.x(w) - 12:.1f}" y="{HEIGHT - 14:.1f}">{w:.0f}</text>' for w in ticks
        ) + "".join(
            f'<text x="2" y="{self.y(v) + 4:.1f}">{v:.2f}</text>'
            for v in np.linspace(self.low, self.high, 4)
        )
        return (
            f'<figure><svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" width="{WIDTH:.0f}" role="img" '
            f'aria-label="{escape(label)}">{inside}{axes}<text x="{WIDTH / 2 - 80:.0f}" '
            f'y="{HEIGHT - 2:.0f}">vacuum wavelength (0.1 nm)</text></svg>'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )


def polyline(frame: Frame, wavelength: NDArray[np.floating], flux: NDArray[np.floating]) -> str:
    """Return the spectrum as lines that break where nothing was measured.

    Parameters
    ----------
    frame
        Axes.
    wavelength, flux : (n,)
        NaN is not drawn.
    """
    fine = np.isfinite(flux)
    ends = np.flatnonzero(np.diff(fine.astype(np.int8))) + 1
    lines = []
    for piece in np.split(np.arange(len(flux)), ends):
        if len(piece) < 2 or not fine[piece[0]]:
            continue
        points = " ".join(f"{frame.x(wavelength[i]):.1f},{frame.y(flux[i]):.1f}" for i in piece)
        lines.append(f'<polyline fill="none" stroke="#111" stroke-width="1.1" points="{points}"/>')
    return "".join(lines)
