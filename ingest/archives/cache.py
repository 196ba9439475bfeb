"""Finished answers of archives, kept so that a broken download goes on where it stopped.

An answer is two files: the body, and beside it a JSON file with address, SHA-256, size and
time. The JSON file is written last and seals the answer: a body without it counts for
nothing, and so does one that has another size or SHA-256 than it says.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.archives.answers import Answer, ArchiveError
from ingest.archives.transport import Request

#: Archives change slowly; older answers are asked for again.
MAX_AGE_DAYS = 30.0


def key_of(request: Request) -> str:
    """Return the SHA-256 of all that decides an answer: method, address, form, uploads."""
    digest = hashlib.sha256()
    parts: list[Any] = [request.method, request.url, sorted(request.parameters.items())]
    for name, (_, content) in sorted(request.uploads.items()):
        parts.append([name, hashlib.sha256(content).hexdigest()])
    digest.update(json.dumps(parts).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Kept:
    """An answer in the cache."""

    path: Path
    url: str
    sha256: str
    size: int
    fetched_at: float


class Cache:
    """Answers by request.

    Parameters
    ----------
    folder
        Made where it does not exist.
    max_age_days
        Older answers do not count; 0 asks for everything anew.
    """

    def __init__(self, folder: Path, max_age_days: float = MAX_AGE_DAYS) -> None:
        self.folder = folder
        self.max_age = max_age_days * 86400.0

    def find(self, request: Request) -> Kept | None:
        """Return a sealed, whole and recent answer, or None."""
        seal = self._path(request, ".json")
        try:
            words = json.loads(seal.read_text(encoding="utf-8"))
            kept = Kept(self._path(request, ".body"), *(words[name] for name in _WORDS))
            if time.time() - kept.fetched_at > self.max_age:
                return None
            if kept.path.stat().st_size != kept.size or _sha256(kept.path) != kept.sha256:
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return kept

    def fill(self, request: Request, ask: Callable[[Path], Answer]) -> Kept:
        """Ask for an answer and seal it.

        Parameters
        ----------
        request
            Decides the file names.
        ask
            Writes the body to the path it is given, and raises where it is not good.

        Raises
        ------
        ArchiveError
            When the cache cannot be written.
        """
        body = self._path(request, ".body")
        try:
            body.parent.mkdir(parents=True, exist_ok=True)
            partial = body.with_suffix(f".{os.getpid()}.part")
            try:
                answer = ask(partial)
                partial.replace(body)
            finally:
                partial.unlink(missing_ok=True)
            kept = Kept(body, answer.url, answer.sha256, answer.size, time.time())
            words = {name: getattr(kept, name) for name in _WORDS}
            words |= {"service": request.service, "parameters": _short(request.parameters)}
            self._seal(request, words)
        except OSError as error:
            raise ArchiveError(
                f"{self.folder}: the answer cannot be kept ({error.strerror or error}); free some "
                "space or choose another HOTSTARS_HOME, and run the same command again"
            ) from error
        return kept

    def note(self, request: Request, words: dict[str, str]) -> None:
        """Keep something about a request that is under way, such as its job's address."""
        path = self._path(request, ".job")
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, words)

    def noted(self, request: Request) -> dict[str, str]:
        """Return what :meth:`note` kept, or nothing."""
        try:
            words = json.loads(self._path(request, ".job").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return words if isinstance(words, dict) else {}

    def forget(self, request: Request) -> None:
        """Drop what is noted about a request."""
        self._path(request, ".job").unlink(missing_ok=True)

    def _seal(self, request: Request, words: dict[str, Any]) -> None:
        _write(self._path(request, ".json"), words)

    def _path(self, request: Request, suffix: str) -> Path:
        key = key_of(request)
        return self.folder / key[:2] / f"{key}{suffix}"


_WORDS = ("url", "sha256", "size", "fetched_at")


def _write(path: Path, words: dict[str, Any]) -> None:
    partial = path.with_suffix(f"{path.suffix}.{os.getpid()}.part")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(words, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _short(parameters: Any) -> dict[str, str]:
    return {name: value[:2000] for name, value in parameters.items()}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
