"""The receipts of a star as lines on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hotstars.report.ledger import sentences
from hotstars.report.values import measured, shown_unit

#: Longest value of a setting that is printed whole.
_LONG = 60

_NAMES = ("designation", "apogee_id", "survey")


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is known of a star, and where it comes from.

    Parameters
    ----------
    found
        What `hotstars explain --json` prints.
    """
    yield found["name"]
    yield f"   in {', '.join(found['catalogues']) or 'no catalogue'}"
    yield from _catalogues(found)
    yield "\nspectra"
    yield from (_spectrum(row) for row in found["spectra"]) if found["spectra"] else ("   none",)
    yield "\nmatched with"
    yield from (line for row in found["matches"] for line in _match(row))
    if not found["matches"]:
        yield "   nothing"
    yield "\nmodels"
    yield from (_model(row) for row in found["models"]) if found["models"] else ("   none",)
    if found["settings"]:
        yield "\nsettings that its tables read (dbt_project.yml)"
        yield from _settings(found["settings"])
    yield from (f"   {name} (each row with its source)" for name in found["constants"])
    yield "\nbuilt by"
    for name, value in found["rebuild"].items():
        if value not in ("", None):  # a star in no table has no sources
            yield f"   {name.replace('_', ' ')}: {value}"
    for mart, facts in found["rebuilt_apart"].items():
        told = (f"{name.replace('_', ' ')} {value}" for name, value in facts.items() if value)
        yield f"   {mart}: {', '.join(told)}"
    if found["decisions"] or not found["name"].startswith("2M"):
        yield "\nwhy it is in the catalogue of Be stars, or not"
        yield from (f"   {line}" for line in sentences(found["decisions"]))


def _catalogues(found: Mapping[str, Any]) -> Iterator[str]:
    for mart, rows in found["catalogues"].items():
        table = found["tables"].get(mart, {})
        place = ", ".join(filter(None, (
            f"{table['paper']}, {table['section']}" if table.get("paper") else "",
            f"dbt_project/{table['sql']}" if table.get("sql") else "",
        )))  # fmt: skip
        yield f"\n{mart}" + (f" ({place})" if place else "")
        for row in rows:
            yield "   " + "; ".join(_numbers(row, table))


def _numbers(row: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[str]:
    """Yield a row's values with their errors and units, rounded as the table is printed."""
    units, decimals = table.get("units", {}), table.get("decimals", {})
    for name, value in row.items():
        if name == "flag" and not value and "slam_model" in row:
            yield "flag missing: labels are extrapolated"
        if value is None or value == "" or name in _NAMES or name.removesuffix("_error") != name:
            continue
        if isinstance(value, float):
            error = row.get(f"{name}_error")
            text = measured(value, error, decimals.get(name), shown_unit(units.get(name, "")))
            yield f"{name} {text.replace('−', '-')}"  # a number that can be copied
        else:
            yield f"{name} {_value(value)}"


def _spectrum(row: Mapping[str, Any]) -> str:
    what = f"obsid {row['obsid']}" if "obsid" in row else f"{row['telescope']}, {row['field']}"
    told = [what, row["survey"], row["release"]]
    told += [f"MJD {row['mjd']:.3f}"] if row.get("mjd") is not None else []
    snr = [f"{row[key]:.0f}" for key in ("snr_b", "snr_r", "snr") if row.get(key) is not None]
    told += [f"S/N {'/'.join(snr)}"] if snr else []
    loaded = str(row["loaded_at"])[:19]
    return (
        f"   {', '.join(str(one) for one in told if one)}\n      {row['path']}\n"
        f"      SHA-256 {row['sha256']}, loaded {loaded} by hotstars {row['loaded_by']}"
    )


def _match(row: Mapping[str, Any]) -> Iterator[str]:
    told = [f"{row['catalogue']}: {row['identifier']}"]
    if row.get("release"):
        told.append(str(row["release"]))
    if row.get("angular_distance") is not None:
        told.append(f"{row['angular_distance']:.3f} arcsec away")
    if row.get("number_of_neighbours") is not None:
        told.append(f"{row['number_of_neighbours']} in reach")
    for name in ("motion_distance", "parallax_distance"):
        if row.get(name) is not None:
            told.append(f"{name.replace('_distance', '')} off by {row[name]:.2f} sigma")
    if row.get("is_member") is not None:
        told.append("a member" if row["is_member"] else "no member")
    yield "   " + ", ".join(told)
    yield from (f"      {file['path']}, SHA-256 {file['sha256']}" for file in row["files"])


def _model(row: Mapping[str, Any]) -> str:
    text = f"   {row['model']} {row['version']}"
    if not row["stored"]:
        return f"{text}: its files are no longer in the registry"
    return (
        f"{text}, trained on {row['trained_on']}\n      {row['card']}\n"
        f"      weights' SHA-256 {row['weights_sha256']}"
    )


def _settings(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield settings under the papers and sections that they come from."""
    before = None
    for row in rows:
        if row["source"] != before:
            before = row["source"]
            yield f"   {before}"
        text = str(row["value"])
        text = text if len(text) <= _LONG else f"{text[:_LONG]} ..."
        yield f"      {row['name']} = {text}" + (f"  ({row['remark']})" if row["remark"] else "")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
