"""Is an object read whole, and of one version, however often the connection breaks, and is patience bounded?"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from imgbatch.core.errors import ImageError, UsageError
from imgbatch.storage.remote import client, download
from imgbatch.storage.remote.address import Address
from imgbatch.storage.remote.bucket import Bucket

URL = "s3://photos/a.jpg"
DATA = bytes(range(256))


class PreconditionError(Exception):
    """As obstore has it."""


class GenericError(Exception):
    """As obstore has it."""


class Answer:
    """What obstore answers to a GET: parts of ten bytes, and a cut after some of them."""

    def __init__(self, start: int, cut: int | None, etag: str | None) -> None:
        self.meta = {"e_tag": etag, "size": len(DATA)}
        self._start, self._cut = start, cut

    def stream(self, min_chunk_size: int) -> Iterator[bytes]:
        for at in range(self._start, len(DATA), 10):
            if self._cut is not None and at >= self._cut:
                raise GenericError("error decoding response body")
            yield DATA[at : at + 10]


class Library:
    """A store whose connections break where a test says; its object changes when it says.

    A shorter object has no such range (416), and a heedless store answers whatever the condition is.
    """

    def __init__(self, cuts: list[int], etags: list[str | None]) -> None:
        self.cuts: list[int | None] = [*cuts, None]
        self.etags, self.requests = etags, list[dict[str, Any]]()

    def get(self, store: object, key: str, options: dict[str, Any] | None = None) -> Answer:
        options = options or {}
        etag = self.etags.pop(0) if len(self.etags) > 1 else self.etags[0]
        self.requests.append(options)
        if options.get("if_match", etag) != etag:
            if etag == '"short"':
                raise GenericError(
                    "Error performing GET http://h/ in 1ms - status code: 416: <Code>InvalidRange</Code>"
                )
            if etag != '"heedless"':
                raise PreconditionError(key)
        start = options["range"]["offset"] if options else 0
        return Answer(start, self.cuts.pop(0) if len(self.cuts) > 1 else None, etag)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    client._OUTAGES.clear()
    yield
    client._OUTAGES.clear()


def read_from(library: Library, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What is read of the object."""
    monkeypatch.setattr(download, "client", lambda address: None)
    monkeypatch.setattr(download, "library", lambda: library)
    return Bucket().read(URL)


def test_what_is_missing_is_fetched_of_the_same_version(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library([50, 100, 100], ['"one"'])
    assert read_from(library, monkeypatch) == DATA
    offsets = [request and request["range"]["offset"] for request in library.requests]
    assert offsets == [{}, 50, 100, 100] and library.requests[1] == {"if_match": '"one"', "range": {"offset": 50}}


@pytest.mark.parametrize("newer", ['"two"', '"short"', '"heedless"'])
def test_another_version_is_read_from_its_start(monkeypatch: pytest.MonkeyPatch, newer: str) -> None:
    library = Library([50], ['"one"', newer])
    assert read_from(library, monkeypatch) == DATA
    first, rest, anew = library.requests
    assert first == anew == {} and rest["if_match"] == '"one"'


def test_a_version_after_the_other_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each is replaced before its rest is read."""
    etags: list[str | None] = [f'"{number}"' for number in range(99)]
    library = Library([50] * 99, etags)
    with pytest.raises(ImageError, match="changed while it was read") as failed:
        read_from(library, monkeypatch)
    assert failed.value.kind == "changed" and len(library.requests) == 2 * download._VERSIONS


def test_without_an_etag_it_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library([50], [None])
    assert read_from(library, monkeypatch) == DATA
    assert library.requests[-1] == {}


def test_patience_ends_and_is_not_had_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise GenericError("Error performing PUT http://127.0.0.1:9/x in 1ms - HTTP error: error sending request")

    address = Address("s3", "photos", "a.jpg")
    for expected in (client._ATTEMPTS, 1, 1):  # the others find the outage
        calls.clear()
        with pytest.raises(OSError, match="the store at 127.0.0.1:9 cannot be reached") as failed:
            client.attempt(fail, address)
        assert failed.value.errno == errno.EIO and len(calls) == expected
    assert client.attempt(lambda: 7, address) == 7, "it is back"
    calls.clear()
    with pytest.raises(OSError):
        client.attempt(fail, address)
    assert len(calls) == client._ATTEMPTS


def test_a_mistake_of_ours_is_not_tried_again_nor_worded() -> None:
    with pytest.raises(TypeError):
        client.attempt(lambda: b"".join(7), Address("s3", "photos", ""))  # type: ignore[arg-type]  # that is the mistake


def test_a_forked_process_has_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "is_installed", lambda package: True)
    monkeypatch.setattr(client, "_OWNER", [os.getpid() + 1])
    with pytest.raises(OSError, match="forked from one that talks to an object store"):
        client.library()
    monkeypatch.setattr(client, "is_installed", lambda package: False)
    with pytest.raises(UsageError, match=r"pip install 'imgbatch\[cloud\]'"):
        client.library()
