"""Receipts: settings with their papers, what SQL read them, and which rebuild made the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import yaml

from hotstars.project import PROJECT
from hotstars.receipts.lineage import (
    ancestors,
    constants_read,
    model_columns,
    setting_sources,
    settings_read,
    sql_file,
)
from hotstars.receipts.origins import matches
from hotstars.receipts.rebuild import models_by_mart
from hotstars.receipts.text import _match, lines
from hotstars.verbs.explain import find
from warehouse.export.metadata import read_manifest
from warehouse.export.origin import (
    of_rebuild,
    of_tables,
    settings,
    source_releases,
    told_sources,
)
from warehouse.export.rebuilds import (
    begin_rebuild,
    built_manifest,
    end_rebuild,
    is_unfinished,
    rebuilds,
)

MANIFEST: dict[str, Any] = {
    "nodes": {
        "model.hotstars.be_new": {
            "resource_type": "model",
            "name": "be_new",
            "original_file_path": "models/marts/be_new.sql",
            "raw_code": "select * from {{ ref('tests') }}",
            "depends_on": {"nodes": ["model.hotstars.tests"], "macros": []},
        },
        "model.hotstars.tests": {
            "resource_type": "model",
            "name": "tests",
            "original_file_path": "models/tests.sql",
            "raw_code": "{{ match('x') }} where ew < {{ var('ew_max') }} and {{ var( \"q\" ) }}",
            "depends_on": {
                "nodes": ["source.hotstars.raw.gaia", "model.hotstars.stg_constants__ratios"],
                "macros": ["macro.hotstars.match", "macro.dbt.ref"],
            },
        },
        "model.hotstars.stg_constants__ratios": {
            "resource_type": "model",
            "name": "stg_constants__ratios",
            "original_file_path": "models/ratios.sql",
            "raw_code": "select 1",
            "depends_on": {"nodes": [], "macros": []},
        },
        "model.hotstars.other": {
            "resource_type": "model",
            "name": "other",
            "original_file_path": "models/other.sql",
            "raw_code": "{{ var('unrelated') }}",
            "depends_on": {"nodes": [], "macros": []},
        },
    },
    "macros": {
        "macro.hotstars.match": {
            "macro_sql": "{{ inner() }}",
            "depends_on": {"macros": ["macro.hotstars.inner"]},
        },
        "macro.hotstars.inner": {
            "macro_sql": "{{ var('radius') }}",
            "depends_on": {"macros": ["macro.hotstars.match"]},  # macros may call each other
        },
    },
}


def test_settings_are_those_that_a_table_and_all_before_it_read() -> None:
    chain = ancestors(MANIFEST, "be_new")
    assert chain[0] == "model.hotstars.be_new"
    assert set(chain) == {
        "model.hotstars.be_new", "model.hotstars.tests", "source.hotstars.raw.gaia",
        "model.hotstars.stg_constants__ratios",
    }  # fmt: skip
    assert settings_read(MANIFEST, chain) == ["ew_max", "q", "radius"]
    assert constants_read(MANIFEST, chain) == ["constants/ratios.csv"]
    assert sql_file(MANIFEST, "be_new") == "models/marts/be_new.sql"
    assert ancestors(MANIFEST, "no such mart") == []


def test_models_that_decided_before_a_table_are_named_with_it() -> None:
    """A list of stars need not have a column for the network that judged their spectra."""

    def node(schema: str, name: str, columns: list[str], before: list[str]) -> dict[str, Any]:
        return {
            "resource_type": "model", "schema": schema, "name": name,
            "columns": {column: {"name": column} for column in columns},
            "depends_on": {"nodes": [f"model.hotstars.{one}" for one in before]},
        }  # fmt: skip

    nodes = [
        node("marts", "be_new", ["designation"], ["tests"]),
        node("marts", "labels", ["designation", "slam_model"], []),
        node("marts", "plain", ["designation"], []),
        node("intermediate", "tests", ["designation", "be_model"], ["spectra"]),
        node("intermediate", "spectra", ["obsid", "be_model"], []),
    ]
    manifest = {"nodes": {f"model.hotstars.{one['name']}": one for one in nodes}}
    assert model_columns(manifest, ancestors(manifest, "be_new")) == [
        ("intermediate.spectra", "be_model"), ("intermediate.tests", "be_model"),
    ]  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute(
            """
            create schema intermediate; create schema marts;
            create table intermediate.tests as
                select * from (values ('a', 'net 1'), ('b', null)) as v(designation, be_model);
            create table intermediate.spectra as select 1 as obsid, 'net 2' as be_model;
            create table marts.labels as select 'a' as designation, null::varchar as slam_model
            """
        )
        assert models_by_mart(manifest, connection) == {"be_new": ["net 1", "net 2"]}


def test_every_setting_of_the_project_has_a_source() -> None:
    """The title of its section names a paper, or says that it is ours."""
    file = PROJECT / "dbt_project.yml"
    sources = setting_sources(file)
    assert list(sources) == list(yaml.safe_load(file.read_text())["vars"])
    assert all(title for title, _ in sources.values())
    assert sources["ew_halpha_max"] == (
        "Wang+2022, section 3: early-type stars", "A, absorption positive",
    )  # fmt: skip
    assert "Hou+2016" in sources["be_hk_max"][1]


def test_a_star_is_found_by_the_start_of_its_name_and_no_letter_is_a_wildcard() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema intermediate; create table intermediate.int_stars as "
            "select unnest(['J0403', 'J0403+51', 'J0404+51', 'J_1']) as designation"
        )
        assert find(connection, "J0403") == ["J0403"]
        assert find(connection, "J040") == ["J0403", "J0403+51", "J0404+51"]
        assert find(connection, "J_") == ["J_1"]
        assert find(connection, "J%51") == find(connection, "51") == []


def test_reddening_is_told_by_what_it_comes_from_and_not_where_there_is_none() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema intermediate; create schema raw;"
            "create table raw.reddening as select 'J1' as designation, 'Bayestar19' as dust_map, "
            "'run' as run_id;"
            "create table raw.ingested_file as select '/dust.csv' as path, 'ab12' as sha256, "
            "'run' as run_id, 'reddening' as source;"
            "create table intermediate.int_star_reddening as select * from (values "
            "('J1', 'Bayestar19', 'Bayestar19'), ('J2', null, 'colour excess (G-J)'), "
            "('J3', null, null)) as v(designation, dust_map, ebv_method)"
        )
        told = {name: matches(connection, name) for name in ("J1", "J2", "J3")}
    (by_map,) = told["J1"]
    assert by_map["files"] == [{"path": "/dust.csv", "sha256": "ab12"}]
    text = [*_match(by_map), *(line for row in told["J2"] for line in _match(row))]
    assert text == ["   reddening: Bayestar19", "      /dust.csv, SHA-256 ab12",
                    "   reddening: colour excess (G-J)"]  # fmt: skip
    assert told["J3"] == []


def test_what_is_not_known_of_a_rebuild_is_left_out() -> None:
    found = {
        "name": "2M1", "catalogues": {}, "tables": {}, "spectra": [], "matches": [], "models": [],
        "settings": [], "constants": [], "rebuild": {"commit": "0123abc", "sources": ""},
        "rebuilt_apart": {}, "decisions": [],
    }  # fmt: skip
    told = list(lines(found))
    assert "   commit: 0123abc" in told
    assert not [line for line in told if "sources" in line]


def test_sources_are_those_that_a_table_reads() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema raw;"
            "create table raw.gaia_source as select 'DR3' as release;"
            "create table raw.apogee_star as select 'dr17' as release;"
            "create table raw.literature_star as select unnest(['Lin+2015', 'Hou+2016']) reference;"
            "create table raw.reddening as select 'Bayestar19' as dust_map;"
            "create table raw.ingest_run as select 1 as run_id"
        )
        found = source_releases(connection)
    keys = ["model.hotstars.be_new", "source.hotstars.raw.literature_star",
            "source.hotstars.raw.gaia_source", "source.hotstars.raw.reddening"]  # fmt: skip
    assert told_sources(found, keys) == (
        "gaia_source DR3; literature_star Hou+2016, Lin+2015; reddening Bayestar19"
    )
    assert "apogee_star dr17" in told_sources(found)


KEYS = ["model.hotstars.be_new", "model.hotstars.tests", "seed.hotstars.bands"]


def dbt(
    target: Path, which: str, made: str, given: Any = None, failed: tuple[str, ...] = (),
    selected: tuple[str, ...] = (), band: str = "6548 to 6578",
) -> None:  # fmt: skip
    """Write what a call of dbt leaves behind."""
    target.mkdir(exist_ok=True)
    results = {
        "metadata": {"invocation_id": f"{which} {made}", "generated_at": f"{made}T00:00:00Z"},
        "args": {"which": which, "vars": given or {}, "select": list(selected)},
        "results": [
            {"unique_id": key, "status": "error" if key in failed else "success"}
            for key in KEYS
            if not selected or key.endswith(selected)
        ],
    }
    (target / "run_results.json").write_text(json.dumps(results))
    node = {"resource_type": "model", "schema": "marts", "columns": {}, "description": band}
    nodes = {key: {**node, "name": key.rpartition(".")[2]} for key in KEYS}
    (target / "manifest.json").write_text(json.dumps({"nodes": nodes}))


def described(target: Path) -> dict[str, str]:
    nodes = read_manifest(built_manifest(target))["nodes"]
    return {node["name"]: node["description"] for node in nodes.values()}


def test_tests_and_docs_of_dbt_are_no_rebuild(tmp_path: Path) -> None:
    """dbt writes its results at every call; what the tables were made by stays known."""
    target = tmp_path / "target"
    assert rebuilds(target).last == {}
    dbt(target, "run", "2026-01-01", {"ew_halpha_max": 5.0}, band="6550 to 6570")
    end_rebuild(target, "0123abc")
    dbt(target, "test", "2026-01-02")
    end_rebuild(target, "4567def")
    assert rebuilds(target).last["commit"] == "0123abc"
    assert rebuilds(target).last["metadata"]["invocation_id"] == "run 2026-01-01"
    assert settings(target, PROJECT)["ew_halpha_max"] == 5.0
    assert settings(target, PROJECT)["ew_mgb_max"] == 1.2
    assert described(target)["be_new"] == "6550 to 6570"  # as it was made
    # dbt called without `hotstars build`
    dbt(target, "build", "2026-01-03", band="6540 to 6590")
    assert rebuilds(target).last["metadata"]["invocation_id"] == "build 2026-01-03"
    assert "commit" not in rebuilds(target).last
    assert settings(target, PROJECT)["ew_halpha_max"] == 10.0
    assert described(target)["be_new"] == "6540 to 6590"


def test_each_table_has_the_run_that_made_it(tmp_path: Path) -> None:
    target = tmp_path / "target"
    be_new, tests, bands = KEYS
    chains = {"be_new": [be_new, tests, "source.hotstars.raw.gaia"], "bands": [bands]}
    dbt(target, "run", "2026-01-01", {"q_slope": 1.5}, band="old")
    end_rebuild(target, "aaa")
    assert of_tables(target, PROJECT, chains, "now") == {}  # all as the last run
    dbt(target, "run", "2026-01-02", {"q_max": 0.3}, selected=("be_new",), band="new")
    end_rebuild(target, "bbb")
    dbt(target, "run", "2026-01-03", {"q_max": 0.1}, failed=tuple(KEYS), band="never")
    end_rebuild(target, "ccc")
    assert rebuilds(target).last["commit"] == "bbb"
    told = rebuilds(target).told_failure
    assert told.startswith("the rebuild of 2026-01-03 00:00:00 UTC failed in be_new, tests, bands:")
    apart = of_tables(target, PROJECT, chains, "now")
    assert apart["be_new"] == {
        "commit": "bbb", "dbt_invocation": "run 2026-01-02", "built_at": "2026-01-02T00:00:00",
        "vars": "q_slope 1.5, q_max 0.3", "runs_before": "run 2026-01-01",
    }  # fmt: skip
    assert apart["bands"] == {
        "commit": "aaa", "dbt_invocation": "run 2026-01-01", "built_at": "2026-01-01T00:00:00",
        "vars": "q_slope 1.5", "runs_before": "",
    }  # fmt: skip
    assert described(target) == {"be_new": "new", "tests": "old", "bands": "old"}
    # what comes before it was made anew after it, and has no part in it
    dbt(target, "run", "2026-01-04", {"q_max": 0.2}, selected=("tests",), band="newest")
    end_rebuild(target, "eee")
    assert rebuilds(target).told_failure == ""
    assert of_tables(target, PROJECT, chains, "now")["be_new"]["runs_before"] == ""
    assert of_tables(target, PROJECT, chains, "now")["be_new"]["vars"] == "q_max 0.3"
    # the whole anew: what came before is forgotten
    dbt(target, "run", "2026-01-05")
    end_rebuild(target, "ddd")
    assert list(rebuilds(target).runs) == ["run 2026-01-05"]
    assert of_tables(target, PROJECT, chains, "now") == {}


def test_what_dbt_made_on_its_own_stays_its_own_when_a_part_is_built_after_it(
    tmp_path: Path,
) -> None:
    target = tmp_path / "target"
    begin_rebuild(target)
    dbt(target, "run", "2026-01-01", {"q_slope": 1.5}, band="first")
    end_rebuild(target, "aaa")
    dbt(target, "run", "2026-01-02", {"q_slope": 1.7}, band="by dbt")  # without `hotstars build`
    begin_rebuild(target)
    dbt(target, "run", "2026-01-03", selected=("be_new",), band="third")
    end_rebuild(target, "ccc")
    be_new, tests, bands = KEYS
    runs = rebuilds(target)
    assert runs.tables[be_new] == "run 2026-01-03"
    assert runs.tables[tests] == runs.tables[bands] == "run 2026-01-02"
    assert "commit" not in runs.runs["run 2026-01-02"]
    assert described(target) == {"be_new": "third", "tests": "by dbt", "bands": "by dbt"}


def test_a_killed_rebuild_is_told_until_a_whole_one_has_ended(tmp_path: Path) -> None:
    target = tmp_path / "target"
    dbt(target, "run", "2026-01-01")
    end_rebuild(target, "aaa")
    assert not is_unfinished(target)
    begin_rebuild(target)  # and killed
    assert is_unfinished(target)
    begin_rebuild(target)
    dbt(target, "run", "2026-01-02", selected=("be_new",))
    end_rebuild(target, "aaa")
    assert is_unfinished(target)
    with duckdb.connect() as connection:
        assert "killed" in of_rebuild(target, PROJECT, connection, "aaa")["unfinished"]
    begin_rebuild(target)
    dbt(target, "run", "2026-01-03")
    end_rebuild(target, "aaa")
    assert not is_unfinished(target)
