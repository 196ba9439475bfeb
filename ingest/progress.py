"""How far a long load is, on standard error: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Counts files that are done.

    Parameters
    ----------
    total
        Files to do.
    what
        Word for the line.
    shown
        False prints nothing.
    """

    def __init__(self, total: int, what: str, *, shown: bool = True) -> None:
        self.total = total
        self.what = what
        self.done = 0
        self.rejected = 0
        self._shown = shown and total > 0
        self._bar: Bar | None = None
        self._start = self._last = time.monotonic()
        if self._shown and sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[speed]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._task = self._bar.add_task(what, total=total, speed="")

    def __enter__(self) -> Progress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self, files: int, rejected: int) -> None:
        """Tell that so many more files are done, so many of them into quarantine."""
        self.done += files
        self.rejected += rejected
        if not self._shown:
            return
        now = time.monotonic()
        speed = f"{self.done / max(now - self._start, 1e-3):,.0f} files/s"
        if self.rejected:
            speed += f", {self.rejected:,d} in quarantine"
        if self._bar:
            self._bar.update(self._task, completed=self.done, speed=speed)
        elif now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            print(
                f"{self.what}: {self.done:,d} of {self.total:,d} files, {speed}",
                file=sys.stderr,
                flush=True,
            )
