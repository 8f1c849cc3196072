"""The text speaks of memgrid alone: no paths of the machine where it was written.

File names are lower case with underscores (C++, Python) and every header guards itself by its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tree import CPP, Finding, Tree, line_of

FOREIGN = re.compile(r"(?<![\w.])/(?:home|root|Users|work|workspace)/[\w.][\w./-]*")
FILE_NAME = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)?$")
# The rule's own words and their tests.
EXEMPT = ("tools/lint/names.py", "tools/tests/test_lint.py")


def check(tree: Tree) -> Iterator[Finding]:
    for path in tree.files():
        if path in EXEMPT:
            continue
        text = tree.text(path)
        for match in FOREIGN.finditer(text):
            yield Finding(
                path, line_of(text, match.start()), f"`{match.group(0)}` is not the project's"
            )
    for path in tree.files(*CPP, ".py"):
        if not FILE_NAME.match(PurePosixPath(path).name):
            yield Finding(path, 1, "file names are lower case with underscores")
    for path in tree.files(".h"):
        guard = re.sub(r"\W", "_", "memgrid/" + path.removeprefix("src/")).upper() + "_"
        text = tree.text(path)
        if "#pragma once" not in text and f"#define {guard}" not in text:
            yield Finding(path, 1, f"no include guard: `#pragma once` or {guard}")
