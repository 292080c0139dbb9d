"""State home: where does the state of a run lie whose output is no folder of this machine, unless ``--state`` says so?

In the user's state folder, as XDG has it: ``$XDG_STATE_HOME/imgbatch``, else ``~/.local/state/imgbatch``. Only the
command looks there; the library is told.
"""

from __future__ import annotations

import dataclasses
import os

from imgbatch.core.run_settings import Settings


def state_home() -> str:
    """The folder (absolute) for the state of runs of this user."""
    home = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(home):  # as XDG has it: then it counts for nothing
        home = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(home, "imgbatch")


def with_state(settings: Settings) -> Settings:
    """The settings, with the user's state folder where they name none."""
    return settings if settings.state is not None else dataclasses.replace(settings, state=state_home())
