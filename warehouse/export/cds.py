"""CDS tables: a ReadMe and .dat files, made by CDS's own package from machine-readable tables.

``cdspyreadme`` finds formats from values, where the declared ones must hold; so it is given
finished machine-readable tables, whose byte-by-byte descriptions, notes and rows it takes over line
by line. ``ReadMe.template`` is its template without the sections that have nothing to say here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from cdspyreadme import CDSMRTTable, CDSTablesMaker

from warehouse.export.article import Article
from warehouse.export.files import scratch_folder, whole_file
from warehouse.export.metadata import plain_ascii
from warehouse.export.mrt import write_mrt
from warehouse.export.printed import Printed

_TEMPLATE = Path(__file__).with_name("ReadMe.template")
_WIDTH = 80

_DESCRIPTION = (
    "Each table is a catalogue of the hotstars warehouse; a note of each says what it was made "
    "from and by. Numbers are rounded to two figures of the small errors of their column. A blank "
    "is a missing value."
)


def write_cds(
    folder: Path, readme: str, tables: Sequence[Printed], article: Article, year: str
) -> list[Path]:
    """Write tables with one ReadMe, and return the files, the ReadMe last.

    Parameters
    ----------
    folder
        Of the files.
    readme
        Name of the ReadMe.
    tables
        In the order in which they are described.
    article
        That they belong to.
    year
        Of the rebuild; stands where the catalogue's year will.
    """
    with scratch_folder(folder / readme) as scratch:
        maker = CDSTablesMaker(outfolder=str(scratch))
        for one in tables:
            _add(maker, scratch, one, article)
        _describe(maker, tables, article, year)
        with (scratch / readme).open("w", encoding="ascii") as file:
            maker.makeReadMe(out=file)
        names = [*(f"{one.mart.name}.dat" for one in tables), readme]
        for name in names:
            with whole_file(folder / name) as temporary:
                (scratch / name).rename(temporary)
    return [folder / name for name in names]


def _add(maker: CDSTablesMaker, scratch: Path, one: Printed, article: Article) -> None:
    """Write a machine-readable table, and let the package take the .dat and its description."""
    source = scratch / f"{one.mart.name}.txt"
    with source.open("w", encoding="ascii") as file:
        write_mrt(file, one, article)
    table = CDSMRTTable(str(source), tableout=f"{one.mart.name}.dat")
    maker.addTable(table)
    table.nlines = one.n_rows
    if one.n_rows:
        table.makeCDSTable(outfolder=str(scratch))
    else:  # the package looks for a first row and would copy the head
        (scratch / table.name).touch()
    source.unlink()


def _describe(
    maker: CDSTablesMaker, tables: Sequence[Printed], article: Article, year: str
) -> None:
    """Tell the package what stands above the descriptions of the tables, and below."""
    first, *others = [one.strip() for one in article.authors.split(",")]
    author = f"{first.split()[0]}+" if others else first
    title = plain_ascii(article.title_of([one.mart for one in tables]))
    maker.title = title
    maker.author = first
    maker.authors = article.authors
    maker.abstract = article.abstract or plain_ascii(
        " ".join(f"{one.caption}: {one.mart.description}" for one in tables)
    )
    maker.more_description = _DESCRIPTION
    whose = f"({author}, {year})" if year else f"({author})"
    short = textwrap.shorten(title, _WIDTH - len(whose) - 1, placeholder="...")
    cited = {one.mart.bibcode: one.mart.paper for one in tables if one.mart.bibcode}
    maker.setReadmeTemplate(
        str(_TEMPLATE),
        {
            "keys": f"Keywords: {article.keywords}\n\n" if article.keywords else "",
            "head": short.ljust(_WIDTH - len(whose)) + whose,
            "references": plain_ascii(
                "\n".join(f"  {paper}, {bibcode}" for bibcode, paper in cited.items())
            ),
            "rights": f"\nLicense: {article.rights}\n" if article.rights else "",
        },
    )
