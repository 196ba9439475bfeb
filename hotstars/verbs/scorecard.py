"""`hotstars scorecard`: the verb."""

from __future__ import annotations

import json
from pathlib import Path

import typer

HEAD = """# Scorecard

Numbers and table rows that the papers print, beside what is obtained here. This page is written by
`hotstars scorecard --out docs/scorecard.md`.

*Printed stars* are loaded with what their rows print, and built by the same models as any survey;
the spectrum that a row does not print is stood in for by a flat continuum with H-alpha in emission,
so the tests of the spectrum are not asked. *Reproduced* means within the tolerance; *differs* is
explained where an explanation is known. What *needs data* names the commands that would give it: in
a warehouse that holds the survey itself, `hotstars scorecard` and `hotstars report` fill it in.
Simulated stars never do.

"""


def scorecard(
    out: Path = typer.Option(None, help="Write Markdown into this file instead."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of a table."),
) -> None:
    """Compare printed numbers and table rows of the papers with what is obtained here.

    Example: hotstars scorecard --json
    """
    from hotstars.rows import lines_of
    from hotstars.scorecard.scores import MISSING, counts, markdown
    from hotstars.scorecard.scores import as_json as shown
    from hotstars.scorecard.whole import whole_scorecard
    from warehouse.home import current_home

    scores = whole_scorecard(current_home())
    if as_json:
        typer.echo(json.dumps([shown(score) for score in scores], indent=1))
        return
    if out is not None:
        out.write_text(HEAD + markdown(scores))
        typer.echo(str(out))
        return
    told = ("paper", "place", "quantity", "expected", "obtained", "difference", "verdict")
    lines = [
        {title: score.cells()[title] for title in told}
        for score in scores
        if score.verdict != MISSING
    ]
    typer.echo("\n".join([*lines_of(lines), "", *lines_of(_summary(counts(scores)))]))
    typer.echo("How to obtain what needs data: `hotstars scorecard --out scorecard.md`.")


def _summary(table: dict[str, dict[str, int]]) -> list[dict[str, object]]:
    return [{"paper": name, **row} for name, row in table.items()]
