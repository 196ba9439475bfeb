"""Asynchronous TAP jobs (UWS): start, look, fetch; a job under way is found again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from ingest.archives.answers import Answer, ArchiveError, BadAnswerError, check_table
from ingest.archives.cache import Cache
from ingest.archives.transport import Request, Transport

_DONE = "COMPLETED"
_DEAD = ("ERROR", "ABORTED", "HELD", "ARCHIVED")


def run_job(
    transport: Transport,
    cache: Cache,
    request: Request,
    target: Path,
    check: Callable[[Answer], None],
) -> Answer:
    """Run an asynchronous job to its result.

    The job's address is noted in the cache as soon as it is known, so that a client that
    was killed while the archive worked looks at the same job again.

    Parameters
    ----------
    transport, cache
        How archives are asked, and where the address is noted.
    request
        The POST that starts the job (with PHASE=RUN).
    target
        File for the result.
    check
        As in :meth:`Transport.ask`.

    Raises
    ------
    ArchiveError
        When the job fails or takes too long.
    """
    aside = target.with_suffix(".uws")
    try:
        job = cache.noted(request).get("job")
        if job is not None and _phase(transport, request, job, aside) is None:
            job = None  # the archive has thrown it away
        if job is None:
            job = _start(transport, request, aside)
            cache.note(request, {"job": job})
        _await(transport, cache, request, job, aside)
        result = Request(request.service, "GET", f"{job}/results/result")

        def check_all(answer: Answer) -> None:
            check_table(answer)
            check(answer)

        answer = transport.ask(result, target, check_all)
        cache.forget(request)
        return answer
    finally:
        aside.unlink(missing_ok=True)


def _start(transport: Transport, request: Request, aside: Path) -> str:
    def check(answer: Answer) -> None:
        if not _is_job(answer):
            raise BadAnswerError(
                "it did not start a job but sent "
                f"{answer.content_type or 'something'}; is it under maintenance?",
                passing=True,
            )

    return transport.ask(request, aside, check).url.rstrip("/")


def _is_job(answer: Answer) -> bool:
    head = answer.path.read_bytes()[:4000]
    return b"job" in head and b"<html" not in head.lower() and not answer.url.endswith("/async")


def _phase(transport: Transport, request: Request, job: str, aside: Path) -> str | None:
    """Return the phase of a job, None where the archive does not know it."""
    try:
        answer = transport.ask(Request(request.service, "GET", f"{job}/phase"), aside, _check_phase)
    except ArchiveError as error:
        if "HTTP 404" in str(error) or "HTTP 410" in str(error):
            return None
        raise
    return answer.path.read_text().strip().upper()


def _check_phase(answer: Answer) -> None:
    text = answer.path.read_bytes()[:200].strip()
    if not re.fullmatch(rb"[A-Za-z]+", text):
        raise BadAnswerError("no phase of a job but something else", passing=True)


def _await(transport: Transport, cache: Cache, request: Request, job: str, aside: Path) -> None:
    patience = transport.patience
    deadline = time.monotonic() + patience.job
    pause, longest = patience.poll
    while True:
        phase = _phase(transport, request, job, aside)
        if phase == _DONE:
            return
        if phase is None or phase in _DEAD:
            cache.forget(request)
            raise ArchiveError(
                f"{request.service}: the job {job} ended as {phase or 'unknown'}: "
                f"{_job_error(transport, request, job, aside)}"
            )
        if time.monotonic() > deadline:
            raise ArchiveError(
                f"{request.service}: the job {job} is still {phase} after {patience.job:g} s; "
                "run the same command later, it looks at the same job again"
            )
        transport.sleep(pause)
        pause = min(pause * 1.5, longest)


def _job_error(transport: Transport, request: Request, job: str, aside: Path) -> str:
    try:
        answer = transport.ask(Request(request.service, "GET", f"{job}/error"), aside)
    except ArchiveError as error:
        return str(error)
    text = re.sub(r"<[^>]*>", " ", answer.path.read_text("utf-8", "replace"))
    return " ".join(text.split())[:300] or "no reason given"
