"""A public header is a manual: at least 30 % of its lines that are not empty are comment.

Public is every .h of src/ that a file of another library includes; internal/ and testing/ are nobody's contract. What
promises nothing of its own does not count: preprocessor lines, private parts, overrides (their contract stands with the
interface), and headers of fewer than 20 lines. A row of a table that carries its help as a string, as metrics do, counts
as commented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from layers import includes
from tree import CPP, Finding, Tree, blank_out, is_test

SHARE = 0.30
SMALL = 20
ROW = re.compile(r'^\s*X\(.*"[^"]+"\)\s*\\?$')
PRIVATE = re.compile(r"^( *) private:$")


def check(tree: Tree) -> Iterator[Finding]:
    public = set(_public(tree))
    for path in tree.files(".h", under="src"):
        if path not in public or "/internal/" in path or is_test(path):
            continue
        comment, total = count(tree.text(path))
        if total >= SMALL and comment < SHARE * total:
            share = round(100 * comment / total)
            message = f"{share} % comment, less than {SHARE:.0%}: say results, errors, units, owner, thread"
            yield Finding(path, 1, message, value=100 - share)


def _public(tree: Tree) -> Iterator[str]:
    for path in tree.files(*CPP):
        library = path.split("/")[:2]
        for target, _ in includes(tree, path):
            if ["src", target.split("/")[0]] != library:
                yield f"src/{target}"


def count(text: str) -> tuple[int, int]:
    """Lines that carry a comment or a help text, and lines that count at all."""
    bare = blank_out(text, comments=True, literals=False).split("\n")
    comment = total = 0
    private = ""  # indentation of the class whose private part we are in, with its closing brace
    for line, without in zip(text.split("\n"), bare, strict=True):
        if match := PRIVATE.match(line):
            private = match.group(1) + "};"
        if private:
            private = "" if line.startswith(private) else private
            continue
        if not line.strip() or without.lstrip().startswith("#") or " override" in without:
            continue
        total += 1
        comment += line != without or bool(ROW.match(line))
    return comment, total
