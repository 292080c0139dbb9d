"""Faulty proxy: what does a store look like behind a bad network? HTTP to a server behind it, with faults now and then.

Faults are drawn from a seeded generator: ``503 SlowDown``, a connection that is cut before the request is passed on,
one that is cut after it (its answer is lost, and what it did is done), and an answer that ends in the middle.
"""

from __future__ import annotations

import http.client
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Fault = Literal["", "busy", "cut before", "cut after", "cut inside", "denied", "skewed", "bad key"]
Choose = Callable[[str, str], Fault]
_BODY = "<?xml version='1.0'?><Error><Code>{}</Code><Message>no</Message></Error>"
_ERRORS = {
    "busy": (503, "SlowDown"), "denied": (403, "AccessDenied"), "skewed": (403, "RequestTimeTooSkewed"),
    "bad key": (403, "InvalidAccessKeyId"),
}  # fmt: skip
_NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "host"}


class FaultyProxy:
    """A proxy in a thread; to be used in a ``with``.

    Parameters
    ----------
    port : int
        Of the server behind it, on 127.0.0.1.

    Attributes
    ----------
    choose : callable
        The fault of a request, by its method and path; "" for none.
    url : str
        Where it listens.
    counts : Counter
        How often each fault, and each method, was served.
    """

    def __init__(self, port: int) -> None:
        self.port, self.counts = port, Counter[str]()
        self.choose: Choose = lambda method, path: ""
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FaultyProxy:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail_now_and_then(self, seed: int, share: float = 0.05) -> None:
        """Draw a fault for that share of the requests: half of them 503, the others cut connections of each kind."""
        draw, lock = random.Random(seed), threading.Lock()

        def choose(method: str, path: str) -> Fault:
            with lock:
                number = draw.random() / share
            if number >= 1:
                return ""
            return "busy" if number < 0.5 else ("cut before", "cut after", "cut inside")[int(number * 6) - 3]

        self.choose = choose


class _Handler(BaseHTTPRequestHandler):
    owner: FaultyProxy
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _serve(self) -> None:
        owner = self.owner
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = owner.choose(self.command, self.path)
        owner.counts[fault or self.command] += 1
        if fault in _ERRORS:
            status, code = _ERRORS[fault]
            self._answer(status, [("Content-Type", "application/xml")], _BODY.format(code).encode())
            return
        if fault == "cut before":
            self._cut()
            return
        connection = http.client.HTTPConnection("127.0.0.1", owner.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON}
        connection.request(self.command, self.path, body or None, {**headers, "Host": f"127.0.0.1:{owner.port}"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if fault == "cut after":
            self._cut()
            return
        passed_on = [(name, value) for name, value in answer.getheaders() if name.lower() not in _NOT_PASSED_ON]
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        self._answer(answer.status, passed_on, data, length, half=fault == "cut inside")

    def _answer(
        self, status: int, headers: list[tuple[str, str]], data: bytes, length: str | None = None, half: bool = False
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if half else data)
        if half:
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve
