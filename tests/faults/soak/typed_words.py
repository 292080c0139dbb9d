"""What can be typed after ``imgbatch run``? Its own flags with values that make no sense."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import random
import re

from imgbatch.__main__ import main
from tests.faults.soak.command import INTERNAL
from tests.faults.soak.inputs import mutate

_VALUES = (
    "1600x1200,fit=cover", "50%", "12MP", "1e308", "16:9", "10,10,10,10", "red", "#12345678", "rgb(1,2,3)", "1s", "1d",
    "hsl(1,2%,3%)", '"a,b",size=3%', "key=value", ",", "=", "1,,2", "-90,background=red", "300x300+10-5", "{stem}", "0",
    "auto", "keep", "4:2:0", "320,640", "200KB", "**/*.jpg", "[!a", "[]a]", "a" * 3000, "9" * 500, "-", "--", "\u00b2",
    "1_000", "1e-400", "0x10", "inf", "nan", "\u0663x\u0663", "\udcff", "{", "{date:%}", "{stem!r}", "{stem.upper}", "",
)  # fmt: skip
#: Flags after which more is read or done than the words.
_NOT = {"--help", "--help-all", "--on-finish", "--files-from", "--watch", "--wait"}


@functools.cache
def _flags() -> tuple[str, ...]:
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        main(["run", "--help-all"])
    return tuple(sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown.getvalue())) - _NOT))


def words(chance: random.Random) -> bytes:
    """A few flags with values, separated by NUL."""
    typed: list[str] = []
    for _ in range(chance.randrange(1, 4)):
        flag, value = chance.choice(_flags()), chance.choice(_VALUES)
        if chance.random() < 0.4:
            value = mutate(chance, value.encode("utf-8", "surrogateescape"), 3).decode("utf-8", "surrogateescape")
        typed += [f"{flag}={value}"] if chance.random() < 0.6 else [flag, value]
    return "\0".join(typed).encode("utf-8", "surrogateescape")


def type_in(chance: random.Random, data: bytes) -> object:
    """Call the command with such words, and a source that is not there."""
    typed = data.decode("utf-8", "surrogateescape").split("\0")
    streams = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(streams[0]), contextlib.redirect_stdout(streams[1]):
        try:
            code = main(["run", os.devnull + "/none", "-o", os.devnull + "/out", "-n", *typed])
        except SystemExit as error:
            raise AssertionError(f"SystemExit {error}: {typed}") from error
    assert code != INTERNAL, f"{typed}: {streams[0].getvalue()}"
    return code
