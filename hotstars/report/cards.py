"""Pages of the models: what each was trained on, how good it is, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from hotstars.report.pages import number, page, table

#: What a card shows first, in this order.
_FIRST = ("description", "not_for", "warning", "architecture", "weights_origin", "version")

_TITLES = {
    "not_for": "Not for",
    "weights_origin": "Origin of the weights",
    "m_ks": "M_Ks",
    "by_snr": "by S/N",
}


def card_file(name: str) -> str:
    """Return the file name of a model's page."""
    return f"{name}.html"


def card_page(name: str, version: str, card: Mapping[str, Any]) -> str:
    """Return a model's page.

    Parameters
    ----------
    name, version
        Of the model.
    card
        As the registry stores it.
    """
    parts = [f"<h1>{escape(name)}</h1>", f"<p>Version {escape(version)}.</p>"]
    if card.get("simulated"):
        parts.append(
            '<p class="sim"><strong>Trained on SIMULATED data.</strong> What it says of real stars '
            "has not been shown.</p>"
        )
    order = [key for key in _FIRST if key in card]
    order += [key for key in card if key not in {*order, "name", "simulated"}]
    plain = [key for key in order if not isinstance(card[key], dict | list)]
    parts.append(
        "<table>"
        + "".join(
            f"<tr><th>{escape(_title(key))}</th><td>{escape(number(card[key]))}</td></tr>"
            for key in plain
        )
        + "</table>"
    )
    for key in order:
        if key not in plain:
            parts += [f"<h2>{escape(_title(key))}</h2>", _value(card[key])]
    return page(f"{name}: model card", "\n".join(parts), back="../index.html")


def _title(key: str) -> str:
    return _TITLES.get(key, key.replace("_", " ").capitalize())


def _value(value: Any) -> str:
    """Return nested values as tables within tables; lists of rows as one table."""
    if isinstance(value, Mapping):
        if not value:
            return '<p class="small">none</p>'
        rows = "".join(
            f"<tr><th>{escape(str(key))}</th><td>{_value(one)}</td></tr>"
            for key, one in value.items()
        )
        return f"<table>{rows}</table>"
    if isinstance(value, list):
        if value and all(isinstance(one, Mapping) for one in value):
            flat = [
                {key: ", ".join(f"{k} {number(v)}" for k, v in one.items())
                 if isinstance(one, Mapping) else one for key, one in row.items()}
                for row in value
            ]  # fmt: skip
            same = all(list(row) == list(flat[0]) for row in flat)
            return table(flat) if same and len(flat) > 1 else "".join(_value(one) for one in value)
        return escape(", ".join(number(one) for one in value))
    return escape(number(value))
