"""Documents that are named exist: relative links of Markdown, and docs/... and src/... paths in Markdown and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tree import CPP, Finding, Tree, line_of

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
PATH = re.compile(
    r"(?<![\w./-])((?:docs|src|tools|tests|cli|bench|proto|sdk|cmake)/[\w./-]*\w\.(?:md|h|cc|py|sh|proto|txt|json))\b"
)


def check(tree: Tree) -> Iterator[Finding]:
    known = set(tree.paths)
    for path in tree.paths:
        known.update(str(parent) for parent in PurePosixPath(path).parents)
    for path in tree.files(".md", *CPP, ".py", ".sh", ".txt", ".proto", ".toml", ".cmake"):
        if path.startswith(("tools/lint/", "tools/tests/")):
            continue
        text = tree.text(path)
        if path.endswith(".md"):
            yield from _links(path, text, known)
        for match in PATH.finditer(text):
            if not _resolves(path, match.group(1), known):
                yield Finding(
                    path,
                    line_of(text, match.start()),
                    f"{match.group(1)} is not there",
                    match.group(1),
                )


def _links(path: str, text: str, known: set[str]) -> Iterator[Finding]:
    for match in LINK.finditer(text):
        target = match.group(1).split("#")[0]
        if not target or "://" in target or target.startswith("mailto:"):
            continue
        resolved = _normal(PurePosixPath(path).parent / target)
        if resolved not in known:
            message = f"link to {target}, which is not there"
            yield Finding(path, line_of(text, match.start()), message, resolved)


def _resolves(path: str, target: str, known: set[str]) -> bool:
    """From the top of the tree or from any folder above the file that names it."""
    return any(_normal(parent / target) in known for parent in PurePosixPath(path).parents)


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "."
