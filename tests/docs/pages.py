"""The documentation's pages: their blocks of code, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = (REPOSITORY / "README.md", *sorted(DOCS.glob("*.md")))

_FENCED = re.compile(
    r"(?:<!-- (?P<mark>not run|needs): (?P<told>[^>]+?) -->\n)?^```(?P<language>\w*)\n"
    r"(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """Code between fences, with what the comment before it says."""

    page: Path
    language: str
    text: str
    not_run: str | None
    needs: str | None


def blocks(page: Path) -> Iterator[Block]:
    for found in _FENCED.finditer(page.read_text()):
        told = {found["mark"]: found["told"]} if found["mark"] else {}
        yield Block(page, found["language"], found["text"], told.get("not run"), told.get("needs"))


def command_lines(page: Path) -> Iterator[str]:
    """Every line of a page that is a command, in fences or indented, without its remark."""
    text = page.read_text()
    texts = [block.text for block in blocks(page) if block.language in ("sh", "")]
    texts.append("\n".join(re.findall(r"^    (\S.*)$", _FENCED.sub("", text), re.MULTILINE)))
    for part in texts:
        joined = re.sub(r"\\\n\s*", " ", part)
        # an SQL text over several lines is one argument
        for line in re.findall(r'(?:[^\n"]|"(?:\\.|[^"\\])*")+', joined):
            for piece in re.split(r"\s+&&\s+", line):
                words = piece.strip()
                if re.match(r"(\.venv/bin/)?(hotstars|python|make|alembic) ", words):
                    yield words


def words_of(line: str) -> list[str]:
    """A command's words, without its remark and what it is piped into."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;<>()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words = []
    for word in lexer:
        if set(word) <= set("|;<>()"):
            break
        words.append(word.removeprefix(".venv/bin/"))
    return words
