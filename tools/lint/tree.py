"""The files of the project as the checks see them."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

CPP = (".h", ".cc", ".c")


@dataclass(frozen=True)
class Finding:
    """`subject` names what an exception is granted for: the file, or FILE:FUNCTION."""

    path: str
    line: int
    message: str
    subject: str = ""
    value: int = 0  # what an exception's number is compared with

    @property
    def key(self) -> str:
        return self.subject or self.path


class Tree:
    """What git tracks, and new files that it does not ignore."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=root,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        self.paths = sorted(p for p in set(listed.split("\0")) if p and (root / p).is_file())

    def files(self, *suffixes: str, under: str = "") -> Iterator[str]:
        """Paths with one of `suffixes` (all without any) below the folder `under`."""
        for path in self.paths:
            if under and not path.startswith(under.rstrip("/") + "/"):
                continue
            if not suffixes or PurePosixPath(path).suffix in suffixes:
                yield path

    @functools.cache  # noqa: B019  (one tree a process)
    def text(self, path: str) -> str:
        """Contents; empty for what is not text."""
        data = (self.root / path).read_bytes()
        return "" if b"\0" in data[:8192] else data.decode(errors="replace")

    @functools.cache  # noqa: B019
    def code(self, path: str) -> str:
        """A C++ file without comments and without the insides of literals; every line stays where it was."""
        return blank_out(self.text(path), comments=True, literals=True)

    @functools.cache  # noqa: B019
    def uncommented(self, path: str) -> str:
        """A C++ file without its comments."""
        return blank_out(self.text(path), comments=True, literals=False)


_TOKEN = re.compile(
    r"""(?P<raw>R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")"""
    r"""|(?P<comment>//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<literal>"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*')""",
    re.S,
)


def blank_out(text: str, *, comments: bool, literals: bool) -> str:
    def replace(match: re.Match[str]) -> str:
        token = match.group(0)
        if match.lastgroup == "comment" or match.group("comment"):
            return _spaces(token) if comments else token
        if not literals:
            return token
        return token[0] + _spaces(token[1:-1]) + token[-1]

    return _TOKEN.sub(replace, text)


def _spaces(token: str) -> str:
    return re.sub(r"[^\n]", " ", token)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def is_test(path: str) -> bool:
    """Test code: beside its file, in a folder of doubles, below tests/, or the expectations that every implementation of
    an interface is held to (conformance*)."""
    name = PurePosixPath(path).name
    return (
        name.endswith(("_test.cc", "_fuzz.cc"))
        or name.startswith("conformance")
        or (name.startswith("test_") and name.endswith(".py"))
        or bool({"tests", "testing"} & set(PurePosixPath(path).parts[:-1]))
    )
