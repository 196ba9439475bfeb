"""A real browser for tests: chromium without a window, spoken to over a pipe."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXECUTABLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

#: No address but those on disk is found.
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
)  # fmt: skip


#: Chromium reads from 3 and writes to 4: move the pipes there, and become it.
_HAND_OVER = """
import os, sys
reading, writing = (os.dup(int(one)) for one in sys.argv[1:3])
for one, place in ((reading, 3), (writing, 4)):
    os.dup2(one, place)
    os.set_inheritable(place, True)
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass
class Page:
    """What a page did: what it asked for, what failed, what it complained of."""

    requested: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Browser:
    """A tab."""

    def __init__(self, to: int, from_: int) -> None:
        self._to = os.fdopen(to, "wb")
        self._from = os.fdopen(from_, "rb")
        self._number = 0
        self._session: str | None = None
        self.page = Page()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = session["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method and return its answer; what the page does meanwhile is noted."""
        self._number += 1
        told = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            told["sessionId"] = self._session
        self._to.write(json.dumps(told).encode() + b"\0")
        self._to.flush()
        while True:
            message = self._read()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]

    def _read(self) -> dict[str, Any]:
        content = bytearray()
        while (byte := self._from.read(1)) != b"\0":
            assert byte, "the browser ended"
            content += byte
        message = json.loads(content)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.page.requested.append(told["request"]["url"])
        elif event == "Network.loadingFailed":
            self.page.failed.append(told.get("errorText", ""))
        elif event == "Runtime.exceptionThrown":
            self.page.complaints.append(json.dumps(told["exceptionDetails"]))
        elif event == "Log.entryAdded":
            self.page.complaints.append(told["entry"]["text"])
        elif event == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.page.complaints.append(json.dumps(told["args"]))

    def open(self, path: Path, after: str = "", width: int = 1200) -> Page:
        """Open a file and wait until it and its pictures are there."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
            mobile=width < 600,
        )  # fmt: skip
        self.call("Page.navigate", url="about:blank")
        self.page = Page()
        self.call("Page.navigate", url=path.as_uri() + after)
        assert self.run(
            "new Promise(done => document.readyState === 'complete' ? done(1) "
            ": addEventListener('load', () => done(1)))"
        )
        # what a reader would scroll to is loaded now
        self.run(
            "Promise.all([...document.images].map(one => { one.loading = 'eager'; "
            "return one.complete ? 1 : new Promise(done => one.onload = one.onerror = done); }))"
            ".then(() => 1)"
        )
        return self.page

    def run(self, script: str) -> Any:
        """Return the value of an expression; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start chromium, and end it.

    Parameters
    ----------
    profile
        An empty folder.
    """
    assert EXECUTABLE is not None
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()

    process = subprocess.Popen(
        [sys.executable, "-c", _HAND_OVER, str(theirs_in), str(theirs_out), EXECUTABLE, *_FLAGS,
         f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        tab = Browser(ours_out, ours_in)
        yield tab
        with suppress(AssertionError, BrokenPipeError):
            tab._session = None
            tab.call("Browser.close")
    finally:
        process.terminate()
        process.wait(20)
