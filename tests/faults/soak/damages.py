"""How can a ledger be damaged? Bits, blocks, whole files, and rows that SQLite reads but nobody can have written."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from imgbatch.ledger.database import FILE

_PAGE = 4096
_VALUES: tuple[object, ...] = (
    b"\xff\xfe\x00", "text", "", b"", -1, 0, 2**63 - 1, -(2**63), 1e308, "nan", "{", "[]", "9" * 400, "\x00", "../x",
    b"/", None,
)  # fmt: skip
Damage = Callable[[random.Random, Path], None]


def _bytes(change: Callable[[random.Random, bytearray], None]) -> Damage:
    """A damage of the bytes of the database, or more seldom of one of its companions."""

    def damage(chance: random.Random, state: Path) -> None:
        names = [FILE] * 4 + [f"{FILE}-wal"] * 2 + [f"{FILE}-shm", "lock"]
        path = state / chance.choice([name for name in names if (state / name).exists()])
        data = bytearray(path.read_bytes())
        if data:
            change(chance, data)
        path.write_bytes(data)

    return damage


def _flip(chance: random.Random, data: bytearray, most: int = 1) -> None:
    for _ in range(most):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _flip_many(chance: random.Random, data: bytearray) -> None:
    _flip(chance, data, 30)


def _zero_sector(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(0, len(data), 512)
    data[at : at + 512] = bytes(len(data[at : at + 512]))


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def _garbage(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data))
    data[at : at + 200] = chance.randbytes(len(data[at : at + 200]))


def _swap_pages(chance: random.Random, data: bytearray) -> None:
    one, other = (chance.randrange(max(1, len(data) // _PAGE)) * _PAGE for _ in "12")
    pages = data[one : one + _PAGE], data[other : other + _PAGE]
    data[other : other + len(pages[0])], data[one : one + len(pages[1])] = pages


def _wrong_value(chance: random.Random, state: Path) -> None:
    """A column of a table, in some rows, has a value of another type or range."""
    connection = sqlite3.connect(state / FILE)
    connection.text_factory = bytes
    try:
        tables = [row[0].decode() for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        table = chance.choice([name for name in tables if not name.startswith("sqlite_")])
        column = chance.choice([row[1].decode() for row in connection.execute(f"PRAGMA table_info({table})")])
        rows = chance.choice(["", "LIMIT 1"])
        which = f"WHERE {column} IN (SELECT {column} FROM {table} {rows})"
        with connection, contextlib.suppress(sqlite3.IntegrityError):  # a key takes no such value
            connection.execute(f"UPDATE OR IGNORE {table} SET {column}=? {which}", (chance.choice(_VALUES),))
    finally:
        connection.close()


def _wrong_schema(chance: random.Random, state: Path) -> None:
    """A table is missing, has another name, or another column; or the version is another."""
    connection = sqlite3.connect(state / FILE)
    try:
        table = chance.choice(["written", "failures", "runs", "replaced"])
        with connection:
            connection.execute(
                chance.choice(
                    [
                        f"DROP TABLE {table}", f"ALTER TABLE {table} RENAME TO other",
                        f"ALTER TABLE {table} ADD COLUMN more TEXT", f"DELETE FROM {table}",
                        f"PRAGMA user_version={chance.choice([-1, 0, 1, 2, 3])}",
                    ]
                )
            )  # fmt: skip
    finally:
        connection.close()


def _other_file(chance: random.Random, state: Path) -> None:
    """Something else has the ledger's name."""
    (state / FILE).unlink()
    kind = chance.randrange(5)
    if kind == 0:
        (state / FILE).write_bytes(b"")
    elif kind == 1:
        (state / FILE).write_bytes(b"\x89PNG\r\n\x1a\n" + chance.randbytes(3000))
    elif kind == 2:
        (state / FILE).write_text("SQLite format 3\n")
    elif kind == 3:
        (state / FILE).mkdir()
    else:
        with sqlite3.connect(state / FILE) as connection:
            connection.execute("CREATE TABLE bookmarks (address TEXT)")
        connection.close()


def _companions(chance: random.Random, state: Path) -> None:
    """What stands beside the database belongs to none, or to another one."""
    name = f"{FILE}{chance.choice(['-wal', '-shm', '-journal'])}"
    kind = chance.randrange(3)
    if kind == 0:
        (state / name).write_bytes(chance.randbytes(chance.randrange(1, 9000)))
    elif kind == 1:
        (state / name).write_bytes(b"")
    else:
        shutil.copyfile(state / FILE, state / name)


DAMAGES: dict[str, Damage] = {
    "a bit": _bytes(_flip),
    "thirty bits": _bytes(_flip_many),
    "zero sector": _bytes(_zero_sector),
    "cut": _bytes(_cut),
    "garbage": _bytes(_garbage),
    "pages swapped": _bytes(_swap_pages),
    "value of a wrong type": _wrong_value,
    "other schema": _wrong_schema,
    "other file": _other_file,
    "companions": _companions,
}
