"""Pages of the report as HTML: complete in themselves, no script or style from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from hotstars.report.figures import WINDOW, Drawn
from hotstars.report.gather import Star
from hotstars.report.ledger import sentences
from hotstars.report.profile_plot import Frame, polyline
from hotstars.scorecard.scores import PAPERS, Score, counts
from ml.spectra.grids import H_ALPHA

_LIGHT = 299_792.458

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; margin: 2rem auto; max-width: 68rem;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; font-size: 0.88rem; margin: 0.4rem 0 1rem; }
th, td { border-bottom: 1px solid #ddd; padding: 0.18rem 0.7rem 0.18rem 0; text-align: left;
  vertical-align: top; } th { font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.sim { background: #fff3cd; border: 1px solid #d8a500; padding: 0.4rem 0.7rem; }
figure { margin: 1.2rem 0; } figure img { max-width: 100%; } figcaption { color: #444; }
nav a { margin-right: 1rem; }
input { font: inherit; padding: 0.3rem; width: 26rem; max-width: 100%; }
.passed { color: #1b6e3c; } .failed { color: #a03000; } .small { color: #555; font-size: 0.85rem; }
pre, details { overflow-x: auto; }
svg text { font: 11px system-ui, sans-serif; }
"""

SIMULATED = (
    '<p class="sim"><strong>SIMULATED.</strong> These stars do not exist: all numbers here are of '
    "a simulated survey.</p>"
)


def page(title: str, body: str, *, back: str | None = None) -> str:
    """Return a whole page."""
    way = f'<nav><a href="{back}">All stars and figures</a></nav>' if back else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>{way}\n{body}\n</body></html>\n"
    )


#: Units of columns that a page shows; an error has that of its value.
UNITS = {
    **dict.fromkeys(
        ("j", "h", "k", "w1", "w2", "g", "bp", "rp", "ebv", "q", "hk_0", "kw1_0", "m_ks"), "mag"
    ),
    **dict.fromkeys(("l", "b"), "deg"),
    **dict.fromkeys(("pmra", "pmdec"), "mas/yr"),
    **dict.fromkeys(("v_tp", "vsini", "rv"), "km/s"),
    **dict.fromkeys(("distance", "distance_16", "distance_84", "z"), "pc"),
    **dict.fromkeys(("logg", "m_h", "fe_h", "log_age", "log_teff"), "dex"),
    **dict.fromkeys(("training_log_teff", "training_logg", "training_fe_h"), "dex"),
    "parallax": "mas",
    "teff": "K",
}


def heading(name: str) -> str:
    """Return a column's name with its unit, where it has one."""
    unit = UNITS.get(name.removesuffix("_error"))
    return f"{name} ({unit})" if unit else name


