"""Zsh: what is the completion script of zsh?

Flags and what stands between them are specifications for zsh's own ``_arguments``; the values of operations, which it
does not know, are read by the functions in ``_FUNCTIONS``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from imgbatch.cli.completion.vocabulary import CommandEntry, Completions, FlagEntry, OperationEntry, Vocabulary

_HEAD = """\
#compdef imgbatch
# Completion of imgbatch for zsh, made of its declarations by `imgbatch completion zsh`; no Python is started at Tab.
# For this shell: source <(imgbatch completion zsh), after compinit
# For every one:  imgbatch completion zsh > DIR/_imgbatch, where DIR is in $fpath before compinit
"""

_FUNCTIONS = r"""
_imgbatch_list() { # WORD...: some of the words, with commas between
  local -a rest=("$@") past
  if compset -P '*,'; then
    past=(${(s:,:)IPREFIX##*=})
    rest=(${rest:|past})
  fi
  compadd -S ' ' -r ', ' -a rest
}

_imgbatch_files() { # WORD...: one of the words, or a file
  local ret=1
  compadd -- "$@" && ret=0
  _files && ret=0
  return ret
}

_imgbatch_recipes() { # a preset by its name, or a recipe file
  local folder=$XDG_CONFIG_HOME ret=1
  [[ $folder == /* ]] || folder=$HOME/.config
  local -a presets=($folder/imgbatch/*.toml(N:t:r))
  local expl
  _wanted presets expl preset compadd -a presets && ret=0
  _wanted files expl 'recipe file' _path_files -g '*.toml' && ret=0
  return ret
}

_imgbatch_operation() { # OPERATION: its value: what comes first, and its parameters after commas
  local operation=$1 ret=1 name past=,
  local -a names switches
  if compset -P '*,'; then
    past=,${IPREFIX}
  fi
  if [[ $PREFIX == [a-z_]##=* ]]; then
    name=${PREFIX%%=*}
    compset -P 1 '*='
    _imgbatch_parameter $operation:$name
    return
  fi
  _imgbatch_parameters $operation
  if [[ $past == , ]]; then
    _imgbatch_parameter $operation:${names[1]%%:*} && ret=0
    [[ -n $optional ]] || return ret
  fi
  shift names
  local gone="(${(j:|:)${(@)${(s:,:)past}%%=*}}):*" # none twice
  names=(${names:#$~gone})
  switches=(${switches:#$~gone})
  _describe -t parameters parameter names -qS = -- switches -S ' ' -r ', ' && ret=0
  return ret
}
"""


def script(vocabulary: Vocabulary) -> str:
    """The script, for the words of `vocabulary`."""
    return "\n".join([
        _HEAD,
        *_function("parameters", map(_parameters, vocabulary.operations)),
        *_function("parameter", _parameter_values(vocabulary.operations)),
        _FUNCTIONS,
        *_main(vocabulary.commands),
    ])  # fmt: skip


def _function(name: str, cases: Iterable[tuple[str, str]]) -> list[str]:
    lines = [f"    {pattern}) {action} ;;" for pattern, action in cases]
    return [f"_imgbatch_{name}() {{", "  case $1 in", *lines, "    *) return 1 ;;", "  esac", "}"]


def _main(commands: Iterable[CommandEntry]) -> Iterator[str]:
    yield "_imgbatch() {"
    yield "  local curcontext=$curcontext state line ret=1"
    yield "  local -A opt_args"
    yield "  _arguments -C '(- *)'{-h,--help}'[what there is]' '(- *)'{-V,--version}'[which version]' \\"
    yield "    '1: :->command' '*:: :->rest' && ret=0"
    yield "  case $state:$words[1] in"
    yield "    command:*)"
    yield "      local -a commands=("
    yield from (f"        {shlex.quote(f'{one.name}:{one.summary}')}" for one in commands)
    yield "      )"
    yield "      _describe -t commands command commands && ret=0 ;;"
    for command in commands:
        yield f"    rest:{command.name})"
        yield "      _arguments -s -S \\"
        yield from (f"        {spec} \\" for flag in command.flags for spec in _flag(flag))
        others = "*:" + _message(command) + ":" + _action(command.operands)
        yield f"        {_quote(others)} && ret=0 ;;" if command.operands.origin != "nothing" else "        && ret=0 ;;"
    yield "  esac"
    yield "  return ret"
    yield "}"
    yield ""
    yield "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then"
    yield '  _imgbatch "$@"'
    yield "else"
    yield "  compdef _imgbatch imgbatch"
    yield "fi"
    yield ""


def _message(command: CommandEntry) -> str:
    return {"files": "file or folder", "folders": "folder", "recipes": "recipe"}.get(command.operands.origin, "word")


def _flag(flag: FlagEntry) -> Iterator[str]:
    """The specifications of a flag: one for each of its names."""
    before = "*" if flag.is_repeatable else f"({' '.join(flag.names)})" if len(flag.names) > 1 else ""
    text = "[" + re.sub(r"([\[\]\\])", r"\\\1", flag.help) + "]"
    for name in flag.names:
        value = ""
        if flag.values is not None:
            optional = ":" if flag.is_attached else ""
            value = f":{optional}{_escape(flag.metavar)}:{_action(flag.values)}"
            name += ("=-" if flag.is_attached else "=") if name.startswith("--") else "+"
        yield _quote(before + name + text + value)


def _action(candidates: Completions) -> str:
    """What offers the candidates, as a specification has it."""
    words = " ".join(map(shlex.quote, candidates.words))
    if candidates.origin == "operation":
        return f" _imgbatch_operation {words}"
    if candidates.origin in ("list", "recipes"):
        return f" _imgbatch_{'list' if candidates.origin == 'list' else 'recipes'} {words}".rstrip()
    if candidates.origin == "files":
        return f" _imgbatch_files {words}" if words else "_files"
    if candidates.origin == "folders":
        return "_path_files -/"
    if words.endswith("="):
        return f" compadd -S '' -- {words}"
    return "(" + _escape(words) + ")" if words else " "


def _parameters(operation: OperationEntry) -> tuple[str, str]:
    names = [f"{one.name}:{one.help}" for one in operation.parameters if not one.is_switch]
    switches = [f"{one.name}:{one.help}" for one in operation.parameters if one.is_switch]
    optional = "optional=1" if operation.is_optional else "optional="
    return operation.name, f"names=({_words(names)}) switches=({_words(switches)}) {optional}"


def _words(words: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, words))


def _parameter_values(operations: Iterable[OperationEntry]) -> Iterator[tuple[str, str]]:
    for operation in operations:
        for one in operation.parameters:
            if one.values.origin == "words":
                yield f"{operation.name}:{one.name}", f"compadd -S ' ' -r ', ' -- {_words(one.values.words)}"
            elif one.values.origin == "files":
                yield f"{operation.name}:{one.name}", "_files"


def _escape(text: str) -> str:
    return text.replace(":", "\\:")


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
