"""What dbt's rebuilds made: each table by which run, commit and vars, and how it was described.

dbt overwrites ``run_results.json`` and ``manifest.json`` at every call, also where it only tests,
makes one table anew, or fails. So what it made stays beside them:

    rebuild.json           the runs that tables stand from, and which table from which
    built_manifest.json    the manifest, with each table as it was when it was made
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from warehouse.export.metadata import read_manifest

#: Calls of dbt that make tables.
REBUILDS = ("run", "build")

_TABLES = ("model.", "seed.")
_RESULTS, _MANIFEST = "run_results.json", "manifest.json"
_KEPT, _BUILT, _BEGUN = "rebuild.json", "built_manifest.json", "rebuild.begun.json"


@dataclass(frozen=True)
class Rebuilds:
    """Runs of dbt and what they made.

    Attributes
    ----------
    runs
        ``metadata``, ``args`` and, where it is known, ``commit`` of each, by its invocation.
    tables
        Invocation of the run that made a model or a seed, by its unique id.
    ended
        Of the last run, whether it made a table or not: ``invocation_id``, ``generated_at``, and
        ``failed``, the names of what it could not make. Nothing where none is known.
    """

    runs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    ended: Mapping[str, Any] = field(default_factory=dict)

    @property
    def last(self) -> Mapping[str, Any]:
        """The newest run that made a table; nothing where none is known."""
        return max(self.runs.values(), key=_when, default={})

    @property
    def told_failure(self) -> str:
        """What the last run could not make, and what that means; empty where it made all."""
        failed = self.ended.get("failed", [])
        if not failed:
            return ""
        when = str(self.ended["generated_at"])[:19].replace("T", " ")
        return (
            f"the rebuild of {when} UTC failed in {', '.join(failed)}: these tables, and those "
            "after them, are what they were before"
        )

    def of(self, keys: Iterable[str]) -> list[Mapping[str, Any]]:
        """Return the runs that made some tables, oldest first, each once."""
        names = {self.tables[key] for key in keys if key in self.tables}
        return sorted((self.runs[name] for name in names), key=_when)

    def after(self, results: Mapping[str, Any], commit: str | None) -> Rebuilds:
        """Return what stands when a call of dbt has ended; the same where it made nothing.

        Parameters
        ----------
        results
            Content of ``run_results.json``.
        commit
            Of the source tree, where it is known.
        """
        metadata = results.get("metadata", {})
        invocation = metadata.get("invocation_id")
        if results.get("args", {}).get("which") not in REBUILDS or (
            invocation == self.ended.get("invocation_id")
        ):
            return self
        ended = {
            "invocation_id": invocation,
            "generated_at": metadata.get("generated_at", ""),
            "failed": failed_of(results),
        }
        made = made_by(results)
        if not made:
            return replace(self, ended=ended)
        tables = {**self.tables, **dict.fromkeys(made, invocation)}
        run = {"metadata": results["metadata"], "args": results["args"]}
        runs = {**self.runs, invocation: run | ({"commit": commit} if commit else {})}
        used = set(tables.values())
        return Rebuilds({name: one for name, one in runs.items() if name in used}, tables, ended)


def made_by(results: Mapping[str, Any]) -> list[str]:
    """Return the unique ids of the tables that a call of dbt made; those that failed are not."""
    if results.get("args", {}).get("which") not in REBUILDS:
        return []
    return [
        one["unique_id"]
        for one in results.get("results", [])
        if one["status"] == "success" and one["unique_id"].startswith(_TABLES)
    ]


def failed_of(results: Mapping[str, Any]) -> list[str]:
    """Return the names of the tables that a call of dbt could not make; not those after them."""
    return [
        one["unique_id"].rpartition(".")[2]
        for one in results.get("results", [])
        if one["status"] in ("error", "partial success") and one["unique_id"].startswith(_TABLES)
    ]


def begin_rebuild(target: Path) -> None:
    """Note that a rebuild begins: if it is killed, nobody knows which tables are its own.

    What dbt's last call made, where it was called on its own, is kept: this one overwrites it.

    Parameters
    ----------
    target
        dbt's folder.
    """
    target.mkdir(parents=True, exist_ok=True)
    _keep(target, None)
    _write(target / _BEGUN, {"after_unfinished": is_unfinished(target)})


def end_rebuild(target: Path, commit: str) -> None:
    """Keep what a rebuild made, and how it described it.

    Parameters
    ----------
    target
        dbt's folder.
    commit
        Of the source tree that the tables were made by.
    """
    results = _json(target / _RESULTS)
    args = results.get("args", {})
    is_partial = bool(args.get("select") or args.get("exclude"))
    if not (is_partial and _json(target / _BEGUN).get("after_unfinished")):
        (target / _BEGUN).unlink(missing_ok=True)
    _keep(target, commit)


def _keep(target: Path, commit: str | None) -> None:
    results, before = _json(target / _RESULTS), _kept(target)
    after = before.after(results, commit)
    if after is before:
        return
    if after.runs is before.runs:
        _write(target / _KEPT, asdict(after))
        return
    made = set(made_by(results))
    manifest = read_manifest(target / _MANIFEST)
    for key, node in _json(target / _BUILT).get("nodes", {}).items():
        if key not in made and key in after.tables and key in manifest["nodes"]:
            manifest["nodes"][key] = node
    _write(target / _BUILT, manifest)
    _write(target / _KEPT, asdict(after))


def rebuilds(target: Path) -> Rebuilds:
    """Return the runs that made what stands, those of dbt without `hotstars build` among them."""
    return _kept(target).after(_json(target / _RESULTS), None)


def is_unfinished(target: Path) -> bool:
    """Tell whether a rebuild was killed, and no whole one ended since."""
    return (target / _BEGUN).exists()


def built_manifest(target: Path) -> Path:
    """Return the manifest that describes the tables as they were made.

    It is dbt's own where dbt was called without `hotstars build` since, or nothing was built.
    """
    kept = _kept(target)
    is_all_kept = kept.after(_json(target / _RESULTS), None).runs is kept.runs
    return target / (_BUILT if is_all_kept and (target / _BUILT).exists() else _MANIFEST)


def _kept(target: Path) -> Rebuilds:
    told = _json(target / _KEPT)
    return Rebuilds(told.get("runs", {}), told.get("tables", {}), told.get("ended", {}))


def _when(run: Mapping[str, Any]) -> str:
    return str(run["metadata"].get("generated_at", ""))


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content


def _write(path: Path, content: Mapping[str, Any]) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(content))
    part.replace(path)
