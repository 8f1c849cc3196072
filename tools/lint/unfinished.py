"""Nothing unfinished is left in the tree: what is to be done later stands in an issue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree import Finding, Tree, line_of

WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|(?i:\bnot implemented\b|\bplaceholder\b)")
EXEMPT = ("LICENSE", "tools/lint/unfinished.py")


def check(tree: Tree) -> Iterator[Finding]:
    for path in tree.files():
        if path in EXEMPT or path.startswith("tests/fuzz/corpus/"):
            continue
        text = tree.text(path)
        for match in WORDS.finditer(text):
            yield Finding(
                path,
                line_of(text, match.start()),
                f"`{match.group(0)}`: finish it or file an issue",
                value=1,
            )
