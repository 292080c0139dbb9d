"""Fish: what is the completion script of fish?

One ``complete`` for each flag of a group of commands that have it alike. Choices with commas or files in them are made
by the functions in ``_FUNCTIONS``, which print what the whole word would be.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from imgbatch.cli.completion.vocabulary import CommandEntry, Completions, FlagEntry, OperationEntry, Vocabulary

_HEAD = """\
# Completion of imgbatch for fish, made of its declarations by `imgbatch completion fish`; no Python is started at Tab.
# For this shell: imgbatch completion fish | source
# For every one:  imgbatch completion fish > ~/.config/fish/completions/imgbatch.fish
"""

_FUNCTIONS = r"""
function __imgbatch_in # COMMAND...: whether one of them was typed
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv
end

function __imgbatch_none # whether no command was typed
    test (count (commandline -opc)) -eq 1
end

function __imgbatch_value # the value that is being typed, as the program would get it, without --flag=
    set -l word (commandline -ct | string collect)
    for quote in '' '"' "'" # one may be open
        if set -l plain (string unescape -- "$word$quote" | string collect)
            set word $plain
            break
        end
    end
    string replace -r -- '^--[^=]*=' '' "$word"
end

function __imgbatch_files # files as fish completes them, which takes a name with : or = for two
    set -l value (__imgbatch_value)
    if string match -q -r -- '[:=]' "$value"
        __imgbatch_paths '' "$value"
    else
        complete -C "__imgbatch_no_program "(commandline -ct | string replace -r -- '^--[^=]*=' '')
    end
end

function __imgbatch_list # WORD...: some of the words, with commas between
    set -l past (__imgbatch_value | string match -r -- '^.*,')
    for word in $argv
        contains -- $word (string split , -- "$past"); or echo -- "$past$word"
    end
end

function __imgbatch_paths # BEFORE START: the files that begin with START, each after BEFORE
    set -l path (string replace -r -- '^~(?=/)' "$HOME" "$argv[2]")
    for file in $path*
        test -d "$file"; and set file "$file/"
        echo -- "$argv[1]"(string replace -- "$path" "$argv[2]" "$file")
    end
end

function __imgbatch_recipes # a preset by its name, or a recipe file
    set -l folder "$XDG_CONFIG_HOME"
    string match -q -- '/*' "$folder"; or set folder ~/.config
    for file in $folder/imgbatch/*.toml
        printf '%s\tpreset\n' (string replace -r -- '.*/(.*)\.toml$' '$1' $file)
    end
    __imgbatch_files | string match -r -- '.*(?:/|\.toml)(?:\t.*)?$'
end

function __imgbatch_folders
    __imgbatch_files | string match -r -- '.*/(?:\t.*)?$'
end

function __imgbatch_operation # OPERATION: its value: what comes first, and its parameters after commas
    set -l value (__imgbatch_value)
    set -l past (string match -r -- '^.*,' "$value")
    set -l rest (string replace -r -- '^.*,' '' "$value")
    set -l name (string match -r -- '^[a-z_]+(?==)' "$rest")
    if test -n "$name"
        __imgbatch_parameter "$argv[1]:$name" "$past$name=" (string replace -r -- '^[^=]*=' '' "$rest")
        return
    end
    set -l names (__imgbatch_parameters $argv[1])
    if test -z "$past"
        __imgbatch_parameter "$argv[1]:"(string match -r -- '^[a-z_]+' $names[2]) '' "$rest"
        test "$names[1]" = optional; or return
    end
    for name in $names[3..]
        set -l key (string match -r -- '^[a-z_]+' $name)
        string match -q -r -- ",$key"'[=,]' ",$past"; or echo -- "$past$name"
    end
end
"""


def script(vocabulary: Vocabulary) -> str:
    """The script, for the words of `vocabulary`."""
    return "\n".join([
        _HEAD,
        *_function("parameters", map(_parameters, vocabulary.operations)),
        *_function("parameter", _parameter_values(vocabulary.operations)),
        _FUNCTIONS,
        "complete -c imgbatch -f",
        "complete -c imgbatch -n __imgbatch_none -s h -l help -d 'what there is'",
        "complete -c imgbatch -n __imgbatch_none -s V -l version -d 'which version'",
        *_commands(vocabulary.commands),
        *_flags(vocabulary.commands),
        "",
    ])  # fmt: skip


def _function(name: str, cases: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"function __imgbatch_{name}"
    yield "    switch $argv[1]"
    for pattern, action in cases:
        yield f"        case {pattern}"
        yield f"            {action}"
    yield "    end"
    yield "end"


def _commands(commands: Iterable[CommandEntry]) -> Iterator[str]:
    for one in commands:
        yield f"complete -c imgbatch -n __imgbatch_none -a {one.name} -d {quote(one.summary)}"
        condition = quote(f"__imgbatch_in {one.name}")
        if _offer(one.operands):
            yield f"complete -c imgbatch -n {condition} -a {_offer(one.operands)}"


def _flags(commands: Iterable[CommandEntry]) -> Iterator[str]:
    """Each flag, once for all commands that have it alike."""
    users: dict[FlagEntry, list[str]] = {}
    for command in commands:
        for one in command.flags:
            users.setdefault(dataclasses.replace(one, metavar=""), []).append(command.name)
    for one, names in users.items():
        words = [f"-{'l' if name.startswith('--') else 's'} {name.lstrip('-')}" for name in one.names]
        yield " ".join([
            "complete -c imgbatch -n", quote(f"__imgbatch_in {' '.join(names)}"), *words, *_takes(one),
            "-d", quote(one.help),
        ])  # fmt: skip


def _takes(flag: FlagEntry) -> list[str]:
    """What says that a flag takes a value, and which."""
    if flag.values is None:
        return []
    requires = [] if flag.is_attached else ["-r"]
    offer = _offer(flag.values)
    return [*requires, "-f", *(["-a", offer] if offer else [])]


def _offer(candidates: Completions) -> str:
    """What offers the candidates, for ``-a``."""
    words = " ".join(candidates.words)
    if candidates.origin in ("list", "recipes", "operation"):
        return quote(f"({f'__imgbatch_{candidates.origin} {words}'.rstrip()})")
    if candidates.origin == "files":
        return quote(" ".join(["(__imgbatch_files)", *candidates.words]))
    if candidates.origin == "folders":
        return quote("(__imgbatch_folders)")
    return quote(words) if words else ""


def _parameters(operation: OperationEntry) -> tuple[str, str]:
    lines = ["optional" if operation.is_optional else "required"]
    lines += [f"{one.name}{'' if one.is_switch else '='}\t{one.help}" for one in operation.parameters]
    return operation.name, "printf '%s\\n' " + " ".join(map(quote_tabs, lines))


def _parameter_values(operations: Iterable[OperationEntry]) -> Iterator[tuple[str, str]]:
    for operation in operations:
        for one in operation.parameters:
            if one.values.origin == "words":
                yield f"{operation.name}:{one.name}", f"printf '%s\\n' $argv[2]{{{','.join(one.values.words)}}}"
            elif one.values.origin == "files":
                yield f"{operation.name}:{one.name}", "__imgbatch_paths $argv[2..]"


def quote(text: str) -> str:
    """A word of fish, in single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_tabs(text: str) -> str:
    """A word of fish that may hold tabs."""
    return "\\t".join(map(quote, text.split("\t")))
