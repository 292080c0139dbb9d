"""Google fake: what does Google Cloud Storage answer? No server of theirs: our own reading of the XML API.

The emulators that can be installed speak another API for uploads (fake-gcs-server: JSON) or heed no condition
(gcp-storage-emulator), so that nothing real plays it here. What is in this file is what Google's manual says of PUT
with ``x-goog-if-generation-match``, GET with ranges and ``If-Match``, HEAD, DELETE, and lists: enough to see that what
we ask through obstore is what that manual describes, and no proof that Google answers so.
"""

from __future__ import annotations

import email.utils
import hashlib
import itertools
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

PAGE = 1000
_META = "x-goog-meta-"


class _Object(NamedTuple):
    data: bytes
    generation: int
    time: str
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.data).hexdigest()}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: dict[str, _Object]
    generations: Iterator[int]
    lock: threading.Lock

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self._key()[1]
        expected = self.headers.get("x-goog-if-generation-match")
        headers = {name.lower(): value for name, value in self.headers.items()}
        headers = {name: value for name, value in headers.items() if name == "content-type" or name.startswith(_META)}
        with self.lock:
            there = self.objects.get(key)
            if expected is not None and int(expected) != (there.generation if there else 0):
                self._refuse(412, "PreconditionFailed")
                return
            one = _Object(data, next(self.generations), email.utils.formatdate(usegmt=True), headers)
            self.objects[key] = one
        self._answer(200, {"ETag": one.etag, "x-goog-generation": str(one.generation)}, b"")

    def do_GET(self) -> None:
        bucket, key, query = self._key()
        if not key:
            self._list(bucket, query)
            return
        one = self.objects.get(key)
        if one is None:
            self._refuse(404, "NoSuchKey")
            return
        if self.headers.get("If-Match", one.etag) != one.etag:
            self._refuse(412, "PreconditionFailed")
            return
        headers = {"ETag": one.etag, "Last-Modified": one.time, "x-goog-generation": str(one.generation)}
        start, _, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        if not start:
            self._answer(200, {**headers, **one.headers}, one.data)
        elif int(start) >= len(one.data):
            self._refuse(416, "InvalidRange")
        else:
            part = one.data[int(start) : int(last or len(one.data)) + 1]
            headers["Content-Range"] = f"bytes {start}-{int(start) + len(part) - 1}/{len(one.data)}"
            self._answer(206, {**headers, **one.headers}, part)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        if self.objects.pop(self._key()[1], None) is None:
            self._refuse(404, "NoSuchKey")
        else:
            self._answer(204, {}, b"")

    def _key(self) -> tuple[str, str, dict[str, str]]:
        """Bucket, key and query."""
        path, _, query = self.path.partition("?")
        bucket, _, key = path.removeprefix("/").partition("/")
        return bucket, urllib.parse.unquote(key), dict(urllib.parse.parse_qsl(query))

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        prefix, after = query.get("prefix", ""), query.get("continuation-token") or query.get("start-after", "")
        found = sorted(key for key in list(self.objects) if key.startswith(prefix) and key > after)
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Generation>{one.generation}</Generation>"
            f"<LastModified>{email.utils.parsedate_to_datetime(one.time):%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(one.etag)}</ETag><Size>{len(one.data)}</Size></Contents>"
            for key in found[:PAGE]
            if (one := self.objects.get(key)) is not None
        )
        more = f"<NextContinuationToken>{escape(found[PAGE - 1])}</NextContinuationToken>" if found[PAGE:] else ""
        text = f"<ListBucketResult><Name>{bucket}</Name>{more}{rows}</ListBucketResult>"
        self._answer(200, {"Content-Type": "application/xml"}, text.encode())

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode())

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def google_fake() -> Iterator[int]:
    """The port of a fake on 127.0.0.1, whose buckets are one; while in a ``with``."""

    class Handler(_Handler):
        objects, generations, lock = {}, itertools.count(1700000000000001), threading.Lock()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
