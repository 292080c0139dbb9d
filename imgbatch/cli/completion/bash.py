"""Bash: what is the completion script of bash?

The functions that are the same whatever is declared stand in ``_FUNCTIONS``; the tables before them are generated. The
line is read anew, character by character: bash cuts its own words at ``=`` and ``:``, and leaves their quotes in.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from imgbatch.cli.completion.vocabulary import CommandEntry, Completions, OperationEntry, Vocabulary, flag_groups

_HEAD = """\
# Completion of imgbatch for bash, made of its declarations by `imgbatch completion bash`; no Python is started at Tab.
# For this shell: source <(imgbatch completion bash)
# For every one:  imgbatch completion bash > ~/.local/share/bash-completion/completions/imgbatch
"""

_FUNCTIONS = r"""
_imgbatch_read() { # TEXT: its words up to the last, as the program gets them, in $before; the last in $current, $raw
  local text=$1 character next i
  before=() current= raw= quote=
  for ((i = 0; i < ${#text}; i++)); do
    character=${text:i:1} next=${text:i+1:1}
    if [[ $quote == "$character" ]]; then
      quote= raw+=$character
    elif [[ $character == '\' && $quote != "'" ]]; then
      [[ $quote == '"' && $next != [\"\$\`\\] ]] && current+=$character
      current+=$next raw+=$character$next
      i=$((i + 1))
    elif [[ -z $quote && $character == [\"\'] ]]; then
      quote=$character raw+=$character
    elif [[ -z $quote && $character == [[:space:]] ]]; then
      [[ -n $raw ]] && before+=("$current")
      current= raw=
    else
      current+=$character raw+=$character
    fi
  done
}

_imgbatch_quote() { # WORD: as it must stand where quote $quote is open, in $quoted
  local character i special=$' \t"\'\\$`&;|<>()*?[]!#{}'
  case $quote in
    \') special=\' ;;
    \") special='"$`\' ;;
  esac
  quoted=
  for ((i = 0; i < ${#1}; i++)); do
    character=${1:i:1}
    if [[ $special != *"$character"* ]]; then
      quoted+=$character
    elif [[ $quote == "'" ]]; then
      quoted+="'\\''"
    else
      quoted+="\\$character"
    fi
  done
}

_imgbatch_paths() { # START FILTER: the files (or folders: -d, or files *.toml: toml) that begin with START, in $found
  local path start=$1 home=
  [[ $start == '~/'* ]] && home=$HOME start=$HOME${start:1}
  local IFS=
  while read -r -d '' path; do
    [[ -e $path || -L $path ]] || continue
    if [[ -d $path ]]; then
      path+=/
    elif [[ $2 == -d || ($2 == toml && $path != *.toml) ]]; then
      continue
    fi
    [[ -n $home ]] && path='~'${path:${#home}}
    found+=("$path")
  done < <(shopt -u failglob; set +f; printf '%s\0' "$start"*)
}

_imgbatch_presets() { # the names of the recipes in the user's configuration folder, in $words
  local path folder=$XDG_CONFIG_HOME
  [[ $folder == /* ]] || folder=$HOME/.config
  local found=()
  _imgbatch_paths "$folder/imgbatch/" toml
  for path in ${found[@]+"${found[@]}"}; do
    path=${path##*/}
    [[ -n $path ]] && words+=("${path%.toml}")
  done
}

_imgbatch_in_operation() { # what may follow in the value of an operation: moves what is complete from $value to $head
  local operation=${words[0]} past tail=${value##*,} name
  past=,${value%"$tail"}
  head+=${value%"$tail"} value=$tail
  _imgbatch_parameters "$operation"
  words=() # the name has done its part
  if [[ $value == *=* ]]; then
    name=${value%%=*}
    head+=$name= value=${value#*=}
    _imgbatch_parameter "$operation:$name"
  elif [[ $past == , && -z $optional ]]; then
    _imgbatch_parameter "$operation:${names[0]%=}"
  else
    [[ $past == , ]] && _imgbatch_parameter "$operation:${names[0]%=}"
    for name in "${names[@]}"; do
      [[ $past == *",${name%=}"[=,]* || $name == "${names[0]}" ]] || words+=("$name")
    done
    origin=words
  fi
}

_imgbatch() { # called by bash: $2 is the part of the word that it replaces
  local before current raw quote word command flag= end= origin takes words=() names optional value head= found=()
  _imgbatch_read "${COMP_LINE:0:COMP_POINT}"
  command=${before[1]-} value=$current
  for word in "${before[@]:2}"; do
    if [[ -n $flag ]]; then
      flag=
    elif [[ -z $end && $word == -- ]]; then
      end=1
    elif [[ -z $end && $word == -* ]]; then
      _imgbatch_flag "$command:$word"
      [[ $takes == next ]] && flag=$word
    fi
  done
  words=()
  if [[ ${#before[@]} -lt 2 ]]; then
    origin=words
    _imgbatch_commands
  elif [[ -n $flag ]]; then
    _imgbatch_flag "$command:$flag"
  elif [[ -z $end && $current == --*=* ]]; then
    head=${current%%=*}= value=${current#*=}
    _imgbatch_flag "$command:${current%%=*}"
  elif [[ -z $end && $current == -* ]]; then
    origin=words
    _imgbatch_flags "$command"
  else
    _imgbatch_operands "$command"
  fi
  [[ $origin == operation ]] && _imgbatch_in_operation
  if [[ $origin == list ]]; then
    word=${value##*,}
    head+=${value%"$word"} value=$word
  fi
  _imgbatch_reply "$2"
}

_imgbatch_reply() { # REPLACED: the words and files that begin with $value, each after $head, in COMPREPLY
  local quoted gone=$current candidate lost=${raw%"$1"} open=$quote
  [[ $origin == recipes && $value != */* ]] && _imgbatch_presets
  if [[ ${#words[@]} -gt 0 ]]; then
    for candidate in "${words[@]}"; do
      [[ $candidate == "$value"* && ,${head#*=} != *",$candidate,"* ]] && found+=("$candidate")
    done
  fi
  _imgbatch_read "$lost" # what bash leaves as it is: all up to the last = or :
  gone=$current quote=$open
  if [[ ${#words[@]} -eq 0 && $gone == "$head" ]]; then # bash itself can do it, and better: $HOME/..., ~user/...
    case $origin in
      files) compopt -o default -o filenames 2>/dev/null; return ;;
      folders) compopt -o dirnames -o filenames 2>/dev/null; return ;;
    esac
  fi
  case $origin in
    files) _imgbatch_paths "$value" ;;
    folders) _imgbatch_paths "$value" -d ;;
    recipes) _imgbatch_paths "$value" toml ;;
  esac
  [[ ${#found[@]} -eq 1 && ${found[0]} == *[=/] ]] && compopt -o nospace 2>/dev/null
  for candidate in ${found[@]+"${found[@]}"}; do
    candidate=$head$candidate
    _imgbatch_quote "${candidate#"$gone"}"
    COMPREPLY+=("$quoted")
  done
}

complete -F _imgbatch imgbatch
"""


def script(vocabulary: Vocabulary) -> str:
    """The script, for the words of `vocabulary`."""
    commands = vocabulary.commands
    parts = [
        _HEAD,
        _function("commands", [("*", f"words=({_words([one.name for one in commands])} --help --version)")]),
        _function("flags", [(one.name, f"words=({_words(_flags(one))})") for one in commands]),
        _function("operands", [(one.name, _assign(one.operands)) for one in commands], "origin=nothing"),
        _function("flag", _values(vocabulary), "origin=nothing takes="),
        _function("parameters", map(_parameters, vocabulary.operations), "names=() optional="),
        _function("parameter", _parameter_values(vocabulary.operations), "origin=nothing"),
        _FUNCTIONS,
    ]
    return "\n".join(parts)


def _function(name: str, cases: Iterable[tuple[str, str]], first: str = "") -> str:
    """A function that sets variables by its argument."""
    lines = [f"    {pattern}) {action} ;;" for pattern, action in cases]
    return "\n".join(
        [f"_imgbatch_{name}() {{", *([f"  {first}"] if first else []), "  case $1 in", *lines, "  esac", "}"]
    )


def _words(words: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, words))


def _flags(command: CommandEntry) -> list[str]:
    return [name for flag in command.flags for name in flag.names]


def _assign(candidates: Completions) -> str:
    words = f" words=({_words(candidates.words)})" if candidates.words else ""
    return f"origin={candidates.origin}{words}"


def _values(vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    for users, flag in flag_groups(vocabulary.commands):
        if flag.values is not None:
            pattern = "|".join(f"{user}:{name}" for user in users for name in flag.names)
            yield pattern, f"takes={'attached' if flag.is_attached else 'next'} {_assign(flag.values)}"


def _parameters(operation: OperationEntry) -> tuple[str, str]:
    names = [one.name if one.is_switch else f"{one.name}=" for one in operation.parameters]
    return operation.name, f"names=({_words(names)})" + (" optional=1" if operation.is_optional else "")


def _parameter_values(operations: Iterable[OperationEntry]) -> Iterator[tuple[str, str]]:
    for operation in operations:
        for one in operation.parameters:
            if one.values.origin != "nothing":
                yield f"{operation.name}:{one.name}", _assign(one.values)
