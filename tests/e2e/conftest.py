"""One server with its store in memory for all tests that need no other, and a namespace for each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

import memgrid
from support import Raw

ROOT = Path(__file__).resolve().parent.parent.parent
_numbers = count(1)


def pytest_sessionstart(session: pytest.Session) -> None:
    """There is nothing to test without the program, and a run without tests must not look like a success."""
    program = os.environ.setdefault("MEMGRIDD", str(ROOT / "build" / "bin" / "memgridd"))
    if not os.access(program, os.X_OK):
        raise pytest.UsageError(f"{program}: no such program; run ./dev build, or set MEMGRIDD")


@pytest.fixture(scope="session")
def server() -> Iterator[memgrid.LocalServer]:
    with memgrid.LocalServer() as running:
        yield running


@pytest.fixture(scope="session")
def client(server: memgrid.LocalServer) -> Iterator[memgrid.Client]:
    with memgrid.Client(server.address) as connected:
        yield connected


@pytest.fixture
def raw(server: memgrid.LocalServer) -> Iterator[Raw]:
    connected = Raw(server.address)
    yield connected
    connected.close()


@pytest.fixture
def namespace(client: memgrid.Client) -> str:
    """A new one."""
    name = f"ns-{next(_numbers)}"
    client.create_namespace(name)
    return name
