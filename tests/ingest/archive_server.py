"""A server on loopback that plays back answers in the shapes of the archives.

TAP (sync and async with an uploaded table), VizieR's votable, the CDS cross-match. It holds
one small sky; every answer is computed from what was really asked, so that a client that
uploads wrong positions gets wrong stars. Faults are handed to it in a queue: each is used
up by one request for data.
"""

from __future__ import annotations

import email
import email.policy
import gzip
import io
import re
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table
from astropy.table import Table
from catalogue_files import votable

HTML = b"<!DOCTYPE html><html><body>The archive is under maintenance until noon</body></html>"


@dataclass
class Asked:
    """A request for data that came in."""

    path: str
    form: dict[str, str]
    n_positions: int = 0


@dataclass
class Sky:
    """What the archive holds: a table with positions in degrees.

    Attributes
    ----------
    table
        Rows of the catalogue.
    ra, dec
        Names of its position columns.
    faults
        Names of faults, used from the left, one a request for data.
    """

    table: Table
    ra: str = "RAJ2000"
    dec: str = "DEJ2000"
    faults: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    jobs: dict[str, bytes] = field(default_factory=dict)
    slow_phases: int = 1
    hang: float = 3.0

    def near(self, ra: Any, dec: Any, radius: float) -> Table:
        """Return the rows within a radius (arcsec) of any of the positions."""
        if len(self.table) == 0 or len(ra) == 0:
            return self.table[:0]
        sky = SkyCoord(self.table[self.ra], self.table[self.dec], unit="deg")
        places = SkyCoord(ra, dec, unit="deg")
        found = np.unique(places.search_around_sky(sky, radius * u.arcsec)[0])
        return self.table[found]


