"""Warm command: how is the command started a thousand times without its imports a thousand times?

A process imports what the command imports, and forks itself for each command. What is forked takes the words, the
folder, the environment and the three streams, does what ``python -m imgbatch`` does then, and ends as that ends. So it
is a process of its own in all but its start, and the start is what the tests of main, of signals and of the pages look
at: they start the command as a shell does. ::

    command = WarmCommand(environment)
    command.run(["run", "photos", "-o", "web"], folder, environment)
"""

from __future__ import annotations

import importlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from PIL import Image

_HEAD = 8  # bytes of a number in what both say
_START = ("PYTHON", "LC_", "LANG", "OPENBLAS", "OMP", "LD_")  # what counts when an interpreter starts


def can_fork() -> bool:
    """Whether a process can fork itself here, and pass streams on."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds")


def start_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that only count when an interpreter starts."""
    return {name: value for name, value in environment.items() if name.startswith(_START)}


class WarmCommand:
    """The process that forks, and what is asked of it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.start_variables = start_variables(environment)
        self._socket, theirs = socket.socketpair()
        with theirs:
            words = [sys.executable, "-m", "tests.cli.warm_command", str(theirs.fileno())]
            self._process = subprocess.Popen(
                words, env=dict(environment), pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip # pipes as those of a test's command: what Python keeps of its streams is the same
        self.lock = threading.Lock()  # held by whoever runs a command

    def run(
        self, words: Sequence[str], folder: Path, environment: Mapping[str, str], input: str | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """What ``subprocess.run`` gives for the command with its streams captured, as text."""
        feed_end, feed = os.pipe()
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        request = {"words": list(words), "folder": str(folder), "environment": dict(environment)}
        data = json.dumps(request).encode()
        socket.send_fds(self._socket, [len(data).to_bytes(_HEAD, "big")], [feed_end, out_end, err_end])
        self._socket.sendall(data)
        for end in (feed_end, out_end, err_end):
            os.close(end)
        texts: dict[str, str] = {}
        readers = [threading.Thread(target=_read, args=(texts, key, end)) for key, end in (("out", out), ("err", err))]
        for thread in readers:
            thread.start()
        process = self._number()
        _feed(feed, input or "")
        for thread in readers:
            thread.join(timeout)
        if any(thread.is_alive() for thread in readers):
            os.kill(process, 9)
            raise subprocess.TimeoutExpired(list(words), timeout)
        code = os.waitstatus_to_exitcode(self._number())
        return subprocess.CompletedProcess(["imgbatch", *words], code, texts["out"], texts["err"])

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.communicate()

    @property
    def number(self) -> int:
        """The process's number."""
        return self._process.pid

    def _number(self) -> int:
        return int.from_bytes(_receive(self._socket, _HEAD), "big")


def _receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError("the other end is gone")
        data += part
    return data


def _read(texts: dict[str, str], key: str, end: int) -> None:
    with open(end, "rb") as file:
        text = io.TextIOWrapper(file, "utf-8", "surrogateescape").read()  # newlines as subprocess translates them
    texts[key] = text


def _feed(end: int, text: str) -> None:
    with open(end, "wb", buffering=0) as file:
        try:
            file.write(text.encode("utf-8", "surrogateescape"))
        except BrokenPipeError:  # it read no more, as subprocess has it
            return


def _preload(program: ModuleType) -> None:
    """Import what a run has imported at its end, as one in a process of its own tells, which leaves nothing."""
    names_of_child, end = os.pipe()
    process = os.fork()
    if not process:
        code = 1
        try:
            with tempfile.TemporaryDirectory() as folder:
                Image.new("RGB", (9, 9)).save(os.path.join(folder, "a.jpg"))
                os.environ["IMGBATCH_WORKERS"] = "0"
                program.main(["run", "--no-such-flag"])  # looks through all operations
                code = program.main(["run", folder, "-o", os.path.join(folder, "out"), "--resize", "5", "-Q"])
            with open(end, "w") as file:
                file.write("\n".join(name for name in sys.modules if name.partition(".")[0] in ("imgbatch", "PIL")))
        finally:
            os._exit(code)
    os.close(end)
    with open(names_of_child) as file:
        names = file.read().split()
    _, status = os.waitpid(process, 0)
    assert status == 0 and "imgbatch.runs.batch" in names, "the run that shows what is imported failed"
    for name in names:
        importlib.import_module(name)


def serve(connection: socket.socket) -> dict[str, object] | None:
    """Fork for each request until nobody is there to ask. Of the process that is forked the request; else None."""
    while True:
        head, streams, _, _ = socket.recv_fds(connection, _HEAD, 3)
        if not head:
            return None
        request: dict[str, object] = json.loads(_receive(connection, int.from_bytes(head, "big")))
        process = os.fork()
        if not process:
            connection.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            os.closerange(3, max(streams) + 1)
            return request
        for stream in streams:
            os.close(stream)
        connection.sendall(process.to_bytes(_HEAD, "big"))
        _, status = os.waitpid(process, 0)
        connection.sendall(status.to_bytes(_HEAD, "big"))


def main() -> int:
    """Serve; of a process that is forked: the command. The exit code."""
    from imgbatch import __main__ as program

    codes = program._quick_exit()  # before anything has something to do at the end, as the command has it
    _preload(program)
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    if request is None:
        return 0
    words, folder, environment = request["words"], request["folder"], request["environment"]
    assert isinstance(words, list) and isinstance(folder, str) and isinstance(environment, dict)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.argv = [str(program.__file__), *words]
    sys.modules["__main__"] = program
    code = program.main(alone=True)
    codes.append(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
