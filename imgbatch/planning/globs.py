"""Globs: which names does a glob stand for?

One grammar, in two uses: as a filter on relative paths (``--include``, ``--exclude``) and as a SRC that is walked
(``'photos/**/*.jpg'``). ``*`` and ``?`` stop at ``/``, ``[a-z]`` and ``[!a-z]`` are one character, ``**`` is any
number of folders; a wildcard means itself in brackets (``[*]``). Case matters. A filter without ``/`` is compared with
the last part of the path, as in gitignore.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from imgbatch.core.errors import UsageError

_MAGIC = re.compile(r"[*?\[]")
_IN_BRACKETS = re.compile(r"\[([*?\[])\]")  # a wildcard that means itself

Positions = tuple[int, ...]


def has_magic(text: str) -> bool:
    """Whether `text` has wildcards."""
    return _MAGIC.search(text) is not None


def split_glob(pattern: str) -> tuple[str, list[str]]:
    """The folder that a glob starts from (``.`` when it has none), and the parts of the rest, at least one."""
    parts = pattern.split("/")
    names = [_IN_BRACKETS.sub("", part) for part in parts]
    first_magic = next((index for index, name in enumerate(names) if has_magic(name)), len(parts) - 1)
    start = _IN_BRACKETS.sub(r"\1", "/".join(parts[:first_magic])).rstrip("/")
    if not start:
        start = "/" if pattern.startswith("/") else "."
    return start, [part for part in parts[first_magic:] if part not in ("", ".")]


def part_regex(part: str) -> str:
    """The regular expression of one part of a path (a name between slashes)."""
    pieces: list[list[str]] = [[]]  # between the stars
    at = 0
    while at < len(part):
        result = pieces[-1]
        character = part[at]
        at += 1
        if character == "*":
            if result or len(pieces) == 1:
                pieces.append([])
        elif character == "?":
            result.append("[^/]")
        elif character == "[" and (end := _class_end(part, at)):
            result.append(_class_regex(part[at:end]))
            at = end + 1
        else:
            result.append(re.escape(character))
    first, *others = map("".join, pieces)
    # What stands between two stars is where it is found first: no other place is tried, else a name of 250 letters
    # takes hours. Only the last must be where the name ends.
    inner = "".join(f"(?>[^/]*?{piece})" for piece in others[:-1])
    return first + inner + (f"[^/]*{others[-1]}" if others else "")


def _class_end(part: str, start: int) -> int:
    """Where the ``]`` of a class is that begins at `start`; 0 when there is none (then ``[`` means itself)."""
    first = start + 1 if part[start : start + 1] in ("!", "^") else start
    return part.find("]", first + 1) if part.find("]", first + 1) > 0 else 0


def _class_regex(inner: str) -> str:
    is_complement = inner[0] in "!^"
    if is_complement:
        inner = inner[1:]
    result: list[str] = []
    at = 0
    while at < len(inner):
        if inner[at + 1 : at + 2] == "-" and at + 2 < len(inner):
            low, high = inner[at], inner[at + 2]
            if low > high:
                raise UsageError(f"expected a range such as [a-z] in a glob, got [{low}-{high}]")
            result.append(f"{re.escape(low)}-{re.escape(high)}")
            at += 3
        else:
            result.append(re.escape(inner[at]))
            at += 1
    return ("[^/" if is_complement else "(?!/)[") + "".join(result) + "]"


# -- filters -----------------------------------------------------------------------------------------------------------


def path_regex(pattern: str) -> str:
    """The regular expression of a filter; it matches whole relative paths."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if "/" not in pattern.rstrip("/"):
        parts.insert(0, "**")
    result, tail = "", ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part != "**":
            result += part_regex(part) + ("" if last else "/")
        elif last:
            result += tail + ".+"
            tail = ""
        elif parts[index + 1] != "**":  # as with stars: the folders before the next ** are where they are found first
            rest = "**" in parts[index + 1 :]
            result += tail + ("(?>(?:[^/]+/)*?" if rest else "(?:[^/]+/)*")
            tail = ")" if rest else ""
    return result + tail


def include_filter(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a file of that relative path is let in; everything is when there are no patterns.

    ``drafts/`` lets in all that is below a folder of that name.
    """
    whole = []
    for pattern in patterns:
        if pattern.endswith("/"):
            pattern = ("" if "/" in pattern.rstrip("/") else "**/") + pattern + "**"
        whole.append(pattern)
    return _any(whole, True)


def exclude_filter(patterns: Sequence[str]) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    """Whether a file, and whether a folder with all in it, is left out. ``drafts/`` means folders only."""
    files = [pattern for pattern in patterns if not pattern.endswith("/")]
    folders = []
    for pattern in patterns:
        while pattern.endswith("/**"):  # what leaves out all that is in a folder leaves out the folder
            pattern = pattern[: -len("/**")]
            pattern = pattern if "/" in pattern else "/" + pattern
        folders.append(pattern if pattern.strip("/") else "**")
    return _any(files, False), _any(folders, False)


def _any(patterns: Sequence[str], empty: bool) -> Callable[[str], bool]:
    if not patterns:
        return lambda relative: empty
    match = re.compile("|".join(f"(?:{path_regex(pattern)})" for pattern in patterns), re.DOTALL).fullmatch
    return lambda relative: match(relative) is not None


# -- walking -----------------------------------------------------------------------------------------------------------


class Glob:
    """A glob that is matched folder by folder; its positions are the parts that a folder may have reached.

    Parameters
    ----------
    parts : sequence of str
        The glob below the folder where the walk starts; ``["**"]`` is every file.
    """

    def __init__(self, parts: Sequence[str]) -> None:
        self.parts = tuple(parts)
        self._regexes = [None if part == "**" else re.compile(part_regex(part), re.DOTALL) for part in parts]
        self._everything = self.parts == ("**",)
        self.start = self._closure({0})

    def step(self, positions: Positions, name: str, is_link: bool, deeper: bool) -> tuple[bool, Positions]:
        """Whether a file called `name` matches, and the positions inside a folder of that name (empty: do not enter).

        Parameters
        ----------
        positions : tuple of int
            The parts of the glob at which the folder that holds the name may be; `start` in the first one.
        name : str
            Hidden names must be named by a part of their own.
        is_link : bool
            Whether it is a link: linked folders, too, must be named.
        deeper : bool
            Whether ``**`` may take one more folder.
        """
        is_hidden = name.startswith(".")
        if self._everything:
            return not is_hidden, positions if deeper and not is_hidden and not is_link else ()
        is_match, next_positions = False, set()
        last = len(self.parts) - 1
        for at in positions:
            part, regex = self.parts[at], self._regexes[at]
            if regex is None:
                if is_hidden:
                    continue
                is_match = is_match or at == last
                if deeper and not is_link:
                    next_positions.add(at)
            elif (not is_hidden or part.startswith(".")) and regex.fullmatch(name):
                if at == last:
                    is_match = True
                elif not is_link or not has_magic(part):
                    next_positions.add(at + 1)
        return is_match, self._closure(next_positions)

    def _closure(self, positions: set[int]) -> Positions:
        closure = set(positions)
        for at in sorted(positions):
            while at < len(self.parts) - 1 and self.parts[at] == "**":
                at += 1
                closure.add(at)
        return tuple(sorted(closure))