class Handler(BaseHTTPRequestHandler):
    """Answers for one :class:`Sky`, which hangs on the server."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer a GET."""
        path, _, query = self.path.partition("?")
        self._answer(path, dict(urllib.parse.parse_qsl(query)), {})

    def do_POST(self) -> None:
        """Answer a POST."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        form: dict[str, str] = {}
        files: dict[str, bytes] = {}
        if kind.startswith("multipart/"):
            head = f"Content-Type: {kind}\r\n\r\n".encode()
            message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
            for part in message.iter_parts():  # type: ignore[attr-defined]
                name = part.get_param("name", header="content-disposition")
                content = part.get_payload(decode=True)
                if part.get_filename():
                    files[name] = content
                else:
                    form[name] = content.decode().strip()
        else:
            form = dict(urllib.parse.parse_qsl(body.decode()))
        self._answer(self.path, form, files)

    def do_DELETE(self) -> None:
        """Accept that a job is thrown away."""
        self._send(b"", "text/plain")

    def _answer(self, path: str, form: dict[str, str], files: dict[str, bytes]) -> None:
        form = {
            name.upper() if not path.startswith("/viz-bin") else name: v for name, v in form.items()
        }
        sky = self.server.sky
        if job := re.fullmatch(r"/tap/async/(\w+)(/.*)?", path):
            self._job(job.group(1), job.group(2) or "")
        elif path.startswith("/tap/"):
            self._tap(path, form, files)
        elif path.startswith("/xmatch"):
            rows = Table.read(io.BytesIO(files["cat1"]), format="ascii.csv")
            ra, dec = rows[form["COLRA1"]], rows[form["COLDEC1"]]
            sky.asked.append(Asked(path, form, len(rows)))
            self._data(sky.near(ra, dec, float(form["DISTMAXARCSEC"])))
        elif path.startswith("/viz-bin/votable"):
            sky.asked.append(Asked(path, form))
            table = sky.table
            if "recno" in form:
                first, last = (int(part) for part in form["recno"].split(".."))
                table = table[first - 1 : last]
            if form.get("-out.max") != "unlimited":
                table = table[:50]
            self._data(table)
        else:
            self._send(b"no such page", "text/plain", 404)

    def _tap(self, path: str, form: dict[str, str], files: dict[str, bytes]) -> None:
        sky = self.server.sky
        name, _, field_name = form["UPLOAD"].partition(",param:")
        assert f"tap_upload.{name}" in form["QUERY"].lower()
        places = parse_single_table(io.BytesIO(files[field_name])).array
        radius = float(re.findall(r"([\d.]+)\)\)", form["QUERY"])[0]) * 3600
        sky.asked.append(Asked(path, form, len(places)))
        table = sky.near(places["pos_ra"], places["pos_dec"], radius)
        if path.endswith("/sync"):
            self._data(table)
            return
        if self._fault_instead():
            return
        number = f"j{len(sky.jobs) + 1}"
        sky.jobs[number] = votable(table, "binary2", QUERY_STATUS="OK")
        self.server.polls[number] = sky.slow_phases
        self.send_response(303)
        self.send_header("Location", f"{self.server.url}/tap/async/{number}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _job(self, number: str, rest: str) -> None:
        sky = self.server.sky
        if number not in sky.jobs:
            self._send(b"no such job", "text/plain", 404)
        elif rest == "/phase":
            self.server.polls[number] -= 1
            state = b"EXECUTING" if self.server.polls[number] >= 0 else b"COMPLETED"
            if "job-error" in sky.faults and state == b"COMPLETED":
                state = b"ERROR"
            self._send(state, "text/plain")
        elif rest == "/error":
            sky.faults.remove("job-error")
            self._send(votable(sky.table[:0], QUERY_STATUS="ERROR"), "text/xml")
        elif rest == "/results/result":
            self._data(content=sky.jobs[number])
        else:
            phase = "EXECUTING" if self.server.polls[number] > 0 else "COMPLETED"
            self._send(
                f'<uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" '
                f'xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1">'
                f"<uws:jobId>{number}</uws:jobId><uws:phase>{phase}</uws:phase>"
                f'<uws:results><uws:result id="result" xlink:href="{self.server.url}'
                f'/tap/async/{number}/results/result"/></uws:results></uws:job>'.encode(),
                "text/xml",
            )

    def _data(self, table: Table | None = None, content: bytes | None = None) -> None:
        if self._fault_instead(before=True):
            return
        if content is None:
            content = votable(table if table is not None else self.server.sky.table)
        fault = self.server.sky.faults.pop(0) if self.server.sky.faults else ""
        if fault == "truncated":
            self._send(content[: len(content) * 2 // 3], "text/xml")
        elif fault == "short":
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif fault == "overflow":
            document = content.decode("utf-8", "replace")
            info = '<INFO name="QUERY_STATUS" value="OVERFLOW">2000 rows</INFO>'
            self._send(
                document.replace("</RESOURCE>", f"{info}</RESOURCE>", 1).encode(), "text/xml"
            )
        elif fault == "gzip":
            self._send(gzip.compress(content), "text/xml", 200, {"Content-Encoding": "gzip"})
        elif fault == "chunked":
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(content), 1000):
                part = content[start : start + 1000]
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif fault == "missing-column":
            self._send(content.replace(b'"Jmag"', b'"Jmagnitude"'), "text/xml")
        else:
            self._send(content, "application/x-votable+xml")

    def _fault_instead(self, *, before: bool = False) -> bool:
        faults = self.server.sky.faults
        fault = faults[0] if faults else ""
        if fault in ("", "job-error"):
            return fault != "" and False
        answers = {
            "503": (b"Service Unavailable", "text/plain", 503, {}),
            "retry-after": (b"busy", "text/plain", 503, {"Retry-After": "7"}),
            "html": (HTML, "text/html", 200, {}),
            "html-as-xml": (HTML, "text/xml", 200, {}),
            "empty": (b"", "text/xml", 200, {}),
            "202": (b"", "text/xml", 202, {}),
            "wrong-type": (b"%PDF-1.4 something else", "application/pdf", 200, {}),
            "400": (b"<html>bad ADQL</html>", "text/html", 400, {}),
        }
        if fault == "hang":
            faults.pop(0)
            self.server.stop.wait(self.server.sky.hang)
            self.close_connection = True
            return True
        if fault == "drip":
            faults.pop(0)
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", "100000")
            self.end_headers()
            end = time.monotonic() + self.server.sky.hang
            while time.monotonic() < end and not self.server.stop.is_set():
                try:
                    self.wfile.write(b" ")
                    self.wfile.flush()
                except OSError:
                    break
                time.sleep(0.05)
            self.close_connection = True
            return True
        if fault == "reset":
            faults.pop(0)
            self.connection.close()
            self.close_connection = True
            return True
        if fault in answers:
            faults.pop(0)
            body, kind, status, headers = answers[fault]
            self._send(body, kind, status, headers)
            return True
        return False

    def _send(
        self, body: bytes, kind: str, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """The server with its sky."""

    daemon_threads = True

    def __init__(self, sky: Sky) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sky = sky
        self.polls: dict[str, int] = {}
        self.stop = threading.Event()

    @property
    def url(self) -> str:
        """Address without a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that a test broke."""


@contextmanager
def archive(sky: Sky) -> Iterator[Server]:
    """Serve a sky until the end of the block."""
    server = Server(sky)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stop.set()
        server.shutdown()
        thread.join()
        server.server_close()
