"""The first put and get of the README do what it says, word for word."""

from __future__ import annotations

import doctest
import os
import re
import subprocess

import pytest

import memgrid
from conftest import ROOT

PROGRAMS = os.environ.get("MEMGRID_BIN", str(ROOT / "build" / "bin"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.S)


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a console block with the output that follows it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def run(command: str, address: str) -> str:
    return subprocess.run(
        command.replace("build/bin/", f"{PROGRAMS}/"),
        shell=True,
        env={**os.environ, "MEMGRID_ENDPOINT": address},
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    ).stdout.rstrip("\n")


def test_the_first_put_and_get(
    server: memgrid.LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, *rest = [step for block in blocks("console") for step in commands(block)]
    assert start[0] == "./dev run" and start[1].startswith("ready grpc=127.0.0.1:50051 ")
    assert len(rest) >= 5
    for command, output in rest:
        assert run(command, server.address) == output.rstrip("\n"), command

    monkeypatch.setenv("MEMGRID_ENDPOINT", server.address)
    (python,) = blocks("pycon")
    test = doctest.DocTestParser().get_doctest(python, {}, "README.md", "README.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0
