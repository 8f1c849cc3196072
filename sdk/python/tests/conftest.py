"""Fixtures: the peer, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from peer import Peer

import memgrid


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as running:
        yield running


@pytest.fixture
def client(peer: Peer) -> Iterator[memgrid.Client]:
    with memgrid.Client(peer.address, timeout=10) as connected:
        yield connected
