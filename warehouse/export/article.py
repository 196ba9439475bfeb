"""The article, or catalogue, that released tables belong to: what their heads say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from warehouse.connection import WarehouseError
from warehouse.export.metadata import Mart


@dataclass(frozen=True)
class Article:
    """Title and authors of released tables, and what else a ReadMe says of them.

    Attributes
    ----------
    title
        Where none is given, one that names the papers that the tables follow.
    authors
        As printed: ``Smith J., Jones A.``
    abstract
        For the CDS ReadMe; the tables' own descriptions where none is given.
    keywords
        For the CDS ReadMe, between semicolons.
    rights
        Licence of the tables: ``CC-BY-4.0``; nothing is claimed where none is given.

    Raises
    ------
    WarehouseError
        Naming what is not ASCII on one line, as machine-readable and CDS tables have it.
    """

    title: str = ""
    authors: str = "The hotstars developers"
    abstract: str = ""
    keywords: str = ""
    rights: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            text = getattr(self, field.name)
            if not (text.isascii() and (text == "" or text.isprintable())):
                raise WarehouseError(
                    f"--{field.name} {text!r}: journals and CDS take ASCII on one line here; write "
                    "Mueller for Müller"
                )

    def title_of(self, chosen: Sequence[Mart]) -> str:
        """Return the title, or one made for some marts.

        Examples
        --------
        >>> Article().title_of([Mart("be_new", "marts", "", (), paper="Wang+2022")])
        'Catalogues after Wang+2022'
        """
        if self.title:
            return self.title
        papers = sorted({mart.paper for mart in chosen if mart.paper})
        if not papers:
            return "Catalogues of hot stars"
        *others, last = papers
        return f"Catalogues after {', '.join(others)}{' and ' if others else ''}{last}"
