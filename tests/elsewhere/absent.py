"""Absent: which tests ask for what cannot be there? A plugin that skips what reasons.toml names, with its reason."""

from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path

import pytest

REASONS = Path(__file__).parent / "reasons.toml"


def patterns() -> list[tuple[str, str]]:
    """Each pattern of tests, as fnmatch has them, with the reason why they are skipped."""
    table = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return [(pattern, reason) for reason, tests in table.items() for pattern in tests]


def pytest_configure() -> None:
    """Refuse to begin where imgbatch sees this system as it is: then nothing would be shown."""
    from imgbatch.storage import durable

    if hasattr(vars(durable)["os"], "fork"):
        pytest.exit("imgbatch sees a system that can fork: the copy is no other system", returncode=3)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot be there."""
    pairs = patterns()
    for item in items:
        name = item.nodeid.replace("[", "(").replace("]", ")")  # to fnmatch brackets mean a choice
        reason = next((reason for pattern, reason in pairs if fnmatch.fnmatchcase(name, pattern)), None)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=f"elsewhere: {reason}"))
