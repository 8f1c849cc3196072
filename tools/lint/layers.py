"""Includes go only down src/LAYERS.

A folder of src/ includes only folders on lines above its own, and itself. Folders on one line never include each other, nor
do the sibling implementations inside env/, replication/ and frontend/ (each may include its parent's own headers). Only the
folder on the last line, which wires everything, may name them all; tests of env/ and replication/ may use a sibling
double. cli/ may include base and the generated protos, bench/ and tests/ what they measure and test; the Raft library is
known in replication/raft only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tree import CPP, Finding, Tree, is_test, line_of

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.M)
SIBLINGS = ("env", "replication", "frontend")
CLI_MAY_INCLUDE = ("base",)


def read_layers(text: str) -> list[list[str]]:
    lines = (line.split("#")[0].split() for line in text.splitlines())
    return [line for line in lines if line]


def check(tree: Tree) -> Iterator[Finding]:
    layers = read_layers(tree.text("src/LAYERS"))
    level = {folder: depth for depth, line in enumerate(layers) for folder in line}
    yield from _unlisted(tree, level)
    for path in tree.files(*CPP):
        for target, line in includes(tree, path):
            if target.split("/")[0] not in level:
                continue
            if problem := refusal(path, target, level):
                yield Finding(path, line, problem)


def includes(tree: Tree, path: str) -> Iterator[tuple[str, int]]:
    text = tree.uncommented(path)
    for match in INCLUDE.finditer(text):
        yield match.group(1), line_of(text, match.start(1))


def refusal(path: str, target: str, level: dict[str, int]) -> str:
    """Why the file `path` may not include `target` (relative to src/); empty when it may."""
    parts, to = PurePosixPath(path).parts, PurePosixPath(target).parts
    if parts[0] == "cli" and to[0] not in CLI_MAY_INCLUDE:
        return f"cli includes {target}: it may use base and the protos only"
    if parts[0] != "src" or len(parts) < 3:
        return ""
    own = parts[1]
    if own == to[0]:
        return _sibling_refusal(parts, to, path)
    if level[to[0]] >= level[own]:
        return f"{own} includes {target}: {to[0]} is not below it in src/LAYERS"
    return ""


def _sibling_refusal(parts: tuple[str, ...], to: tuple[str, ...], path: str) -> str:
    if parts[1] not in SIBLINGS or len(to) < 3:
        return ""
    own = parts[2] if len(parts) > 3 else ""
    if own == to[1] or is_test(path):
        return ""
    if not own:
        return f"{parts[1]}/ includes {'/'.join(to)}: the shared part does not know its implementations"
    return f"{parts[1]}/{own} includes {'/'.join(to)}: siblings do not know each other"


def _unlisted(tree: Tree, level: dict[str, int]) -> Iterator[Finding]:
    folders = {PurePosixPath(path).parts[1] for path in tree.files(*CPP, under="src")}
    for folder in sorted(folders - set(level)):
        if folder.endswith(CPP):
            yield Finding(f"src/{folder}", 1, "sources live in a folder of src/LAYERS")
        else:
            yield Finding("src/LAYERS", 1, f"does not list src/{folder}")
