"""Are images read from a web server as from a disk, and is nothing of an address shown that may be a signature?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from imgbatch.core.errors import ImageError
from imgbatch.storage.registry import store
from imgbatch.storage.remote.address import web_name
from tests.cli.conftest import tree
from tests.cluster.faulty_proxy import FaultyProxy
from tests.cluster.steps import SAMPLES, command

TRAVEL = SAMPLES / "travel"


@pytest.fixture
def web() -> Iterator[int]:
    """The port of a server of the sample images."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, directory=str(TRAVEL), **more)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


NAMES = ("2023/desert/dunes.jpg", "2024/coast/morning.jpg", "%C3%9Cbersicht%20am%20Flu%C3%9F.jpg")


def test_addresses_are_sources(web: int, tmp_path: Path) -> None:
    addresses = [f"http://127.0.0.1:{web}/{name}?X-Amz-Signature=5ecre7" for name in NAMES]
    (tmp_path / "list.txt").write_text("\n".join(addresses))
    words = ("run", "--files-from", "list.txt", "-o", "out", "--resize", "100", "-v")
    done = command(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert set(tree(tmp_path / "out")) == {"dunes.jpg", "morning.jpg", "Übersicht am Fluß.jpg"}
    assert "5ecre7" not in done.stderr + done.stdout
    again = command(tmp_path, *words, "--json")
    assert '"unchanged":3' in again.stdout.replace(" ", "") and "5ecre7" not in again.stderr + again.stdout
    typed = command(tmp_path, "run", *addresses, "-o", "typed", "--resize", "100")
    assert typed.returncode == 0 and "5ecre7" not in command(tmp_path, "history", "typed").stdout
    (tmp_path / "copies").mkdir()
    for path in TRAVEL.rglob("*.jpg"):
        if path.name in tree(tmp_path / "out"):
            (tmp_path / "copies" / path.name).write_bytes(path.read_bytes())
    command(tmp_path, "run", "copies", "-o", "of copies", "--resize", "100")
    assert tree(tmp_path / "out") == tree(tmp_path / "of copies")


def test_what_a_server_does_not_give_is_told(web: int, tmp_path: Path) -> None:
    absent = f"http://127.0.0.1:{web}/absent.jpg?X-Amz-Signature=5ecre7"
    done = command(tmp_path, "run", absent, "-o", "out")
    assert done.returncode == 2 and not (tmp_path / "out").exists()
    assert done.stderr == f"imgbatch: http://127.0.0.1:{web}/absent.jpg: the server answers 404 (Not Found)\n"
    done = command(tmp_path, "run", "http://127.0.0.1:9/a.jpg", "-o", "out")
    assert done.returncode == 2 and "127.0.0.1:9 cannot be reached" in done.stderr
    done = command(tmp_path, "check", f"http://127.0.0.1:{web}/2024/coast/morning.jpg")
    assert done.returncode == 0, done.stderr


def test_a_bad_network_is_asked_again(web: int) -> None:
    photo = (TRAVEL / "2024" / "coast" / "morning.jpg").read_bytes()
    with FaultyProxy(web) as proxy:
        proxy.fail_now_and_then(seed=7, share=0.4)
        address = f"{proxy.url}/2024/coast/morning.jpg"
        for _ in range(12):
            assert store("http").read(address) == photo
            assert store("http").stat(address).st_size == len(photo)
            assert store("http").read_prefix(address, 9) == photo[:9]
        assert proxy.counts["cut inside"] and proxy.counts["busy"]


def test_a_server_is_only_read_from(web: int) -> None:
    address = f"http://127.0.0.1:{web}/2024/coast/morning.jpg"
    for call in (
        lambda: store("http").write_whole(address, b"x"), lambda: store("http").create_exclusively(address, b"x"),
        lambda: store("http").remove(address), lambda: store("http").rename(address, address),
        lambda: store("http").preserve(address, address),
    ):  # fmt: skip
        with pytest.raises(OSError, match="only read from"):
            call()
    with pytest.raises(NotADirectoryError):
        store("http").list(address)
    with pytest.raises(ImageError) as failed:
        store("http").read(f"http://127.0.0.1:{web}/absent.jpg")
    assert failed.value.kind == "io" and "404" in str(failed.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/a/b.jpg", "b.jpg"), ("https://h/a%20b.jpg?x=1#y", "a b.jpg"), ("http://h", "index"),
        ("http://h/a/", "a"), ("http://h/..%2F..%2Fetc%2Fpasswd", ".._.._etc_passwd"), ("http://h/%2e%2e", "index"),
        ("http://h/a%0Ab.jpg", "a_b.jpg"), ("http://u:p@h/c.png", "c.png"),
    ],
)  # fmt: skip
def test_an_address_gives_a_name_that_a_file_can_have(url: str, name: str) -> None:
    assert web_name(url) == name
