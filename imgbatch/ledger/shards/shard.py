"""Shard: which part of the sources is one of several runs', and where does it keep what it did?

``--shard 3/8`` is the fourth of eight: shards count from 0, as the indexes of job arrays do. Which one a file belongs
to says a hash of its path below SRC, so that it stays there when others come and go.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re

from imgbatch.core.errors import PlanError, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Source
from imgbatch.ledger.database import FILE
from imgbatch.planning.folders import and_more, display_path

REPORTS = "reports"  # the folder of the reports of a shard, in its own
_FOLDER = re.compile(r"shard-(0|[1-9][0-9]{0,5})-of-([1-9][0-9]{0,5})")  # no larger than shard_word has them


@frozen(slots=True)
class Shard:
    """One of `count` parts of the sources; `number` is from 0 to `count` - 1."""

    number: int
    count: int

    @classmethod
    def of(cls, word: str) -> Shard:
        """The shard that a word such as ``3/8`` means; UsageError where it leaves the number to the environment."""
        number, _, count = word.partition("/")
        if number == "auto":
            raise wrong_value("I/N such as 3/8 (only the command knows the environment)", "shard", word)
        return cls(int(number), int(count))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def holds(self, relative: str) -> bool:
        """Whether a file belongs to it, by its path below SRC."""
        digest = hashlib.blake2b(os.fsencode(relative), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number

    def holds_source(self, source: Source) -> bool:
        """Whether a source belongs to it."""
        return self.holds(source.relative)

    def state(self, base: str) -> str:
        """The folder of its ledger, lock, record and reports, in the state folder of all."""
        return os.path.join(base, f"shard-{self.number}-of-{self.count}")


def shards_in(base: str) -> list[Shard]:
    """The shards that have a folder in a state folder, sorted; empty where there is none.

    A folder whose name no shard gives it is none: it may be a stranger's, and of so many shards that a merge of them
    would have no end.
    """
    shards = []
    with contextlib.suppress(OSError), os.scandir(base) as entries:
        for entry in entries:
            match = _FOLDER.fullmatch(entry.name)
            if match is not None and int(match[1]) < int(match[2]) and entry.is_dir(follow_symlinks=False):
                shards.append(Shard(int(match[1]), int(match[2])))
    return sorted(shards, key=lambda shard: (shard.count, shard.number))


def waiting_shards(base: str) -> list[Shard]:
    """The shards whose ledgers wait for a merge."""
    return [shard for shard in shards_in(base) if os.path.exists(os.path.join(shard.state(base), FILE))]


def refuse_waiting_shards(base: str, folder: str, own: Shard | None = None) -> None:
    """PlanError where shards wait for a merge: what they made is unknown to everybody else.

    Parameters
    ----------
    base, folder : str
        The state folder, and the output folder that it is of, for the message.
    own : Shard, optional
        The shard that is about to run: it and others of as many are no hindrance.
    """
    hindrances = [shard for shard in waiting_shards(base) if own is None or shard.count != own.count]
    if hindrances:
        raise PlanError(
            f"shard {hindrances[0]}{and_more(len(hindrances))} of {display_path(folder)} waits to be merged; "
            f"run `imgbatch merge {display_path(folder)}` first"
        )
