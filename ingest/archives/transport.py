"""HTTP with time-outs, retries and back-off; bodies go to disk as they come."""

from __future__ import annotations

import email.utils
import hashlib
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import urllib3

from ingest.archives.answers import Answer, ArchiveError, BadAnswerError, check_status
from warehouse import __version__

_BLOCK = 1 << 16


@dataclass(frozen=True)
class Patience:
    """How long an archive is waited for.

    Attributes
    ----------
    attempts
        Tries of one request.
    connect, silence, whole
        Seconds until a connection, without any byte, and for a whole answer.
    first_wait, longest_wait
        Seconds before the second try and at most; between them the wait doubles, with a
        random part so that many clients do not come back at the same moment.
    poll
        Seconds between two looks at an asynchronous job, at first and at most.
    job
        Seconds that an asynchronous job may take.
    """

    attempts: int = 6
    connect: float = 20.0
    silence: float = 120.0
    whole: float = 1800.0
    first_wait: float = 2.0
    longest_wait: float = 120.0
    poll: tuple[float, float] = (1.0, 30.0)
    job: float = 7200.0

    def wait(self, attempt: int, asked: float | None, chance: float) -> float:
        """Return the seconds before the next try.

        Parameters
        ----------
        attempt
            Tries so far, from 1.
        asked
            What Retry-After says; followed, up to `longest_wait`.
        chance
            A random number in [0, 1).
        """
        if asked is not None:
            return min(max(asked, 0.0), self.longest_wait)
        return min(self.first_wait * 2.0 ** (attempt - 1), self.longest_wait) * (0.5 + chance / 2)


@dataclass(frozen=True)
class Request:
    """A question to an archive: all that decides its answer.

    Attributes
    ----------
    service
        Name for messages.
    method, url
        As in HTTP.
    parameters
        Query of a GET, form of a POST.
    uploads
        Name of the form field -> (file name, content).
    """

    service: str
    method: str
    url: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    uploads: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


class Transport:
    """Asks archives, again where it helps.

    Parameters
    ----------
    patience
        Time-outs and retries.
    tell
        Called with a line about each retry.
    sleep
        For tests.
    """

    def __init__(
        self,
        patience: Patience | None = None,
        tell: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.patience = patience or Patience()
        self.tell = tell
        self.sleep = sleep
        self.session = requests.Session()
        self.session.headers["User-Agent"] = f"hotstars/{__version__}"

    def ask(
        self,
        request: Request,
        target: Path,
        check: Callable[[Answer], None] = lambda _: None,
    ) -> Answer:
        """Write the answer of an archive to a file.

        Parameters
        ----------
        request
            What is asked.
        target
            File for the body; replaced at every try.
        check
            Raises :class:`BadAnswerError` where the body is not what was asked for.

        Raises
        ------
        ArchiveError
            When no try gave a good answer.
        """
        attempts = self.patience.attempts
        for attempt in range(1, attempts + 1):
            try:
                answer, asked = self._once(request, target)
                check_status(answer, asked)
                check(answer)
                return answer
            except BadAnswerError as error:
                if not error.passing:
                    raise ArchiveError(f"{request.service} ({request.url}): {error}") from error
                reason, wait = str(error), error.wait
            except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
                reason, wait = _explain(error, self.patience), None
            if attempt < attempts:
                seconds = self.patience.wait(attempt, wait, random.random())
                again = f"try {attempt + 1} of {attempts} in {seconds:.0f} s"
                self.tell(f"{request.service}: {reason}; {again}")
                self.sleep(seconds)
        raise ArchiveError(
            f"{request.service} ({request.url}): {reason}, {attempts} times. What was fetched is "
            "kept: run the same command later and it goes on from there"
        )

    def _once(self, request: Request, target: Path) -> tuple[Answer, float | None]:
        patience = self.patience
        deadline = time.monotonic() + patience.whole
        place: dict[str, Any] = (
            {"params": dict(request.parameters)}
            if request.method == "GET"
            else {"data": dict(request.parameters)}
        )
        if request.uploads:
            place["files"] = {
                name: (file, content, "application/octet-stream")
                for name, (file, content) in request.uploads.items()
            }
        digest, size = hashlib.sha256(), 0
        with self.session.request(
            request.method,
            request.url,
            timeout=(patience.connect, patience.silence),
            stream=True,
            **place,
        ) as response:
            with target.open("wb") as file:
                # read1 gives what has come; iter_content waits for a full block, and a body
                # that drips for ever would never let the clock be looked at.
                while block := response.raw.read1(_BLOCK, decode_content=True):
                    file.write(block)
                    digest.update(block)
                    size += len(block)
                    if time.monotonic() > deadline:
                        raise requests.exceptions.ReadTimeout(f"{patience.whole:.0f} s")
                file.flush()
                os.fsync(file.fileno())
            answer = Answer(
                target,
                response.url,
                response.status_code,
                response.headers.get("Content-Type", "").split(";")[0].strip().lower(),
                digest.hexdigest(),
                size,
            )
            return answer, retry_after(response.headers.get("Retry-After"))


def retry_after(text: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, in either of its forms."""
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        when = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, when.timestamp() - time.time())


def _explain(error: Exception, patience: Patience) -> str:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    if isinstance(
        error, requests.exceptions.Timeout | urllib3.exceptions.ReadTimeoutError
    ) or "Read timed out" in str(error):
        return f"nothing came for {patience.silence:g} s, or no end within {patience.whole:g} s"
    if isinstance(
        error, requests.exceptions.ChunkedEncodingError | urllib3.exceptions.ProtocolError
    ):
        return "the transfer was cut"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection (is the network up, is the address right?)"
    return str(error).splitlines()[0]
