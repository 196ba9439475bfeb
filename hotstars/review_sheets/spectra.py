"""Find the spectra that a review shall look at, and what is known of them."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pyarrow as pa

from hotstars.review_sheets.sheet import Profiles, Quantity, pixels
from ml.spectra.grids import LRS_R, MRS_R
from warehouse.connection import WarehouseError
from warehouse.load import quoted

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: Columns of a query that are no quantities.
_IDENTITY = {"obsid", "exposure", "designation", "survey"}


def find_profiles(
    connection: duckdb.DuckDBPyConnection,
    select: str,
    *,
    limit: int | None = None,
    every_spectrum: bool = False,
    again: bool = False,
) -> tuple[Profiles, int]:
    """Return the profiles to look at, ordered by star.

    Parameters
    ----------
    connection
        A built warehouse.
    select
        Name of a mart with the column obsid, or SQL that returns it; exposure is 0, the coadd,
        where it is not returned. Further columns of SQL are shown as quantities.
    limit
        Spectra at most.
    every_spectrum
        Also the stars' other spectra that pass every spectral criterion.
    again
        Also spectra that have a verdict.

    Returns
    -------
    Profiles
        With S/N, equivalent width and peak, and the probability where a network gave one.
    int
        Spectra that were asked for, but have no rectified flux at H-alpha.

    Raises
    ------
    WarehouseError
        When the selection cannot be run, or the catalogues are not built.
    """
    try:
        extra = _choose(connection, select, every_spectrum)
        if not again:
            connection.execute(
                "delete from chosen_ using raw.review as known where known.obsid = chosen_.obsid "
                "and known.exposure = chosen_.exposure"
            )
        return _profiles(connection, extra, limit)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise WarehouseError(
            f"the catalogues are not built, or older than this command ({_first(error)}); run "
            "`hotstars init`, then `hotstars build`"
        ) from error


def _first(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _choose(connection: duckdb.DuckDBPyConnection, select: str, every_spectrum: bool) -> list[str]:
    """Make the temporary table of chosen spectra; return the names of its further columns."""
    is_mart = _NAME.fullmatch(select) is not None
    query = f"select obsid from marts.{quoted(select)}" if is_mart else select.strip().rstrip(";")
    try:
        columns = connection.sql(f"select * from ({query}) limit 0").columns
        if "obsid" not in columns:
            raise WarehouseError(f"--select: the query returns no obsid but {', '.join(columns)}")
        extra = [name for name in columns if name not in _IDENTITY]
        exposure = "exposure" if "exposure" in columns else "0"
        further = "".join(f", {quoted(name)} as {quoted('q_' + name)}" for name in extra)
        connection.execute(
            f"""
            create or replace temporary table chosen_ as
            select obsid::bigint as obsid, {exposure}::bigint as exposure{further}
            from ({query})
            where obsid is not null
            qualify row_number() over (partition by obsid, {exposure}) = 1
            """
        )
    except duckdb.Error as error:
        known = " (`hotstars export --list` shows the marts)" if is_mart else ""
        raise WarehouseError(f"--select {select}: {_first(error)}{known}") from error
    if every_spectrum:
        connection.execute(
            """
            insert into chosen_ (obsid, exposure)
            select other.obsid, other.exposure
            from intermediate.int_be_spectrum_tests as other
            where other.passes_snr and other.passes_teff and other.passes_line_index
                and other.passes_q and other.passes_emission
                and (other.designation, other.survey) in (
                    select (tests.designation, tests.survey)
                    from intermediate.int_be_spectrum_tests as tests
                    semi join chosen_ using (obsid, exposure)
                )
                and (other.obsid, other.exposure) not in (select (obsid, exposure) from chosen_)
            """
        )
    return extra


def _profiles(
    connection: duckdb.DuckDBPyConnection, extra: list[str], limit: int | None
) -> tuple[Profiles, int]:
    fluxes = " union all ".join(
        f"""
        select obsid, exposure, '{grid.name}' as grid, noise,
            flux[{pixels(grid).start + 1}:{pixels(grid).stop}] as flux
        from intermediate.int_rectified_{grid.name}
        semi join chosen_ using (obsid, exposure)
        where flux is not null
        """
        for grid in (MRS_R, LRS_R)
    )
    table = connection.execute(
        f"""
        with spectra as ({fluxes}),
        said as (
            select obsid, exposure, string_agg(
                reviewer || ': ' || verdict || coalesce(' (' || comment || ')', ''), '; '
                order by reviewed_at
            ) as earlier
            from raw.review
            group by obsid, exposure
        )
        select
            chosen_.*, spectra.grid, spectra.noise::double as noise, spectra.flux,
            observation.designation, observation.survey, observation.snr_r::double as snr_r,
            measured.ew_halpha, measured.ew_halpha_error,
            measured.strongest_peak_height as peak_height,
            measured.strongest_peak_significance as peak_significance,
            emission.be_probability,
            case emission.is_out_of_domain when true then 'outside' when false then 'inside' end
                as domain,
            said.earlier
        from chosen_
        inner join spectra using (obsid, exposure)
        inner join staging.stg_lamost__observations as observation using (obsid)
        left join intermediate.int_line_measurements as measured using (obsid, exposure)
        left join intermediate.int_halpha_emission as emission using (obsid, exposure)
        left join said using (obsid, exposure)
        order by observation.designation, observation.survey, chosen_.obsid, chosen_.exposure
        """
    ).to_arrow_table()
    n_chosen = connection.execute("select count(*) from chosen_").fetchall()[0][0]
    n_without = n_chosen - table.num_rows
    if limit is not None:
        table = table.slice(0, limit)
    return _shown(table, extra), n_without


def _shown(table: pa.Table, extra: list[str]) -> Profiles:
    grids = {grid.name: grid for grid in (MRS_R, LRS_R)}
    rows: dict[str, list[Any]] = {
        name: table[name].to_pylist() for name in table.column_names if name != "flux"
    }
    flux = table["flux"].combine_chunks()
    parts = [flux[i].values.to_numpy(zero_copy_only=False) for i in range(len(flux))]
    quantities = [
        Quantity("S/N", rows["snr_r"], 1),
        Quantity("EW(Hα)", rows["ew_halpha"], 2, "Å", rows["ew_halpha_error"]),
        Quantity("peak height", rows["peak_height"], 3),
        Quantity("peak sigma", rows["peak_significance"], 1),
        Quantity("probability", rows["be_probability"], 3),
        Quantity("domain", rows["domain"]),
    ]
    quantities += [
        Quantity(name, [_plain(value) for value in rows[f"q_{name}"]], 3) for name in extra
    ]
    return Profiles(
        obsid=rows["obsid"],
        exposure=rows["exposure"],
        designation=rows["designation"],
        survey=rows["survey"],
        grid=[grids[name] for name in rows["grid"]],
        flux=parts,
        noise=rows["noise"],
        quantities=[item for item in quantities if any(value is not None for value in item.values)],
        earlier=rows["earlier"],
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, float | str) else str(value)
