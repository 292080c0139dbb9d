"""Pipe: how is a file read that may be a pipe, and one that nobody writes to?"""

from __future__ import annotations

import os
import stat

PATIENCE_S = 2.0  # for somebody to open the other end; who has may take as long as it likes


def read_all(path: str, most: int | None = None, patience_s: float = PATIENCE_S) -> bytes:
    """All bytes of a file, or of a pipe to its end.

    Parameters
    ----------
    path : str
    most : int, optional
        How many bytes are taken at most.
    patience_s : float
        Seconds until somebody must have opened a pipe to write to it.

    Raises
    ------
    OSError
    ValueError
        Nobody writes to the pipe, or there are more bytes.
    """
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb", buffering=0) as file:
        data = bytearray()
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            data += _first_bytes(file.fileno(), patience_s)
        os.set_blocking(file.fileno(), True)
        while chunk := file.read(1 << 20):
            data += chunk
            if most is not None and len(data) > most:
                raise ValueError(f"it has more than {most // 10**6} MB")
    return bytes(data)


def _first_bytes(descriptor: int, patience_s: float) -> bytes:
    """What is in a pipe once somebody writes to it; nothing when it is open, and its writer takes its time."""
    import select  # pipes are rare

    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    had_writer = bool(poll.poll(patience_s * 1000))
    try:
        data = os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return b""
    if not data and not had_writer:
        raise ValueError("nobody writes to it")
    return data
