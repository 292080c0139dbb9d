"""Does completion know all that the declarations hold, and say what is wrong with its own words?"""

from __future__ import annotations

import pytest

from imgbatch.cli.commands.guide.completion import completion
from imgbatch.cli.completion.vocabulary import Completions, flag_groups, vocabulary
from imgbatch.cli.dispatch import COMMANDS
from imgbatch.core.errors import UsageError
from imgbatch.core.parameter_kinds import Choice
from imgbatch.core.parameters import flag, parameters
from imgbatch.operations import all_operations


def test_every_command_is_there_with_what_it_does() -> None:
    commands = vocabulary().commands
    assert {one.name for one in commands} == set(COMMANDS)
    assert all(one.summary for one in commands)
    assert all("--help" in [flag.names[-1] for flag in one.flags] for one in commands)


def test_every_parameter_of_every_operation_is_there_with_its_choices() -> None:
    entries = {one.name: one for one in vocabulary().operations}
    for operation in all_operations():
        values = {one.name: one.values.words for one in entries[flag(operation)].parameters}
        for one in parameters(operation):
            assert values[one.name] == one.kind.words if isinstance(one.kind, Choice) else one.name in values


@pytest.mark.parametrize(
    ("command", "name", "candidates"),
    [
        ("run", "--depth", Completions("words", ("keep", "8", "16"))),
        ("run", "--workers", Completions("words", ("auto",))),
        ("run", "--max-files", Completions()),
        ("run", "--state", Completions("folders")),
        ("run", "--save-recipe", Completions("files")),
        ("run", "--threshold", Completions("operation", ("threshold",))),
        ("dupes", "--threshold", Completions()),
        ("run", "--dry-run", None),
    ],
)
def test_a_flag_offers_what_its_help_names(command: str, name: str, candidates: Completions | None) -> None:
    flags = next(one.flags for one in vocabulary().commands if one.name == command)
    assert next(one.values for one in flags if one.names[-1] == name) == candidates


def test_a_flag_that_differs_between_commands_stands_there_for_each() -> None:
    groups = {(one.names[-1], users) for users, one in flag_groups(vocabulary().commands)}
    assert ("--resize", ("*",)) in groups
    users = {one for name, commands in groups if name == "--threshold" for one in commands}
    assert {"run", "dupes"} <= users and "*" not in users


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "expected one of bash, zsh, fish for completion, got 'nothing'"),
        (["bash", "zsh"], "got 'bash zsh'"),
        (["zhs"], "unknown shell 'zhs'; did you mean 'zsh'?"),
    ],
)
def test_words_that_are_no_shell_are_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        completion(words)
    assert said in str(caught.value)
