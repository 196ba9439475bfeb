"""The ledger of decisions in sentences: why a star is in a catalogue, or why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: What each step asks, in words.
_ASKED = {
    "signal_to_noise": "Is the spectrum good enough?",
    "effective_temperature": "Is it no star of middle temperature?",
    "line_indices": "Are H-alpha and Mg b those of an early type?",
    "infrared_q": "Is it no late type by its infrared colours?",
    "halpha_emission": "Does H-alpha show emission?",
    "contaminants": "Is it free of what imitates a Be star?",
    "literature": "Is it not known already?",
    "spectral_type": "Is it of spectral type B?",
    "infrared_colours": "Are its infrared colours those of a Be star?",
}


def sentence(row: Mapping[str, Any]) -> str:
    """Return what the ledger says of one criterion.

    Parameters
    ----------
    row
        Of ``be_decisions``.
    """
    asked = _ASKED.get(str(row["criterion"]), str(row["criterion"]).replace("_", " "))
    value = row["measured_value"]
    verdict = {True: "passed", False: "failed"}.get(row["is_passed"], "could not be judged")
    end = " This decides: the star is left out here." if row["is_deciding"] else ""
    if row["threshold"] == "in none":
        word = "In none of these" if row["is_passed"] else "In one or more of these"
        told = f"{word}: {row['quantity']}"
    elif value is None:
        told = f"{row['quantity']} is not there; wanted: {row['threshold']}"
    else:
        told = f"{row['quantity']} is {value:.4g}; wanted: {row['threshold']}"
    return f"{row['step']}. {asked} {told}. {verdict.capitalize()} ({row['section']}).{end}"


def sentences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ledger of one star, in the order of the steps, with what it comes to."""
    if not rows:
        return ["The star has no row in the ledger of Be stars."]
    ordered = sorted(rows, key=lambda row: (str(row["survey"]), int(row["step"])))
    lines = [sentence(row) for row in ordered]
    if not any(row["is_deciding"] for row in ordered):
        lines.append("It passed every criterion: it is a new classical Be star.")
    return lines
