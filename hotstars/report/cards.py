"""Pages of the models: what each is, what taught it, how good it is, what it is not for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from hotstars.figures import cards as card_plots
from hotstars.figures.panels import Plate
from hotstars.figures.style import SIMULATED
from hotstars.report.drawn import Kept, Wanted
from hotstars.report.facts import Listing
from hotstars.report.source import Source
from hotstars.report.tables import cell
from hotstars.report.xiang_figures import told_errors

#: Title of a section, and the keys of a card that it tells, in order.
_SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What it is", ("architecture", "version", "weights_origin", "survey", "standard")),
    ("What taught it", ("data", "split", "grid", "ranges", "n_binaries_taken_out")),
    ("Scores", ("scores", "calibration", "error_model", "flux_error", "found")),
    ("Limits", ("warning", "domain", "thresholds")),
    ("Settings of the training", ("training", "n_epochs", "history", "seconds")),
)  # fmt: skip

#: Told elsewhere on the page.
_APART = frozenset({"name", "simulated", "description", "not_for"})

_WORDS = {
    "n_stars": "stars", "n_spectra": "spectra", "n_models": "models", "n": "number",
    "logg": "log g", "m_h": "[M/H]", "fe_h": "[Fe/H]", "log_teff": "log Teff", "teff": "Teff",
    "vsini": "v sin i", "m_ks": "M_Ks", "snr": "S/N", "auc": "area under ROC",
    "true_positive": "TP", "true_negative": "TN", "false_positive": "FP", "false_negative": "FN",
}  # fmt: skip


#: Columns that say what a row is about stand first.
_FIRST = frozenset({"", "S/N", "low", "high", "number"})


@dataclass(frozen=True)
class Section:
    """A part of a model's page.

    Attributes
    ----------
    title
        Of the part.
    pairs
        Single values with their names.
    listings
        Tables.
    """

    title: str
    pairs: list[tuple[str, Markup]] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.pairs or self.listings)


@dataclass(frozen=True)
class CardPage:
    """What the template of a model's page is given."""

    name: str
    version: str
    is_simulated: bool
    description: str
    not_for: str
    sections: list[Section]


def card_file(name: str) -> str:
    """Return the file name of a model's page."""
    return f"{name}.html"


def card_page(name: str, version: str, card: Mapping[str, Any]) -> CardPage:
    """Return what a model's page holds: all that its card says.

    Parameters
    ----------
    name, version
        Of the model.
    card
        As the registry stores it.
    """
    card = {**card, "version": version}
    told = {key for _, keys in _SECTIONS for key in keys}
    rest = tuple(key for key in card if key not in told | _APART)
    sections = []
    for title, keys in (*_SECTIONS, ("Besides", rest)):
        section = Section(title)
        for key in keys:
            if key in card:
                _tell(section, word(key), card[key])
        if section:
            sections.append(section)
    return CardPage(
        name,
        version,
        bool(card.get("simulated")),
        str(card.get("description", "")),
        str(card.get("not_for", "")),
        sections,
    )


def word(key: str) -> str:
    """Return a card's key as a reader calls it."""
    return _WORDS.get(key, key.replace("_", " "))


def _tell(section: Section, title: str, value: Any) -> None:
    """Add a value to a section: rows as a table, counts in a line, what is nested below."""
    if isinstance(value, list) and _is_rows(value):
        section.listings.append(_listing(title, [dict(_flat(row)) for row in value]))
    elif not isinstance(value, Mapping) or _is_single(value) or _is_counts(value):
        section.pairs.append((title, _single(value)))
    elif _is_rows(value):
        rows = [{"": word(str(key)), **dict(_flat(one))} for key, one in value.items()]
        section.listings.append(_listing(title, rows))
    else:
        for key, one in value.items():
            _tell(section, f"{title}: {word(str(key))}", one)


def _is_counts(value: Mapping[str, Any]) -> bool:
    """Tell whether a mapping is short enough for a line: names and single numbers."""
    return 0 < len(value) <= 16 and all(isinstance(one, int | float) for one in value.values())


