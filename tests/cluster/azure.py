"""Azure: where is an Azure store on this machine? Azurite, Microsoft's own emulator, and what makes a container in it.

It is a package of npm, which `.ci/run` installs into the virtual environment where there is npm: the tests look for
``azurite-blob`` there, and among the commands.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import hashlib
import hmac
import http.client
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ACCOUNT = "devstoreaccount1"  # the one account of every emulator, and its key, which is in Microsoft's manual
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_VERSION = "2023-11-03"
_STARTED = "successfully listens"


@contextlib.contextmanager
def azurite() -> Iterator[int]:
    """The port of an Azure store on 127.0.0.1; the test skips where Azurite is not installed."""
    in_venv = Path(sys.prefix) / "npm" / "node_modules" / ".bin" / "azurite-blob"
    program = str(in_venv) if in_venv.exists() else shutil.which("azurite-blob")
    if program is None:
        pytest.skip("Azure is played by azurite, of npm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [program, "--blobPort", str(port), "--inMemoryPersistence", "--silent", "--disableTelemetry"]
    process = subprocess.Popen(
        [*words, "--skipApiVersionCheck"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if _STARTED in line:
                break
        else:
            pytest.fail("azurite does not start: " + "".join(said))
        yield port
    finally:
        process.terminate()
        process.communicate()


def make_container(port: int, name: str) -> None:
    """An empty container: obstore makes none."""
    time = email.utils.formatdate(usegmt=True)
    headers = {"x-ms-date": time, "x-ms-version": _VERSION}
    lines = "".join(f"{key}:{value}\n" for key, value in sorted(headers.items()))
    signed = "PUT" + 12 * "\n" + f"{lines}/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    digest = hmac.new(base64.b64decode(_KEY), signed.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("PUT", f"/{ACCOUNT}/{name}?restype=container", headers=headers)
    assert connection.getresponse().status == 201
    connection.close()
