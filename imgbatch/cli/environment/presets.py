"""Presets: which recipe is meant by a name alone? ``-r web`` is ``web.toml`` in the user's configuration folder.

That folder is ``$XDG_CONFIG_HOME/imgbatch``, else ``~/.config/imgbatch``. A word is a name if it has no folder and no
suffix; a file that is called so in the working folder wins. What a preset says of paths is relative to its own file, as
in every recipe: a logo lies beside it, and results must not, so that they go to ``-o DIR`` or an absolute folder.
"""

from __future__ import annotations

import os

from imgbatch.core.errors import UsageError, nearest
from imgbatch.storage.registry import scheme_of

SUFFIX = ".toml"


def preset_folder() -> str:
    """Where the presets lie, whether it exists or not."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(home):  # as XDG has it: then it counts for nothing
        home = os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "imgbatch")


def preset_paths() -> dict[str, str]:
    """The path of each preset by its name, in the order of the alphabet."""
    folder = preset_folder()
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    return {name.removesuffix(SUFFIX): os.path.join(folder, name) for name in names if name.endswith(SUFFIX)}


def is_preset_name(word: str) -> bool:
    """Whether a word has neither a folder nor a suffix."""
    return bool(word) and os.path.basename(word) == word and not os.path.splitext(word)[1]


def preset_path(name: str) -> str:
    """Where the preset of that name lies, or would."""
    return os.path.join(preset_folder(), name + SUFFIX)


def find_recipe(word: str) -> str:
    """The path of a recipe: `word` itself, or the preset of that name; UsageError where a name has neither."""
    if not is_preset_name(word) or (os.path.lexists(word) and not os.path.isdir(word)):
        return word
    path = preset_path(word)
    if os.path.lexists(path):
        return path
    near = word + SUFFIX if os.path.exists(word + SUFFIX) else nearest(word, preset_paths())
    hint = f"did you mean {near!r}?" if near else "`imgbatch recipes` lists presets"
    raise UsageError(f"unknown recipe {word!r}: no such file here, and no preset in {preset_folder()}; {hint}")


def refuse_results(recipe: str, output: str) -> None:
    """UsageError for a preset whose results would go to a folder beside it.

    Parameters
    ----------
    recipe : str
        The path of a recipe.
    output : str
        The folder of its results as the recipe has it; "" where it names none.
    """
    if os.path.dirname(os.path.abspath(recipe)) == preset_folder() and not (os.path.isabs(output) or scheme_of(output)):
        raise UsageError(
            f"expected -o DIR, or an absolute output in [run], for the preset {recipe}: its results would go beside it"
        )