def _is_rows(value: Any) -> bool:
    """Tell whether a value wants a table: several mappings with the same names."""
    rows = list(value.values()) if isinstance(value, Mapping) else value
    return (
        isinstance(rows, list)
        and len(rows) > (1 if isinstance(value, Mapping) else 0)
        and all(isinstance(one, Mapping) and not _is_single(one) for one in rows)
        and len({frozenset(one) for one in rows}) <= max(1, len(rows) // 3)
    )


def _is_single(value: Any) -> bool:
    """Tell whether a value is a number with its interval."""
    return isinstance(value, Mapping) and set(value) == {"value", "interval"}


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield name and value of all that is nested in a mapping."""
    for key, one in value.items():
        name = f"{before}{word(str(key))}"
        if isinstance(one, Mapping) and not _is_single(one):
            yield from _flat(one, f"{name} ")
        else:
            yield name, one


def _single(value: Any) -> Markup:
    if _is_single(value):
        ends = [one for one in value["interval"] if one is not None]
        if value["value"] is None:
            return Markup("")
        return Markup("{}{}").format(
            cell(float(value["value"]), 3),
            f" ({ends[0]:.3f}–{ends[1]:.3f})" if len(ends) == 2 else "",
        )
    if isinstance(value, list):
        return Markup(", ").join(_single(one) for one in value)
    if isinstance(value, Mapping):
        return escape(", ".join(f"{name} {_single(one)}" for name, one in _flat(value)))
    return cell(value)


def _listing(title: str, rows: Sequence[Mapping[str, Any]]) -> Listing:
    names = dict.fromkeys(name for row in rows for name in row)
    headings = sorted(names, key=lambda name: name not in _FIRST)
    return Listing(title, headings, [[_single(row.get(name)) for name in headings] for row in rows])


def card_figures(source: Source) -> list[tuple[str, Wanted]]:
    """Return the figures that the models' cards and folders allow, with the model's name.

    Parameters
    ----------
    source
        The home of the models.
    """
    found = []
    for name, card in source.cards.items():
        mark = SIMULATED if card.get("simulated") else None
        for what, title, draw in _drawable(card):
            found.append((name, _wanted(name, what, title, _of_card(draw, card, mark))))
        folder = source.home.models / name / str(card["version"])
        for what, title, caption in _kept(card):
            png = folder / f"{what}.png"
            if png.exists():
                found.append((name, _wanted(name, what, title, _of_folder(png, caption))))
    return found


def _drawable(
    card: Mapping[str, Any],
) -> Iterator[tuple[str, str, Callable[[Mapping[str, Any], str | None], Plate]]]:
    scores = card.get("scores", {})
    if "confusion" in scores.get("all", {}):
        yield "confusion", "Confusion", card_plots.confusion
    if card.get("calibration", {}).get("table"):
        yield "calibration", "Calibration", card_plots.calibration
    if isinstance(scores.get("by_snr"), list):
        yield "scores_by_snr", "Scores by S/N", card_plots.slam_scores
    if "by_teff" in scores:
        yield "scores_by_teff", "Scores by Teff", card_plots.label_scores
    if "single" in scores:
        yield "scores_by_snr", "Scores by S/N", card_plots.magnitude_scores
    if len(card.get("history", [])) > 1:
        yield "training", "Training", card_plots.training


def _kept(card: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    if "error_model" in card:
        yield "error_model", "Posterior of the error model", told_errors(card)
    if "calibration" in card:
        yield (
            "scores", "Held-out spectra",
            "Spectra of stars that it has not seen: confusion, the upper left corner of the ROC "
            "curve, reliability; below, its surest mistakes: flux over the continuum about Hα "
            "against vacuum wavelength (Å).",
        )  # fmt: skip


def _wanted(
    name: str, what: str, title: str, draw: Callable[[Source], Plate | Kept | None]
) -> Wanted:
    return Wanted("", "", f"model_{name}_{what}", title, "", draw)


def _of_card(
    draw: Callable[[Mapping[str, Any], str | None], Plate],
    card: Mapping[str, Any],
    mark: str | None,
) -> Callable[[Source], Plate]:
    return lambda _: draw(card, mark)


def _of_folder(png: Path, caption: str) -> Callable[[Source], Kept]:
    return lambda _: Kept(png, caption)
