"""No large files, no programs and no archives in the tree: what can be built or fetched is not kept."""

from __future__ import annotations

from collections.abc import Iterator

from tree import Finding, Tree

LIMIT = 256 * 1024
MAGIC = {
    b"\x7fELF": "a program",
    b"PK\x03\x04": "an archive",
    b"\x1f\x8b": "an archive",
    b"\xfd7zXZ": "an archive",
}


def check(tree: Tree) -> Iterator[Finding]:
    for path in tree.files():
        file = tree.root / path
        size = file.stat().st_size
        if size > LIMIT:
            yield Finding(path, 1, f"{size} bytes, more than {LIMIT}", value=size)
        with file.open("rb") as stream:
            start = stream.read(6)
        for magic, what in MAGIC.items():
            if start.startswith(magic) and not path.startswith(
                ("tests/fuzz/corpus/", "tests/golden/")
            ):
                yield Finding(path, 1, f"is {what}")
