"""State folder: where are ledger and lock of a run, and may it use them? A shard's are below those of all shards.

Whoever runs alone holds the lock of the folder alone. Shards share it, and each holds its own: they keep out plain runs
and merges, and another run of the same shard, but not one another.
"""

from __future__ import annotations

import contextlib
import os
import shlex

from imgbatch.core.errors import PlanError, UsageError
from imgbatch.core.run_settings import AUTO_STATE, Settings
from imgbatch.core.version import versions
from imgbatch.ledger.damage import permission_hint
from imgbatch.ledger.database import FILE
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import state_folder
from imgbatch.ledger.trust import refuse_strange_state
from imgbatch.planning.folders import display_path
from imgbatch.storage.lock import Lock
from imgbatch.storage.registry import is_remote


class StateFolder:
    """The state folder of one run.

    Parameters
    ----------
    folder : str
        The output folder (absolute).
    settings : Settings
    ledger : bool
        Whether there is a ledger; without one nothing is held or written.

    Raises
    ------
    UsageError
        A shard without a ledger, or whose number is left to the environment; a folder that is left to it.

    Attributes
    ----------
    base, path : str
        The state folder of all runs into `folder`, and that of this run (absolute): they differ for a shard.
    shard : Shard or None
    is_held : bool
        Whether this run holds it.
    """

    def __init__(self, folder: str, settings: Settings, ledger: bool) -> None:
        if settings.state == AUTO_STATE:
            raise UsageError("expected a folder for state, got auto, which the command knows; ./auto is a folder, too")
        self._folder, self._settings, self._keep_ledger = folder, settings, ledger
        self.base = self.path = state_folder(folder, settings.state)
        self.shard = None
        self._locks: dict[str, Lock] = {}  # by folder
        if settings.shard is not None:
            from imgbatch.ledger.shards.shard import Shard

            if not ledger:
                raise UsageError("expected a shard or ledger=False, got both: a merge joins ledgers")
            self.shard = Shard.of(settings.shard)
            self.path = self.shard.state(self.base)

    @property
    def is_held(self) -> bool:
        """Whether this run holds it."""
        return self.path in self._locks

    def refuse_strangers(self, writing: bool) -> None:
        """PlanError where it may have come from strangers, or is a second one.

        Parameters
        ----------
        writing : bool
            As :func:`refuse_strange_state` has it.
        """
        if self._keep_ledger:
            self._refuse_second_ledger()
            for state in {self.base, self.path}:
                refuse_strange_state(state, self._settings.trust_state, writing)

    def _refuse_second_ledger(self) -> None:
        """PlanError where there would be two: what one knows to be made is a foreign file to the other."""
        if self._settings.state is None or is_remote(self._folder) or holds_ledger(self.base):
            return
        other = state_folder(self._folder, None)
        if holds_ledger(other):
            above, there, here = map(shlex.quote, (os.path.dirname(self.base), other, self.base))
            raise PlanError(
                f"{display_path(self._folder)} has its ledger in it, and a second one would not know these files; "
                f"leave --state out, or move it first: mkdir -p {above} && mv {there} {here}"
            )

    def hold(self, make: bool = True) -> None:
        """Lock it; without `make` only where it is there, as a plan that is refused leaves none.

        Raises
        ------
        LockedError
            Another run is at work.
        PlanError
            It cannot be written to, or shards wait for a merge.
        """
        if not self._keep_ledger:
            return
        if self._settings.lock:
            try:
                self._lock(make)
            except PermissionError as error:
                raise PlanError(
                    f"the state folder {self.path} cannot be used ({error.strerror}): {permission_hint(self.path)}"
                ) from None
            except OSError as error:
                raise PlanError(
                    f"the state folder {self.path} cannot be written to ({error.strerror or error}); choose another "
                    "-o, or another place for it with --state DIR"
                ) from None
        self.refuse_waiting_shards()

    def _lock(self, make: bool) -> None:
        names = {self.base: self._folder}
        if self.shard is not None:
            names[self.path] = f"shard {self.shard} of {self._folder}"
        for state, name in names.items():
            if state not in self._locks and (make or os.path.isdir(state)):
                share = state != self.path
                self._locks[state] = Lock(state, self._settings.wait, name, share)

    def refuse_waiting_shards(self) -> None:
        """PlanError where shards wait for a merge, which know of outputs that this run would take for foreign."""
        if self._keep_ledger and has_shards(self.base):
            from imgbatch.ledger.shards.shard import refuse_waiting_shards

            refuse_waiting_shards(self.base, self._folder, self.shard)

    def read_ledger(self, digest: str) -> Ledger:
        """The ledger of this run, whose recipe has that digest, as it is now."""
        if self.shard is None:
            return Ledger(self._folder, self._keep_ledger, self.path, digest, versions(), mend=self.is_held)
        from imgbatch.ledger.shards.shard_ledger import ShardLedger

        return ShardLedger(
            self._folder, self.base, self.shard, digest, versions(), mend=self.is_held, fail_on=self._settings.fail_on
        )

    def release(self) -> None:
        """Give the locks back."""
        while self._locks:
            self._locks.popitem()[1].release()


def holds_ledger(state: str) -> bool:
    """Whether a state folder has a ledger, be it one of shards that wait for a merge."""
    return os.path.isfile(os.path.join(state, FILE)) or has_shards(state)


def has_shards(state: str) -> bool:
    """Whether there are shards in a state folder, be they merged; plain runs need no more code to know it."""
    with contextlib.suppress(OSError):
        return any(name.startswith("shard-") for name in os.listdir(state))
    return False
