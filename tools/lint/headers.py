"""A public header is a manual: at least 30 % of its lines that are not empty are comment.

Public is every .h directly in a library of src/, and in its folders but for internal/ and testing/. Headers of fewer than
20 lines and #include and #pragma lines do not count.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree import Finding, Tree, blank_out

SHARE = 0.30
SMALL = 20


def check(tree: Tree) -> Iterator[Finding]:
    for path in tree.files(".h", under="src"):
        if "/internal/" in path or "/testing/" in path:
            continue
        comment, total = count(tree.text(path))
        if total >= SMALL and comment < SHARE * total:
            share = round(100 * comment / total)
            message = f"{share} % comment, less than {SHARE:.0%}: say results, errors, units, owner, thread"
            yield Finding(path, 1, message, value=100 - share)


def count(text: str) -> tuple[int, int]:
    """Lines that carry a comment, and lines that are neither empty nor preprocessor."""
    bare = blank_out(text, comments=True, literals=False).split("\n")
    comment = total = 0
    for line, without in zip(text.split("\n"), bare, strict=True):
        if not line.strip() or without.lstrip().startswith("#"):
            continue
        total += 1
        comment += line != without
    return comment, total
