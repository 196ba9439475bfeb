"""Pages of the report from templates that escape what they are given; what the pages share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from hotstars.report.cards import CardPage, card_file
from hotstars.report.drawn import Drawn, Wanted
from hotstars.report.facts import Listing
from hotstars.report.overview import Catalogue, Step
from hotstars.report.star_page import StarPage
from hotstars.scorecard.scores import PAPERS, Score, counts

STATIC = Path(__file__).with_name("static")

#: What each paper is about, in a title and two sentences.
ABOUT = {
    "wang2022": (
        "classical Be stars from LAMOST's medium-resolution survey",
        "Early-type stars with Hα in emission, told by a network, cleaned by literature, spectral "
        "types and infrared colours; their clusters, velocities and runaways.",
    ),
    "xiang2021": (
        "absolute magnitudes and distances of OB stars",
        "M_Ks of OB stars from low-resolution spectra by a network, with emission and binaries "
        "told apart, and distances by spectrum and parallax together.",
    ),
    "guo2021": (
        "stellar labels of early-type stars by SLAM",
        "Teff, log g, [M/H] and v sin i of OB stars, by least squares over spectra that are "
        "generated from TLUSTY's models.",
    ),
    "sprague2022": (
        "labels of near-infrared spectra by APOGEE Net",
        "Teff, log g and [Fe/H] of stars of all types by one network on apStar spectra, "
        "photometry and parallax.",
    ),
}

#: The figure that tells most of each paper.
_TELLING = {
    "wang2022": "wang2022_figure_7",
    "xiang2021": "xiang2021_figure_12",
    "guo2021": "guo2021_figure_7",
    "sprague2022": "sprague2022_figure_5",
}

#: Columns of the table of stars: key in the script, heading.
STAR_COLUMNS = (
    ("name", "designation"), ("ra", "RA (°)"), ("dec", "Dec (°)"), ("type", "type"),
    ("k", "Ks (mag)"), ("ew", "EW(Hα) (Å)"), ("v_tp", "V_Tp (km/s)"),
    ("distance", "distance (pc)"), ("catalogues", "catalogues"),
)  # fmt: skip
NUMERIC = frozenset({"ra", "dec", "k", "ew", "v_tp", "distance"})

_VERDICTS = {"reproduced": "passed", "differs": "failed"}


@dataclass(frozen=True)
class Numbered:
    """A figure that was drawn, with what it is called on its page."""

    label: str
    drawn: Drawn


@dataclass(frozen=True)
class Paper:
    """A paper's page and its place on the first page.

    Attributes
    ----------
    key
        Of :data:`hotstars.scorecard.scores.PAPERS`.
    catalogues, figures, missing, truth, scores
        What the page shows.
    """

    key: str
    catalogues: list[Catalogue] = field(default_factory=list)
    figures: list[Numbered] = field(default_factory=list)
    missing: list[Wanted] = field(default_factory=list)
    truth: list[Listing] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)

    @property
    def file(self) -> str:
        """Of the page."""
        return f"{self.key}.html"

    @property
    def name(self) -> str:
        """Author and year."""
        return PAPERS[self.key][0]

    @property
    def address(self) -> str:
        """Of the paper at ADS."""
        return PAPERS[self.key][1]

    @property
    def title(self) -> str:
        """What it is about, in a line."""
        return ABOUT[self.key][0]

    @property
    def about(self) -> str:
        """What it is about, in two sentences."""
        return ABOUT[self.key][1]

    @property
    def picture(self) -> str:
        """Name of the figure that stands for it; empty without figures."""
        names = [one.drawn.name for one in self.figures]
        telling = _TELLING[self.key]
        return telling if telling in names else (names[0] if names else "")

    @property
    def n_figures(self) -> int:
        """How many are drawn."""
        return len(self.figures)

    @property
    def counts(self) -> str:
        """How many printed numbers have which verdict; empty without a scorecard."""
        if not self.scores:
            return ""
        row = counts(self.scores)[self.name]
        return ", ".join(f"{n:,d} {verdict}" for verdict, n in row.items())


@dataclass(frozen=True)
class ModelRow:
    """A model in the list of models."""

    name: str
    version: str
    is_simulated: bool
    description: str
    not_for: str

    @property
    def file(self) -> str:
        """Of its page."""
        return card_file(self.name)


@dataclass(frozen=True)
class Site:
    """What all pages share.

    Attributes
    ----------
    pages
        File and name of the pages in the navigation.
    footer
        Which report this is.
    simulated
        Whether any star is.
    lineage
        Whether dbt's documentation stands beside.
    """

    pages: tuple[tuple[str, str], ...]
    footer: str
    simulated: bool
    lineage: bool


def site(footer: str, *, simulated: bool, lineage: bool) -> Site:
    """Return what all pages of a report share."""
    pages = [
        *((f"{key}.html", name) for key, (name, _) in PAPERS.items()),
        ("stars.html", "Stars"),
        ("models.html", "Models"),
    ]
    if lineage:
        pages.append(("lineage.html", "Tables and lineage"))
    return Site(tuple(pages), footer, simulated, lineage)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hotstars.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        thousands=lambda n: f"{n:,d}",
        percent=lambda part: "" if part is None else f"{100 * part:.1f} %",
        code=code,
    )
    environment.tests["numeric"] = is_numeric
    return environment


_NUMERIC = re.compile(r"[-−+]?[\d.,]+(e[-+]\d+)?( ± [\d.,]+| \([\d.,–]+\)|<span class=.asym.*)?")


def is_numeric(cell: str) -> bool:
    """Tell whether a cell holds a number, with or without its error: it stands to the right."""
    return _NUMERIC.fullmatch(str(cell)) is not None


def code(text: str) -> Markup:
    """Return text with its `commands` set as such."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _page(
    template: str, of: Site, *, title: str, here: str = "", root: str = "", **told: Any
) -> str:
    return _environment().get_template(f"{template}.html.jinja").render(
        site=of, title=title, here=here, root=root, simulated=of.simulated, lineage=of.lineage,
        **told,
    ) + "\n"  # fmt: skip


