"""Do the keyword arguments of ``run`` and its kin have every setting, and no other?"""

from __future__ import annotations

from imgbatch.core.parameters import parameters
from imgbatch.core.run_settings import Settings
from imgbatch.runs.keywords import RunKeywords


def test_every_setting_is_a_keyword() -> None:
    """All but the executor, which is an argument of its own: it may be more than a word."""
    assert {field.name for field in parameters(Settings)} - {"executor"} == set(RunKeywords.__annotations__)
