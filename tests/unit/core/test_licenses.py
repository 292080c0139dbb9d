"""Does the page of the extras name all of them, and each package's license as the package itself does?"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "imgbatch" / "reference" / "extras.md"
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", flags=re.MULTILINE)

#: By extra: its packages, and what the page says of their licenses, one for each package.
TABLE = {extra: (packages.split(", "), words.split(", ")) for extra, packages, words in ROW.findall(PAGE.read_text())}
PAIRS = [pair for packages, words in TABLE.values() for pair in zip(packages, words, strict=True)]
#: What is added to a package's own license, in words of the file that its wheels carry.
OF_WHEELS = {"pillow-heif": ("LICENSES_bundled.txt", "binary wheels: GPLv2")}


#: What former versions of the packages called their licenses.
SPELLINGS = {
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "MIT OR Apache-2.0": "MIT",  # obstore, until it was MIT alone
}


def license_of(package: Distribution) -> str:
    """What a package's metadata say of its license; empty where they say nothing."""
    said = package.metadata
    classifiers = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier", []) if line.startswith("License")]
    spdx = {"MIT License": "MIT", "Apache Software License": "Apache-2.0"}
    words = [*said.get_all("License-Expression", []), *said.get_all("License", [])]
    return SPELLINGS.get(words[0], words[0]) if words else " or ".join(spdx[name] for name in classifiers)


def test_page_has_all_extras_and_their_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {
        name: [re.split("[<>=;]", word)[0].strip() for word in words]
        for name, words in project["optional-dependencies"].items()
        if name != "test"
    }
    assert {extra: packages for extra, (packages, _) in TABLE.items()} == extras


@pytest.mark.parametrize(("package", "words"), PAIRS)
def test_license_is_the_package_s(package: str, words: str) -> None:
    try:
        installed = distribution(package)
    except PackageNotFoundError:
        pytest.skip(f"needs pip install {package}")
    name, _, of_wheels = words.partition("; ")
    assert (license_of(installed) or "its package names none") == name
    assert bool(of_wheels) == (package in OF_WHEELS)
    if of_wheels:
        file, sentence = OF_WHEELS[package]
        texts = [installed.locate_file(path) for path in installed.files or () if path.name == file]
        assert any(sentence in Path(str(text)).read_text() for text in texts)
        assert "GPL-2.0" in of_wheels


def test_packages_under_the_gpl_are_named_where_extras_are_declared() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for package, words in PAIRS:
        for license_name in re.findall(r"GPL-[\d.]+", words):
            assert re.search(rf'"{package}.*#.*{re.escape(license_name)}', text), package
