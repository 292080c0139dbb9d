"""Service manager: how does systemd hear that a service is up, alive, and going down? sd_notify(3), without a library.

The manager names a socket in ``NOTIFY_SOCKET`` and, where it wants signs of life, their period in ``WATCHDOG_USEC``.
Without these nobody listens, and nothing is said.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def notify(message: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the manager was told; one that does not listen any more is no error."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect("\0" + address[1:] if address[0] == "@" else address)
        channel.sendall(message.encode())
        return True
    return False
