"""A line of the scorecard, and how it is judged and shown."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parent / "published"

REPRODUCED = "reproduced"
DIFFERS = "differs"
MISSING = "needs data"

#: Papers in their order, with their addresses at ADS.
PAPERS = {
    "wang2022": ("Wang+2022", "https://ui.adsabs.harvard.edu/abs/2022ApJS..260...35W"),
    "xiang2021": ("Xiang+2021", "https://ui.adsabs.harvard.edu/abs/2021ApJS..253...22X"),
    "guo2021": ("Guo+2021", "https://ui.adsabs.harvard.edu/abs/2021ApJS..257...54G"),
    "sprague2022": ("Sprague+2022", "https://ui.adsabs.harvard.edu/abs/2022AJ....163..152S"),
}


@dataclass(frozen=True)
class Score:
    """A printed number beside what is obtained here.

    Attributes
    ----------
    paper
        Key of :data:`PAPERS`.
    place
        Table, figure or section.
    quantity
        What the number is, with its unit.
    expected
        As printed; True or False for membership.
    obtained
        Here; None where the data are not at hand.
    tolerance
        Greatest difference of a reproduced number.
    source
        Where `obtained` comes from; the command that would give it where it is None.
    note
        What the reader should know of the difference.
    digits
        Decimals of the printed number; what is obtained is shown with one more.
    """

    paper: str
    place: str
    quantity: str
    expected: float | bool
    obtained: float | bool | None
    tolerance: float
    source: str
    note: str = ""
    digits: int = 0

    @property
    def difference(self) -> float | None:
        """Obtained minus expected, of numbers."""
        if self.obtained is None or isinstance(self.expected, bool):
            return None
        return float(self.obtained) - float(self.expected)

    @property
    def verdict(self) -> str:
        """``reproduced``, ``differs`` or ``needs data``."""
        if self.obtained is None:
            return MISSING
        if isinstance(self.expected, bool):
            return REPRODUCED if self.obtained is self.expected else DIFFERS
        difference = self.difference
        assert difference is not None
        # a printed tolerance is decimal, the difference is not
        fine = math.isfinite(difference) and abs(difference) <= self.tolerance * (1 + 1e-9)
        return REPRODUCED if fine else DIFFERS

    def cells(self) -> dict[str, str]:
        """Return the line as text by column, in the columns' order."""
        return {
            "paper": PAPERS[self.paper][0],
            "place": self.place,
            "quantity": self.quantity,
            "expected": _shown(self.expected, self.digits),
            "obtained": _shown(self.obtained, self.digits + 1),
            "difference": _shown(self.difference, self.digits + 1, sign=True),
            "tolerance": "" if isinstance(self.expected, bool) else f"{self.tolerance:g}",
            "verdict": self.verdict,
            "how": self.source + (f". {self.note}" if self.note else ""),
        }


def published_rows(name: str) -> list[dict[str, str]]:
    """Return the rows that a table of a paper prints, as text.

    Parameters
    ----------
    name
        Of the file under ``published``, without ``.csv``.
    """
    with (PUBLISHED / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def counts(scores: Iterable[Score]) -> dict[str, dict[str, int]]:
    """Return how many lines of each paper have each verdict, all papers last."""
    names = [label for label, _ in PAPERS.values()]
    table = {name: dict.fromkeys((REPRODUCED, DIFFERS, MISSING), 0) for name in [*names, "all"]}
    for score in scores:
        for name in (PAPERS[score.paper][0], "all"):
            table[name][score.verdict] += 1
    return table


def markdown(scores: Sequence[Score]) -> str:
    """Return the scorecard as Markdown tables: a summary, then one a paper."""
    lines = ["| paper | reproduced | differs | needs data |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {name} | {row[REPRODUCED]} | {row[DIFFERS]} | {row[MISSING]} |"
        for name, row in counts(scores).items()
    ]
    for key, (name, address) in PAPERS.items():
        lines += ["", f"## [{name}]({address})", ""]
        chosen = [score.cells() for score in scores if score.paper == key]
        if not chosen:
            continue
        titles = [title for title in chosen[0] if title != "paper"]
        lines.append("| " + " | ".join(titles) + " |")
        lines.append("|" + " --- |" * len(titles))
        lines += ["| " + " | ".join(_escaped(row[t]) for t in titles) + " |" for row in chosen]
    return "\n".join(lines) + "\n"


def as_json(score: Score) -> dict[str, Any]:
    """Return a line as JSON takes it."""
    return {
        "paper": score.paper,
        "place": score.place,
        "quantity": score.quantity,
        "expected": score.expected,
        "obtained": score.obtained,
        "difference": score.difference,
        "tolerance": score.tolerance,
        "verdict": score.verdict,
        "source": score.source,
        "note": score.note,
        "digits": score.digits,
    }


def decimals(text: str) -> int:
    """Return how many decimals a printed number has."""
    return len(text.partition(".")[2])


def _shown(value: float | bool | None, digits: int, *, sign: bool = False) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if digits <= 1 and float(value).is_integer():  # counts
        return f"{value:+,.0f}" if sign else f"{value:,.0f}"
    return f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
