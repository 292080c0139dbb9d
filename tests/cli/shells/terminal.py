"""Terminals: how does a test press Tab in a real shell, and read what stands in the line then?

Each shell runs under a pseudo-terminal, without the user's settings. A key of the test's own prints the line that is
being typed between two marks, so that nothing is guessed from a screen, and nothing waits for a time to pass.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import termios
import time
from pathlib import Path

PATIENCE_S = 120.0  # until a shell that says nothing counts as broken
BEGIN, END = "<<line:", ":line>>"
READY = "ready-to-type"
TAB, ALL, SHOW, CLEAR = "\t", "\x18\x01", "\x0f", "\x15"  # Ctrl-X Ctrl-A, Ctrl-O, Ctrl-U

#: What each shell is started with.
WORDS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
#: What makes the keys. ALL puts all that is offered into the line, SHOW prints it.
SETTINGS = {
    "bash": r"""
        bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
        bind 'set completion-query-items 0'; bind 'set page-completions off'
        show() { printf '%s%s%s\n' '<<line:' "$READLINE_LINE" ':line>>'; }
        bind -x '"\C-o": show'; bind '"\C-u": kill-whole-line'; bind '"\C-x\C-a": insert-completions'
    """,
    "zsh": r"""
        unsetopt prompt_sp beep; LISTMAX=10000; bindkey -e; autoload -Uz compinit; compinit -u -D
        show() { print -rn -- "<<line:${BUFFER}:line>>" }; zle -N show; bindkey '^O' show; bindkey '^U' kill-whole-line
        zle -C all complete-word _generic; bindkey '^X^A' all
        zstyle ':completion:all:*' completer _all_matches _complete; zstyle ':completion:all:*' insert true
    """,
    "fish": r"""
        set -g fish_greeting; set -g fish_autosuggestion_enabled 0
        bind \co 'printf "%s%s%s\n" "<<line:" (commandline | string collect) ":line>>"'
        bind \cu 'commandline ""'
        function all
            set -l line (commandline | string collect)
            set -l before (string replace -r "\S*\$" "" -- $line | string collect)
            commandline -- "$before"(complete -C $line | string replace -r "\t.*" "" | string join " ")
        end
        bind \cx\ca all
    """,
}


class Terminal:
    """A shell that reads keys, and a key that shows its line.

    Parameters
    ----------
    shell : str
        Its name.
    folder : Path
        Where it is started, and a file with its settings is put.
    script : Path
        What makes Tab complete.
    variables : dict
        Its environment.
    first : str
        What it carries out before its settings.
    """

    def __init__(self, shell: str, folder: Path, script: Path, variables: dict[str, str], first: str = "") -> None:
        settings = folder / f"settings.{shell}"
        lines = [line.strip() for line in SETTINGS[shell].splitlines()]
        settings.write_text("\n".join([first, *lines, f"source '{script}'", f"echo {READY}", ""]))
        self._process, self._keyboard = pty.fork()
        if self._process == 0:
            os.chdir(folder)
            os.execvpe(WORDS[shell][0], WORDS[shell], variables)
        termios.tcsetwinsize(self._keyboard, (200, 500))
        self._text = ""
        self._type(f"source '{settings}'\r")
        self._read_past(READY)

    def press(self, keys: str) -> str:
        """The line that stands there after these keys, on an empty line."""
        self._type(keys + SHOW)
        line = self._line()
        self._type(CLEAR)
        return line

    def complete(self, typed: str) -> str:
        """The line after Tab."""
        return self.press(typed + TAB)

    def offers(self, typed: str) -> set[str]:
        """All that may follow, without what it follows."""
        line = self.press(typed + ALL)
        words = line[typed.rindex(" ") + 1 :].split()
        return {word.rstrip("=").rpartition(",")[2].rpartition("=")[2] for word in words}

    def run(self, typed: str) -> list[str]:
        """The words that the program gets after Tab and Enter, one that prints them between the marks."""
        self._type(typed + TAB + "\r")
        return self._line().replace("\r", "").split("\n")

    def close(self) -> None:
        """End the shell."""
        os.kill(self._process, signal.SIGKILL)
        os.close(self._keyboard)
        os.waitpid(self._process, 0)

    def _type(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def _line(self) -> str:
        self._read_past(BEGIN)
        return self._read_past(END)

    def _read_past(self, mark: str) -> str:
        """What was printed before `mark`, which is gone through with it."""
        end = time.monotonic() + PATIENCE_S
        while mark not in self._text:
            readable, _, _ = select.select([self._keyboard], [], [], max(0.0, end - time.monotonic()))
            assert readable, f"the shell does not print {mark!r}, but {self._text[-2000:]!r}"
            self._text += os.read(self._keyboard, 65536).decode(errors="replace")
        before, _, self._text = self._text.partition(mark)
        return before
