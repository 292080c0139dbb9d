"""Merge notes: what does a run tell its ledger that only a merge of shards wants to know?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgbatch.core.job import Source
    from imgbatch.ledger.shards.shard import Shard


class MergeNotes:
    """A ledger that keeps none of it: it is of all sources. A shard's does (shard_ledger.py).

    Attributes
    ----------
    shard : Shard or None
        The part of the sources that it is of; None: it is of all.
    """

    shard: Shard | None = None

    def note_sources(self, sources: Iterable[Source]) -> None:
        """The sources of all shards, in their order."""

    def note_sums(self, sums: Mapping[str, Any]) -> None:
        """The sums of the pixels of what this run wrote, as JSON has them."""
