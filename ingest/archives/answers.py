"""Tell an archive's table from its error pages, cut transfers and half answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from warehouse.connection import WarehouseError


class ArchiveError(WarehouseError):
    """An archive did not give what was asked; the message says what to do."""


class BadAnswerError(Exception):
    """An answer that cannot be used.

    Attributes
    ----------
    passing
        Whether the same question may be answered well a little later.
    wait
        Seconds that the archive asks to wait, where it does.
    """

    def __init__(self, message: str, *, passing: bool, wait: float | None = None) -> None:
        super().__init__(message)
        self.passing = passing
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """What an archive sent, written to disk.

    Attributes
    ----------
    path
        The body.
    url
        Where it came from, after redirections.
    status
        HTTP status.
    content_type
        As the header says, without parameters.
    sha256, size
        Of the body.
    """

    path: Path
    url: str
    status: int
    content_type: str
    sha256: str
    size: int


_PAGES = ("text/html", "application/xhtml+xml")

#: Statuses that pass: overload, restarts, gateways.
_PASSING = (202, 408, 425, 429, 500, 502, 503, 504)


def check_status(answer: Answer, wait: float | None) -> None:
    """Refuse an answer by its status line and its emptiness.

    Raises
    ------
    BadAnswerError
        With the first words of the body, where there are any.
    """
    if answer.status in _PASSING:
        detail = "an empty body" if not answer.size else _words(answer.path)
        raise BadAnswerError(f"HTTP {answer.status}: {detail}", passing=True, wait=wait)
    if answer.status == 403:
        raise BadAnswerError(
            f"HTTP 403: {_words(answer.path)}; the archive refuses this address (too many "
            "parallel requests?), ask its help desk",
            passing=False,
        )
    if answer.status >= 400:
        raise BadAnswerError(f"HTTP {answer.status}: {_words(answer.path)}", passing=False)


def check_table(answer: Answer) -> None:
    """Refuse a body that is no whole VOTable; what stands in it is checked later.

    Raises
    ------
    BadAnswerError
        For an empty body, a web page with status 200, another content type, a cut document.
    """
    if not answer.size:
        raise BadAnswerError(f"HTTP {answer.status} with an empty body", passing=True)
    with answer.path.open("rb") as file:
        head = file.read(4096).lower()
        file.seek(max(0, answer.size - 1024))
        tail = file.read().lower()
    if answer.content_type in _PAGES or head.lstrip().startswith((b"<!doctype html", b"<html")):
        raise BadAnswerError(
            f"a web page in place of a table ({_words(answer.path)}): the archive is under "
            "maintenance or its address has changed",
            passing=True,
        )
    if b"votable" not in head:
        raise BadAnswerError(
            f"content type {answer.content_type or 'unknown'} in place of a VOTable "
            f"({_words(answer.path)})",
            passing=True,
        )
    if b"</votable>" not in tail.replace(b"vot:", b""):
        raise BadAnswerError(
            f"the VOTable is cut after {answer.size:,d} bytes: it does not end with </VOTABLE>",
            passing=True,
        )


def _words(path: Path, limit: int = 200) -> str:
    with path.open("rb") as file:
        text = file.read(4000).decode("utf-8", "replace")
    plain, inside = [], False
    for letter in text:
        if letter == "<":
            inside = True
        elif letter == ">":
            inside = False
            plain.append(" ")
        elif not inside:
            plain.append(letter)
    words = " ".join("".join(plain).split())
    return (words[:limit] + "...") if len(words) > limit else (words or "no words in it")
