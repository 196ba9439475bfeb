"""Every model and column says what it is; every released column how it is printed."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from astropy import units
from astropy.io.votable.ucd import check_ucd
from built import Built

from hotstars.scorecard.scores import PAPERS
from warehouse.export.cds_units import printed_unit
from warehouse.export.labels import printed_labels
from warehouse.export.metadata import marts
from warehouse.export.printing import PrintFormat


@pytest.fixture(scope="module")
def manifest(catalogues: Built) -> dict[str, Any]:
    return catalogues.json("manifest")


@pytest.fixture(scope="module")
def columns(catalogues: Built) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Columns and types of every relation that dbt made, as the database has them."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, column, type_name in catalogues.query(
        """
        select schema_name, table_name, column_name, data_type from duckdb_columns()
        where schema_name in ('staging', 'intermediate', 'marts')
        order by all
        """
    ):
        found.setdefault((schema, table), []).append((column, type_name))
    return found


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_every_model_and_column_is_described(manifest: dict[str, Any], columns: Any) -> None:
    for model in models(manifest):
        assert model["description"].startswith("One row"), model["name"]
        described = {name for name, column in model["columns"].items() if column["description"]}
        there = {name for name, _ in columns[model["schema"], model["name"]]}
        assert described == there, model["name"]


def test_every_source_column_is_described_as_in_the_database(
    manifest: dict[str, Any], catalogues: Built
) -> None:
    for source in manifest["sources"].values():
        comments = dict(
            catalogues.query(
                "select column_name, comment from duckdb_columns() "
                "where schema_name = 'raw' and table_name = ?",
                source["name"],
            )
        )
        assert source["description"]
        assert set(source["columns"]) == set(comments), source["name"]
        assert all(column["description"] for column in source["columns"].values())


def test_every_released_column_is_typed_and_printable(
    manifest: dict[str, Any], columns: Any
) -> None:
    for mart in marts(manifest).values():
        assert mart.paper, mart.name
        assert set(mart.order_by) <= {column.name for column in mart.columns}
        assert mart.order_by, mart.name
        types = dict(columns["marts", mart.name])
        for column in mart.columns:
            where = f"{mart.name}.{column.name}"
            assert column.ucd, where
            assert check_ucd(column.ucd, check_controlled_vocabulary=True), where
            if column.unit:
                units.Unit(column.unit, format="vounit", parse_strict="raise")
            assert column.print_format, where
            kind = PrintFormat.parse(column.print_format).kind
            expected = {"VARCHAR": "A", "DOUBLE": "FE", "FLOAT": "FE"}.get(types[column.name], "I")
            assert kind in expected, where


def test_every_mart_has_a_caption_and_the_bibcode_of_its_paper(manifest: dict[str, Any]) -> None:
    captions = {name: mart.title for name, mart in marts(manifest).items()}
    assert len(set(captions.values())) == len(captions)
    for name, title in captions.items():
        assert title, name
        assert len(title) <= 60, name
        assert title.isascii(), name
        assert not title.startswith("One row"), name
    bibcodes = {paper: url.rpartition("/")[2] for paper, url in PAPERS.values()}
    for mart in marts(manifest).values():
        assert mart.bibcode == bibcodes[str(mart.paper)], mart.name


def test_every_logarithm_says_of_what(manifest: dict[str, Any]) -> None:
    """log g, log Teff, log distance, log age, [Fe/H], [M/H], and their errors, and nothing else."""
    for mart in marts(manifest).values():
        for column in mart.columns:
            where = f"{mart.name}.{column.name}"
            is_log = bool(
                re.search(r"(^|_)log(g|_)", column.name)
                or re.search(r"phys\.(gravity|abund)", str(column.ucd))
            )
            assert (column.log_of is not None) == is_log, where
            assert not (column.log_of and column.unit), where
            printed_unit(column)  # CDS can spell it


def test_every_code_has_a_note_and_every_note_is_used(manifest: dict[str, Any]) -> None:
    """Columns of truth need none: printed tables say what 0 and 1 are."""
    used = set()
    for model in models(manifest):
        if model["schema"] != "marts":
            continue
        for column in model["columns"].values():
            meta = column["config"]["meta"]
            used.add(meta.get("note"))
            is_code = meta["ucd"].startswith(("meta.code", "meta.note"))
            if column["name"] == "obsid" or (is_code and column["data_type"] != "boolean"):
                assert meta.get("note"), f"{model['name']}.{column['name']}"
    blocks = {block["name"] for block in manifest["docs"].values()}
    assert {name for name in blocks if name.startswith("note_")} == used - {None}
    for mart in marts(manifest).values():
        assert all((column.note or "").isascii() for column in mart.columns)


def test_labels_of_printed_tables_follow_the_standard(manifest: dict[str, Any]) -> None:
    """An error stands right after its column; no mart has two columns of one label."""
    for mart in marts(manifest).values():
        labels = printed_labels(mart.columns)
        for before, label in pairwise(labels):
            if label.startswith("e_"):
                assert label == f"e_{before}", mart.name
        assert not [label for label in labels if label.endswith(("_error", "_16", "_84"))]
        if mart.position:
            assert {"RAdeg", "DEdeg"} <= set(labels)


def test_every_mart_has_an_enforced_contract(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        if model["schema"] == "marts":
            assert model["contract"]["enforced"], model["name"]
            assert all(column["data_type"] for column in model["columns"].values())


def test_descriptions_are_comments_in_the_database(catalogues: Built) -> None:
    assert (
        catalogues.query(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name in ('staging', 'intermediate', 'marts') "
            "and coalesce(comment, '') = ''"
        )
        == []
    )


def test_every_mart_stands_in_an_exposure(manifest: dict[str, Any]) -> None:
    shown = {
        name for item in manifest["exposures"].values() for name in item["depends_on"]["nodes"]
    }
    released = {model["unique_id"] for model in models(manifest) if model["schema"] == "marts"}
    assert released == shown


def test_every_exposure_leads_to_its_paper(manifest: dict[str, Any]) -> None:
    papers = {address for _, address in PAPERS.values()}
    assert {item["url"] for item in manifest["exposures"].values()} == papers


def test_the_overview_links_sections_of_the_papers_to_their_models(
    manifest: dict[str, Any],
) -> None:
    """Every link leads to a model; every mart, and every model of a paper, stands in it."""
    text = manifest["docs"]["doc.hotstars.__overview__"]["block_contents"]
    links = re.findall(r"\[(\w+)\]\(#!/model/([\w.]+)\)", text)
    there = {model["unique_id"]: model["name"] for model in models(manifest)}
    assert all(there.get(unique_id) == name for name, unique_id in links)
    linked = {name for name, _ in links}
    of_papers = {
        model["name"]
        for model in models(manifest)
        if model["schema"] == "marts"
        or re.search(r"(Wang|Xiang|Guo|Sprague)\+\d{4}", model["description"])
    }
    assert of_papers <= linked
    assert all(address in text for _, address in PAPERS.values())


def test_every_mart_names_its_section(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        if model["schema"] == "marts":
            meta = model["config"]["meta"]
            assert meta["paper"] in {name for name, _ in PAPERS.values()}, model["name"]
            assert meta["section"], model["name"]
