"""Are things named by what they are? No participle is a name, and no class name stands twice (DESIGN: words)."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "imgbatch"
IRREGULAR = frozenset({
    "asked", "begun", "bound", "built", "caught", "chosen", "done", "drawn", "found", "given", "gone", "held",
    "hidden", "kept", "known", "lent", "lost", "made", "meant", "said", "seen", "sent", "settled", "shown", "spent",
    "spoken", "taken", "told", "undone", "wanted", "written",
})  # fmt: skip
NOUNS_AND_VERBS = frozenset({"bed", "embed", "exceed", "feed", "need", "proceed", "red", "seed", "shed", "speed"})
#: Words that users type or read: keys of records, fields of reports and settings, exit codes, a TIFF type.
CONTRACT = frozenset({
    "copied", "decoded", "detached", "done", "ended", "failed", "halved", "interrupted", "kept", "known", "loaded",
    "located", "locked", "moved", "named", "pruned", "removed", "restored", "retry_failed", "sampled", "skipped",
    "started", "stopped", "terminated", "truncated", "turned", "unattended", "unchanged", "undefined", "undone",
    "untrusted", "wanted", "warned", "written", "_restore_loaded",
})  # fmt: skip


def names(path: Path) -> Iterator[str]:
    """Every name that a file gives: of functions, classes, parameters, variables and attributes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def is_participle(name: str) -> bool:
    """Whether a name is one; ``is_renamed`` and ``has_ended`` are questions."""
    words = name.strip("_").lower().split("_")
    if words[0] in ("is", "has") or name.lower() in CONTRACT or name.strip("_").lower() in CONTRACT:
        return False
    return words[-1] in IRREGULAR or (words[-1].endswith("ed") and words[-1] not in NOUNS_AND_VERBS)


def test_no_participle_is_a_name() -> None:
    participles = [f"{path}: {name}" for path in PACKAGE.rglob("*.py") for name in names(path) if is_participle(name)]
    assert participles == []


def test_a_participle_would_be_seen() -> None:
    for name in ("made", "_decoded_frames_kept", "_Shown", "OUTPUTS_WRITTEN", "all_counted"):
        assert is_participle(name), name
    for name in ("is_renamed", "seed", "frames", "unchanged"):
        assert not is_participle(name), name


def test_no_class_name_stands_twice() -> None:
    trees = (ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py"))
    classes = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert [name for name, number in classes.items() if number > 1] == []