def number(value: Any) -> str:
    """Return a value as a cell shows it."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(number(one) for one in value)
    return str(value)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a table; a single row stands upright, without what is missing."""
    if not rows:
        return '<p class="small">none</p>'
    if len(rows) == 1:
        pairs = [(key, number(value)) for key, value in rows[0].items()]
        cells = "".join(
            f"<tr><th>{escape(heading(key))}</th><td>{escape(text)}</td></tr>"
            for key, text in pairs
            if text
        )
        return f"<table>{cells}</table>"
    head = "".join(f"<th>{escape(heading(key))}</th>" for key in rows[0])
    body = "".join(
        "<tr>"
        + "".join(f"<td{_class(value)}>{escape(number(value))}</td>" for value in row.values())
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _class(value: Any) -> str:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return ' class="number"' if numeric else ""


def star_file(name: str) -> str:
    """Return the file name of a star's page: letters, digits, dots, + and -."""
    return "".join(c if c.isalnum() or c in "+-." else "_" for c in name) + ".html"


def star_page(star: Star) -> str:
    """Return a star's page."""
    parts = [
        f"<h1>{escape(star.name)}</h1>",
        f"<p>RA {star.place[0]:.6f}°, Dec {star.place[1]:+.6f}° (ICRS, J2000). "
        f"{escape(', '.join(star.surveys))}. In: {escape(', '.join(star.catalogues))}.</p>",
    ]
    if star.is_simulated:
        parts.append(SIMULATED)
    parts.append("<h2>H-alpha</h2>")
    parts += [_spectrum(one) for one in star.spectra] or ['<p class="small">no spectrum</p>']
    for title, rows in star.tables:
        parts += [f"<h2>{escape(title)}</h2>", table(rows)]
    parts.append("<h2>Why it is in the catalogue of Be stars, or not</h2><ul>")
    for line in sentences(star.decisions):
        mark = "passed" if "Passed (" in line else "failed" if "Failed (" in line else ""
        parts.append(f'<li class="{mark}">{escape(line)}</li>')
    parts.append("</ul>")
    return page(star.name, "\n".join(parts), back="../index.html")


def _spectrum(one: Mapping[str, Any]) -> str:
    """Return a spectrum around H-alpha with what was measured of it."""
    flux = np.asarray(one["halpha"], dtype=np.float64)
    fine = np.isfinite(flux)
    if fine.sum() < 2:
        return ""
    low, high = float(flux[fine].min()), float(flux[fine].max())
    frame = Frame(WINDOW[0], WINDOW[-1], min(low, 0.9), max(high, 1.1))
    marks = [
        frame.band(6548.0, 6578.0),
        frame.level(1.0),
        frame.rule(H_ALPHA, "#999", dashes=True),
    ]
    for key, colour, label in (
        ("violet_velocity", "#0072B2", "V"),
        ("red_velocity", "#D55E00", "R"),
        ("strongest_velocity", "#009E73", "peak"),
    ):
        velocity = one.get(key)
        if velocity is None or not np.isfinite(velocity):
            continue
        if key == "strongest_velocity" and one.get("red_velocity") is not None:
            continue
        marks.append(frame.rule(H_ALPHA * (1.0 + velocity / _LIGHT), colour, label))
    told = [f"{one['resolution']}, obsid {one['obsid']}"]
    if one.get("mjd") is not None:
        told.append(f"MJD {one['mjd']:.2f}")
    if one.get("snr_r") is not None:
        told.append(f"S/N {one['snr_r']:.0f}")
    if one.get("ew_halpha") is not None:
        error = one.get("ew_halpha_error")
        told.append(f"EW {one['ew_halpha']:.2f}" + (f" ± {error:.2f}" if error is not None else ""))
    if one.get("v_over_r") is not None:
        told.append(f"V/R {one['v_over_r']:.2f}")
    if one.get("halpha_class"):
        told.append(str(one["halpha_class"]))
    return frame.figure(
        "".join(marks) + polyline(frame, WINDOW, flux),
        [6540.0, 6550.0, 6560.0, 6570.0, 6580.0],
        f"{'; '.join(told)}. Flux over continuum; grey: band of EW.",
        "Flux around H-alpha",
    )


SEARCH = """
const found = document.getElementById('found'), body = document.getElementById('stars');
function show() {
  const words = document.getElementById('search').value.toLowerCase().split(/\\s+/).filter(Boolean);
  const hits = STARS.filter(s => words.every(w => s[6].includes(w)));
  found.textContent = hits.length.toLocaleString('en') + ' of '
    + STARS.length.toLocaleString('en') + ' stars' + (hits.length > 300 ? ', the first 300' : '');
  body.replaceChildren(...hits.slice(0, 300).map(s => {
    const row = document.createElement('tr');
    s.slice(0, 5).forEach((value, place) => {
      const cell = document.createElement('td');
      if (place === 0 && s[5]) {
        const link = document.createElement('a');
        link.href = 'stars/' + s[5]; link.textContent = value; cell.append(link);
      } else cell.textContent = value;
      row.append(cell);
    });
    return row;
  }));
}
document.getElementById('search').addEventListener('input', show);
show();
"""


def index_page(
    *,
    facts: Mapping[str, Any],
    simulated: bool,
    funnel: Sequence[Mapping[str, Any]],
    figures: Sequence[Drawn],
    missing: Sequence[str],
    truth: Sequence[tuple[str, str]],
    scores: Sequence[Score],
    models: Sequence[Mapping[str, Any]],
    stars: Sequence[Mapping[str, Any]],
    with_page: set[str],
    lineage: str | None,
) -> str:
    """Return the first page.

    Parameters
    ----------
    facts
        Of the warehouse, for the head.
    simulated
        Whether any star is.
    funnel
        Rows of ``be_selection_funnel``.
    figures, missing
        Drawn ones; lines on those that are not.
    truth
        Title and text of comparisons with the simulation's truth.
    scores
        Printed numbers against what is obtained.
    models
        Cards, shortened, with the ``file`` of their page.
    stars, with_page
        Those of the catalogues, and which have a page.
    lineage
        Way to dbt's documentation, where it was made.
    """
    parts = ["<h1>hotstars: report</h1>", _contents(lineage), table([facts])]
    if simulated:
        parts.append(SIMULATED)
    parts += ['<h2 id="selection">Selection of Be stars</h2>', table(funnel)]
    parts.append('<h2 id="figures">Figures</h2>')
    for one in figures:
        parts.append(
            f'<figure id="{escape(one.file)}"><img src="figures/{escape(one.file)}" '
            f'loading="lazy" alt="{escape(one.title)}"><figcaption><strong>{escape(one.title)}'
            f"</strong> ({escape(one.paper)}). {escape(one.caption)}</figcaption></figure>"
        )
    if missing:
        lines = "".join(f"<li>{_code(line)}</li>" for line in missing)
        parts.append(f"<p>Figures of the papers that are not drawn:</p><ul>{lines}</ul>")
    if truth:
        parts.append('<h2 id="truth">Against the truth of the simulation</h2>')
        parts += [f"<h3>{escape(title)}</h3><pre>{escape(text)}</pre>" for title, text in truth]
    parts += ['<h2 id="scorecard">Scorecard</h2>', _scorecard(scores)]
    parts += ['<h2 id="models">Models in use</h2>', _models(models)]
    parts.append(
        '<h2 id="all-stars">Stars</h2>'
        '<p><input id="search" type="search" placeholder="name, catalogue, type ..." '
        'aria-label="Search stars"> <span id="found"></span></p>'
        "<table><thead><tr><th>designation</th><th>RA</th><th>Dec</th><th>type</th>"
        '<th>catalogues</th></tr></thead><tbody id="stars"></tbody></table>'
    )
    rows = []
    for star in stars:
        name, held = star["designation"], ", ".join(star["catalogues"])
        kind = star["spectral_type"] or ""
        file = star_file(name) if name in with_page else ""
        key = f"{name} {kind} {held} {' '.join(star['surveys'])}".lower()
        rows.append([name, f"{star['ra']:.5f}", f"{star['dec']:+.5f}", kind, held, file, key])
    data = json.dumps(rows, separators=(",", ":")).replace("</", "<\\/")
    parts.append(f"<script>const STARS = {data};{SEARCH}</script>")
    return page("hotstars: report", "\n".join(parts))


def _contents(lineage: str | None) -> str:
    ways = [
        ("#selection", "Selection"),
        ("#figures", "Figures"),
        ("#scorecard", "Scorecard"),
        ("#models", "Models"),
        ("#all-stars", "Stars"),
    ]
    if lineage:
        ways.append((lineage, "Lineage: every table and column"))
    return "<nav>" + "".join(f'<a href="{escape(to)}">{name}</a>' for to, name in ways) + "</nav>"


def _models(models: Sequence[Mapping[str, Any]]) -> str:
    if not models:
        return '<p class="small">none: `hotstars train --help`</p>'
    titles = [title for title in models[0] if title != "file"]
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = ""
    for row in models:
        cells = [escape(number(row[title])) for title in titles]
        cells[0] = f'<a href="models/{escape(row["file"])}">{cells[0]}</a>'
        body += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _scorecard(scores: Sequence[Score]) -> str:
    """Return a summary, and each paper's lines folded away below it."""
    if not scores:
        return '<p class="small">left out</p>'
    summary = [{"paper": name, **row} for name, row in counts(scores).items()]
    parts = [
        "<p>Numbers and table rows that the papers print, against what is obtained here.</p>",
        table(summary),
    ]
    for key, (name, address) in PAPERS.items():
        cells = [score.cells() for score in scores if score.paper == key]
        if not cells:
            continue
        titles = [title for title in cells[0] if title != "paper"]
        head = "".join(f"<th>{escape(title)}</th>" for title in titles)
        body = "".join(
            f'<tr class="{_VERDICTS.get(row["verdict"], "")}">'
            + "".join(f"<td>{_code(row[title])}</td>" for title in titles)
            + "</tr>"
            for row in cells
        )
        parts.append(
            f'<details><summary><a href="{address}">{escape(name)}</a>, {len(cells)} lines'
            f"</summary><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"
        )
    return "".join(parts)


_VERDICTS = {"reproduced": "passed", "differs": "failed"}


def _code(text: str) -> str:
    """Return text with its `commands` set as such."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
