"""Classes of H-alpha profiles against the truth of a simulated survey."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: Spectra that have passed the tests before the verdict on emission, with the class that they got
#: and the ones that the truth allows. The simulation knows shells in emission and in absorption,
#: but no types; what it calls a shell in emission has a peak above the continuum, so type 1 on
#: absorption is one as well. Peaks that stay below the continuum and nebulae are the paper's
#: narrow emission on absorption, or a single peak where the absorption is weak; P Cygni has no
#: class in the paper.
SPECTRA = """
with

early_spectra as (
    select
        obsid,
        exposure,
        survey,
        designation,
        snr_r
    from intermediate.int_be_spectrum_tests
    where passes_snr and passes_teff and passes_line_index and passes_q and survey like 'SIM%'
)

select
    early_spectra.*,
    truth.profile,
    truth.emission_significance,
    morphology.halpha_class,
    morphology.has_nebular_lines,
    case truth.profile
        when 'none' then ['no emission']
        when 'single peak' then ['emission: single peak']
        when 'symmetric double peak' then ['emission: symmetric double peak']
        when 'asymmetric double peak' then ['emission: asymmetric double peak']
        when 'peak in absorption' then ['emission: narrow emission on absorption']
        when 'double peak in absorption' then ['emission: narrow emission on absorption']
        when 'nebular'
            then ['emission: narrow emission on absorption', 'emission: single peak']
        when 'shell in emission'
            then [
                'shell on emission 1', 'shell on emission 2', 'shell on emission 3',
                'shell on absorption 1'
            ]
        when 'shell in absorption' then ['shell on absorption 2', 'shell on absorption 3']
        when 'P Cygni' then ['P Cygni']
    end as right_classes,
    list_contains(right_classes, halpha_class) as is_right,
    case
        when early_spectra.snr_r < 20 then '1: 10-20'
        when early_spectra.snr_r < 40 then '2: 20-40'
        when early_spectra.snr_r < 100 then '3: 40-100'
        else '4: >= 100'
    end as snr_bin
from early_spectra
inner join truth.spectra as truth using (obsid)
inner join intermediate.int_halpha_morphology as morphology using (obsid, exposure)
where morphology.halpha_class is not null
"""

CONFUSION = """
select
    survey,
    profile,
    halpha_class,
    count(*) as n_spectra,
    any_value(is_right) as is_right
from morphology
group by survey, profile, halpha_class
order by survey, profile, n_spectra desc
"""

BY_SNR = """
select
    survey,
    profile,
    count(*) as n_spectra,
    count(distinct designation) as n_stars,
    round(avg(is_right::integer), 2) as right_share,
    {bins}
from morphology
group by survey, profile
order by survey, profile
"""

_BIN = """
    count(*) filter (where snr_bin = '{0}' and is_right) || '/'
    || count(*) filter (where snr_bin = '{0}') as "{1}"
"""

#: Of the spectra of each class, how many the truth allows there; no star with emission that the
#: noise hides counts against it.
PURITY = """
select
    survey,
    halpha_class,
    count(*) as n_spectra,
    round(avg(is_right::integer), 2) as purity
from morphology
group by survey, halpha_class
order by survey, halpha_class
"""

NEBULAE = """
select
    survey,
    profile = 'nebular' as is_nebular,
    count(*) as n_spectra,
    count(*) filter (where has_nebular_lines) as n_with_nebular_lines
from morphology
group by survey, is_nebular
order by survey, is_nebular
"""


def print_morphology(connection: duckdb.DuckDBPyConnection) -> None:
    """Print what the classes of profiles are worth: confusion, by S/N, purity, nebular lines.

    Parameters
    ----------
    connection
        Warehouse with a simulated survey, built.
    """
    bins = ("1: 10-20", "2: 20-40", "3: 40-100", "4: >= 100")
    columns = ",".join(_BIN.format(name, "S/N " + name.partition(" ")[2]) for name in bins)
    morphology = connection.sql(SPECTRA)
    for title, query in (
        ("class of each profile that was put in", CONFUSION),
        ("right classes by S/N of the red arm", BY_SNR.format(bins=columns)),
        ("how far to trust each class", PURITY),
        ("nebular lines", NEBULAE),
    ):
        print(f"== {title}")
        morphology.query("morphology", query).show(max_width=160, max_rows=100)
