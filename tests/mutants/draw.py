"""Draw: which mutations does a seed choose, and which are known to change nothing?"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from tests.mutants.mutations import Mutation, modules, mutations

#: One line for each mutant that nobody can see: ``module :: before :: after :: reason``.
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
PROSE_SHARE = 0.3  # how often a changed word may be drawn: most words are messages


def is_in_room(module: str, room: str) -> bool:
    """Whether a module is what a word names: a room, a path below the package, or a module in any room."""
    path = PurePosixPath(module).with_suffix("")
    return room in path.parts or path.is_relative_to(room)


def draw(package: Path, rooms: Sequence[str], seed: int, total: int) -> list[Mutation]:
    """Mutations drawn by chance, each room equally often, at most one of a line; fewer where there are no more.

    Parameters
    ----------
    package : Path
        The folder of the package that is changed.
    rooms : Sequence[str]
        What is drawn from, as in :func:`is_in_room`; nothing: the whole package, each module by its length.
    seed : int
        The same seed draws the same mutations of the same code.
    total : int
        How many.

    Raises
    ------
    ValueError
        A room holds no module.
    """
    chance = random.Random(seed)
    texts = modules(package)
    groups = [[name for name in texts if is_in_room(name, room)] for room in rooms] or [list(texts)]
    for room, names in zip(rooms, groups, strict=False):
        if not names:
            raise ValueError(f"no module is in the room {room!r}")
    open_points: dict[str, list[Mutation]] = {}
    drawn: list[Mutation] = []
    while len(drawn) < total and any(groups):
        group = groups[len(drawn) % len(groups)] or next(filter(None, groups))
        name = chance.choices(group, [len(texts[one]) for one in group])[0]
        if name not in open_points:
            open_points[name] = mutations(name, texts[name])
        kinds = sorted({point.kind for point in open_points[name]})
        if "word" in kinds and len(kinds) > 1 and chance.random() > PROSE_SHARE:
            kinds.remove("word")
        if not kinds:
            group.remove(name)
            continue
        kind = chance.choice(kinds)
        point = chance.choice([point for point in open_points[name] if point.kind == kind])
        open_points[name] = [other for other in open_points[name] if other.line != point.line]
        if point.changes(texts[name]):
            drawn.append(point)
    return drawn


def reasons(lines: Iterable[str]) -> dict[tuple[str, str, str], str]:
    """Why mutants change nothing: module, text before and text after -> reason. Empty lines and ``#`` are passed by."""
    found = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            module, before, after, reason = (part.strip() for part in line.split(" :: "))
            found[module, before, after] = reason
    return found


def key(mutation: Mutation) -> tuple[str, str, str]:
    """How the list of equivalent mutants names one: without a line, which moves."""
    return mutation.module, " ".join(mutation.before.split()), " ".join(mutation.after.split())
