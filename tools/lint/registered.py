"""Every C++ source below src/, cli/, tests/ and bench/ is named in the CMakeLists.txt of its folder or one above it.

A test that no build knows of never fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tree import Finding, Tree

FOLDERS = ("src", "cli", "tests", "bench", "proto")
SHARED = ("tests/fuzz/replay_main.cc",)  # named in cmake/memgrid.cmake


def check(tree: Tree) -> Iterator[Finding]:
    for path in tree.files(".cc"):
        if path.split("/")[0] in FOLDERS and path not in SHARED and not _named(tree, path):
            yield Finding(path, 1, "no CMakeLists.txt builds it")


def _named(tree: Tree, path: str) -> bool:
    for folder in PurePosixPath(path).parents:
        lists = str(folder / "CMakeLists.txt")
        if lists in tree.paths:
            text = re.sub(r"#[^\n]*", "", tree.text(lists))
            relative = PurePosixPath(path).relative_to(folder)
            # With or without the ending: foreach loops name `put` and build put.cc and put_test.cc of it.
            if re.search(rf"(?<![\w/]){re.escape(str(relative))}(?!\w)", text):
                return True
            stem = re.sub(r"(_test|_bench|_fuzz)?\.cc$", "", str(relative))
            if "foreach" in text and re.search(rf"(?<![\w/]){re.escape(stem)}(?!\w)", text):
                return True
    return False
