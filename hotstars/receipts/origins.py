"""What a star's numbers came from: spectra's files, matched catalogue rows, trained models."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

#: Catalogue, and the query of the row that was matched with a star: identifier, separation in
#: arcsec, how many candidates there were, release, and the load that brought it in.
MATCHES = (
    ("Gaia", """
        select found.source_id::varchar as identifier, found.gaia_distance as angular_distance,
            found.gaia_neighbours as number_of_neighbours, found.release, rows.run_id
        from intermediate.int_star_gaia as found
        left join raw.gaia_source as rows using (source_id, release)
        where found.designation = $name"""),
    ("2MASS", """
        select found.twomass_designation as identifier,
            found.twomass_distance as angular_distance,
            found.twomass_neighbours as number_of_neighbours, rows.release, rows.run_id
        from intermediate.int_star_twomass as found
        left join raw.twomass_source as rows on found.twomass_designation = rows.designation
        where found.designation = $name"""),
    ("AllWISE", """
        select found.allwise_designation as identifier,
            found.allwise_distance as angular_distance,
            found.allwise_neighbours as number_of_neighbours, rows.run_id
        from intermediate.int_star_allwise as found
        left join raw.allwise_source as rows on found.allwise_designation = rows.designation
        where found.designation = $name"""),
    ("reddening", """
        select found.ebv_method as identifier, rows.run_id
        from intermediate.int_star_reddening as found
        left join raw.reddening as rows using (designation, dust_map)
        where found.designation = $name and found.ebv_method is not null"""),
    ("spectral type", """
        select concat_ws(': ', found.spectral_type_reference, found.name, found.spectral_type,
                found.spectral_type_bibcode) as identifier,
            found.n_spectral_types as number_of_neighbours, rows.run_id
        from intermediate.int_star_spectral_type as found
        left join raw.spectral_type as rows
            on found.spectral_type_reference = rows.reference and found.name = rows.name
            and found.spectral_type = rows.spectral_type
        where found.designation = $name
        qualify row_number() over (order by rows.run_id) = 1"""),
    ("literature", """
        select concat_ws(': ', rows.reference, rows.name, rows.object_type) as identifier,
            found.literature_distance as angular_distance, rows.run_id
        from intermediate.int_star_literature as found
        inner join raw.literature_star as rows
            on list_contains(string_split(found.bibliography, '; '), rows.reference)
            and found.object_type = rows.object_type
        inner join intermediate.int_star_positions as star
            on star.designation = found.designation
            and abs(rows."dec" - star."dec") < 10 / 3600.0
            and abs(rows.ra - star.ra) * cos(radians(star."dec")) < 10 / 3600.0
        where found.designation = $name
        order by all"""),
    ("open cluster", """
        select concat_ws(': ', found.cluster_reference, found.cluster) as identifier,
            found.member_distance as angular_distance, found.motion_distance,
            found.parallax_distance, found.is_member, rows.run_id
        from intermediate.int_star_cluster as found
        left join raw.cluster as rows
            on found.cluster_reference = rows.reference and found.cluster = rows.cluster
        where found.designation = $name
        order by all"""),
    ("allStar table", """
        select apogee_id as identifier, release, run_id from raw.apogee_allstar
        where apogee_id = $name order by all"""),
    ("spectral type of the APOGEE star", """
        select concat_ws(': ', found.spectral_type, found.spectral_type_bibcode) as identifier,
            rows.run_id
        from intermediate.int_apogee_spectral_type as found
        left join raw.spectral_type as rows
            on found.spectral_type = rows.spectral_type
            and found.spectral_type_bibcode = rows.bibcode
        where found.apogee_id = $name
        qualify row_number() over (order by rows.run_id) = 1"""),
)  # fmt: skip

_SPECTRA = """
select
    observations.obsid, observations.survey, observations.release, observations.mjd,
    observations.snr_b, observations.snr_r, observations.path, observations.sha256,
    runs.started_at as loaded_at, runs.version as loaded_by
from raw.lamost_observation as observations
left join raw.ingest_run as runs using (run_id)
where observations.designation = $name
order by observations.mjd, observations.obsid
"""

_APOGEE = """
select
    stars.apogee_id, stars.survey, stars.release, stars.telescope, stars.field, stars.snr,
    stars.path, files.sha256, files.loaded_at, runs.version as loaded_by
from raw.apogee_star as stars
left join raw.ingested_file as files using (path)
left join raw.ingest_run as runs on runs.run_id = stars.run_id
where stars.apogee_id = $name
order by all
"""

_FILES = """
select path, sha256 from raw.ingested_file where run_id = $run and source <> 'lamost' order by path
limit 5
"""


def rows(connection: duckdb.DuckDBPyConnection, query: str, name: str) -> list[dict[str, Any]]:
    """Return a query's rows; none where its tables are not built.

    Parameters
    ----------
    connection
        To a warehouse.
    query
        With ``$name``.
    name
        Of the star.
    """
    import duckdb

    try:
        answer = connection.execute(query, {"name": name})
    except duckdb.CatalogException:
        return []
    titles = [one[0] for one in answer.description or []]
    return [dict(zip(titles, values, strict=True)) for values in answer.fetchall()]


def spectra(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    """Return the files of a star's spectra, with SHA-256 and when they were loaded."""
    return rows(connection, _SPECTRA, name) or rows(connection, _APOGEE, name)


def matches(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    """Return the catalogue rows that were matched with a star, with files and SHA-256."""
    found = []
    files: dict[str | None, list[dict[str, Any]]] = {None: []}
    for catalogue, query in MATCHES:
        for row in rows(connection, query, name):
            run = row.pop("run_id")
            if run not in files:
                answer = connection.execute(_FILES, {"run": run}).fetchall()
                files[run] = [{"path": path, "sha256": digest} for path, digest in answer]
            found.append({"catalogue": catalogue, **row, "files": files[run]})
    return found


def models(
    connection: duckdb.DuckDBPyConnection,
    registry: Path,
    name: str,
    catalogues: dict[str, list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Return the trained models that a star's rows name, with what their cards say.

    Parameters
    ----------
    connection
        To the warehouse, for the classifier that judged the star.
    registry
        Folder of the models.
    name
        Of the star.
    catalogues
        Its rows by mart; columns ``..._model`` hold name and version.
    """
    judged = rows(
        connection,
        "select distinct be_model from intermediate.int_be_star_tests where designation = $name",
        name,
    )
    named = {
        str(value)
        for row in (*judged, *(row for group in catalogues.values() for row in group))
        for column, value in row.items()
        if value is not None and column.endswith("_model")
    }
    return [_model(registry, text) for text in sorted(named)]


def _model(registry: Path, text: str) -> dict[str, Any]:
    """Return what is stored of a model that rows name as ``name version``."""
    name, _, version = text.rpartition(" ")
    folder = registry / name / version
    try:
        card = json.loads((folder / "card.json").read_text())
        weights = next(iter(sorted(folder.glob("*.safetensors"))), None)
        digest = hashlib.sha256(weights.read_bytes()).hexdigest() if weights else None
    except (OSError, ValueError):
        return {"model": name, "version": version, "stored": False}
    return {
        "model": name,
        "version": version,
        "stored": True,
        "trained_on": "SIMULATED data" if card.get("simulated") else "real data",
        "card": str(folder / "card.json"),
        "weights_sha256": digest,
    }