def index_page(
    of: Site, *, papers: Sequence[Paper], numbers: Sequence[tuple[str, int]],
    funnel: Sequence[Step], models: Sequence[ModelRow], provenance: Sequence[tuple[str, str]],
    scores: Sequence[Score],
) -> str:  # fmt: skip
    """Return the first page.

    Parameters
    ----------
    of
        What all pages share.
    papers
        With figures and catalogues.
    numbers
        The first ones that a reader asks for.
    funnel
        Steps of the selection.
    models
        In use.
    provenance
        Which rebuild this is.
    scores
        The scorecard; empty for none.
    """
    summary = counts(scores) if scores else {}
    return _page(
        "index", of, title="hotstars: report", here="index.html", papers=papers, numbers=numbers,
        funnel=funnel, widest=max((step.n_spectra for step in funnel), default=1) or 1,
        models=models, provenance=provenance, scorecard=summary,
        verdicts=list(next(iter(summary.values()))) if summary else [],
    )  # fmt: skip


def paper_page(of: Site, paper: Paper) -> str:
    """Return a paper's page."""
    lines = [score.cells() for score in paper.scores]
    return _page(
        "paper", of, title=f"{paper.name}: hotstars", here=paper.file, paper=paper,
        figures=paper.figures, missing=paper.missing, truth=paper.truth, lines=lines,
        headings=[name for name in lines[0] if name != "paper"] if lines else [],
        counts=paper.counts, verdict_class=lambda verdict: _VERDICTS.get(verdict, "small"),
    )  # fmt: skip


def stars_page(of: Site, n_stars: int, n_pages: int) -> str:
    """Return the page of the table of stars; the table's rows are in :func:`stars_script`."""
    return _page(
        "stars", of, title="Stars: hotstars", here="stars.html", columns=STAR_COLUMNS,
        numeric=NUMERIC, n_stars=n_stars, n_pages=n_pages,
    )  # fmt: skip


def stars_script(listed: pa.Table, n_pages: int) -> str:
    """Return the stars as a script: pages that are opened from disk may read no other file.

    Parameters
    ----------
    listed
        Of :func:`hotstars.report.stars.catalogue_stars`.
    n_pages
        So many of the first ones have a page.
    """
    held = listed["catalogues"].to_pylist()
    titles = list(dict.fromkeys(title for own in held for title in own))
    bit = {title: 1 << place for place, title in enumerate(titles)}
    surveys = [" ".join(own) for own in listed["surveys"].to_pylist()]
    sets = sorted(set(surveys))
    place = {name: number for number, name in enumerate(sets)}
    names = listed["designation"].to_pylist()
    told = {
        "name": names,
        "type": [one or "" for one in listed["spectral_type"].to_pylist()],
        "titles": titles,
        "catalogues": [sum(bit[title] for title in own) for own in held],
        "sets": sets,
        "survey": [place[one] for one in surveys],
        "pages": n_pages,
        "files": {
            number: star_file(name)
            for number, name in enumerate(names[:n_pages])
            if star_file(name) != f"{name}.html"
        },
    }
    for key, column, digits in (
        ("ra", "ra", 6), ("dec", "dec", 6), ("k", "k", 3), ("ew", "ew_halpha", 2),
        ("v_tp", "v_tp", 1), ("distance", "distance", 0),
    ):  # fmt: skip
        told[key] = [
            None if value is None or value != value else round(value, digits or None)
            for value in listed[column].to_pylist()
        ]
    return f"const STARS = {json.dumps(told, separators=(',', ':'), ensure_ascii=False)};\n"


def star_file(name: str) -> str:
    """Return the file name of a star's page: letters, digits, dots, + and -, others by number.

    Examples
    --------
    >>> star_file("J040320.74+511852.5"), star_file("HD 1")
    ('J040320.74+511852.5.html', 'HD_20_1.html')
    """
    safe = (c if c.isascii() and (c.isalnum() or c in "+-.") else f"_{ord(c):x}_" for c in name)
    return "".join(safe) + ".html"


def star_html(of: Site, star: StarPage) -> str:
    """Return a star's page."""
    return _page("star", of, title=f"{star.name}: hotstars", root="../", star=star)


def model_html(of: Site, card: CardPage, figures: Sequence[Drawn]) -> str:
    """Return a model's page."""
    return _page(
        "model", of, title=f"{card.name}: model card", root="../", card=card, figures=figures
    )


def models_page(of: Site, models: Sequence[ModelRow]) -> str:
    """Return the list of models."""
    return _page("models", of, title="Models: hotstars", here="models.html", models=models)


def model_rows(cards: Mapping[str, Mapping[str, Any]]) -> list[ModelRow]:
    """Return the list of models from their cards."""
    return [
        ModelRow(
            name,
            str(card["version"]),
            bool(card.get("simulated")),
            str(card.get("description") or card.get("architecture", "")),
            str(card.get("not_for", "")),
        )
        for name, card in cards.items()
    ]
