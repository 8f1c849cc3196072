"""Writes carry an identity that makes their retries harmless, and no two writes in flight share one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from peer import Peer, refuse

import memgrid
from memgrid._lanes import MAX_LANES
from memgrid.v1.key_value_pb2 import PutKeyResponse


class Crowd:
    """A PutKey handler that knows which ids are in flight, and holds them until it is told to go on."""

    def __init__(self, hold: bool) -> None:
        self.together: set[str] = set()
        self.most = 0
        self.shared: list[str] = []
        self.lock = threading.Lock()
        self.go = threading.Event()
        if not hold:
            self.go.set()

    def __call__(self, request: Any, context: grpc.ServicerContext) -> PutKeyResponse:
        with self.lock:
            if request.client_id in self.together:
                self.shared.append(request.client_id)
            self.together.add(request.client_id)
            self.most = max(self.most, len(self.together))
        self.go.wait(20)
        with self.lock:
            self.together.discard(request.client_id)
        return PutKeyResponse()


def identities(peer: Peer) -> list[tuple[str, int]]:
    return [(request.client_id, request.sequence) for request in peer.requests("PutKey")]


def test_one_write_after_the_other_uses_one_id_with_rising_sequences(peer: Peer, client: memgrid.Client) -> None:
    for _ in range(3):
        client.put_key("n", "k", b"v")
    ids, sequences = zip(*identities(peer), strict=True)
    assert len(set(ids)) == 1
    assert 1 <= len(ids[0]) <= 64
    assert sequences == (1, 2, 3)


def test_reads_carry_no_identity(peer: Peer, client: memgrid.Client) -> None:
    client.get("n", "k")
    client.list_keys("n")
    client.put_key("n", "k", b"v")
    assert identities(peer)[0][1] == 1


def test_threads_share_no_id_while_in_flight(peer: Peer, client: memgrid.Client) -> None:
    crowd = peer.on["PutKey"] = Crowd(hold=False)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: client.put_key("n", f"k{n}", b"v"), range(100)))  # now there are ids to be used again
        crowd.go.clear()
        writes = [pool.submit(client.put_key, "n", f"held{n}", b"v") for n in range(16)]
        wait_until_together(crowd, 16)
        crowd.go.set()
        for write in writes:
            write.result()
    assert crowd.shared == []
    assert len(set(identities(peer))) == 116
    assert len({client_id for client_id, _ in identities(peer)}) <= 16


def test_writes_in_flight_are_bounded_and_all_are_done(peer: Peer) -> None:
    crowd = peer.on["PutKey"] = Crowd(hold=True)

    async def main() -> None:
        async with memgrid.AsyncClient(peer.address) as client:
            writes = [asyncio.create_task(client.put_key("n", f"k{n}", b"v")) for n in range(2 * MAX_LANES)]
            await asyncio.to_thread(wait_until_full, crowd)
            crowd.go.set()
            await asyncio.gather(*writes)

    asyncio.run(main())
    assert crowd.shared == []
    assert crowd.most == MAX_LANES
    assert len(identities(peer)) == 2 * MAX_LANES


def wait_until_full(crowd: Crowd) -> None:
    wait_until_together(crowd, MAX_LANES)


def wait_until_together(crowd: Crowd, number: int) -> None:
    end = time.monotonic() + 20
    waiting = threading.Event()
    while len(crowd.together) < number:
        assert time.monotonic() < end, f"only {len(crowd.together)} of {number} ids are in flight"
        waiting.wait(0.01)


def test_a_write_that_gets_no_turn_says_that_it_was_not_sent(peer: Peer) -> None:
    crowd = peer.on["PutKey"] = Crowd(hold=True)

    async def main() -> None:
        async with memgrid.AsyncClient(peer.address) as client:
            writes = [asyncio.create_task(client.put_key("n", f"k{n}", b"v")) for n in range(MAX_LANES)]
            await asyncio.to_thread(wait_until_full, crowd)
            with pytest.raises(memgrid.errors.DeadlineExceeded, match="not sent") as caught:
                await client.put_key("n", "late", b"v", timeout_ms=50)
            assert not caught.value.outcome_unknown
            crowd.go.set()
            await asyncio.gather(*writes)

    asyncio.run(main())


def test_a_retry_repeats_the_identity(peer: Peer, client: memgrid.Client) -> None:
    refusals = iter([True, True, False])

    def put(request: Any, context: grpc.ServicerContext) -> PutKeyResponse:
        if next(refusals):
            refuse(context, grpc.StatusCode.UNAVAILABLE, "no leader")
        return PutKeyResponse(version=7)

    peer.on["PutKey"] = put
    assert client.put_key("n", "k", b"v") == 7
    assert len(identities(peer)) == 3
    assert len(set(identities(peer))) == 1


@pytest.mark.parametrize("code", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_refused_write_leaves_its_id_in_use(peer: Peer, client: memgrid.Client, code: grpc.StatusCode) -> None:
    peer.on["PutKey"] = lambda request, context: refuse(context, code, "no")
    for _ in range(2):
        with pytest.raises(memgrid.errors.MemgridError):
            client.put_key("n", "k", b"v")
    (first, one), (second, two) = identities(peer)
    assert first == second
    assert (one, two) == (1, 2)


@pytest.mark.parametrize("code", [grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL])
def test_an_id_with_an_unknown_outcome_is_never_used_again(
    peer: Peer, client: memgrid.Client, code: grpc.StatusCode
) -> None:
    peer.on["PutKey"] = lambda request, context: refuse(context, code, "who knows")
    for _ in range(2):
        with pytest.raises(memgrid.errors.MemgridError, match="outcome unknown") as caught:
            client.put_key("n", "k", b"v")
        assert caught.value.outcome_unknown
    assert len({client_id for client_id, _ in identities(peer)}) == 2


def test_a_cancelled_write_takes_neither_its_id_nor_its_turn_with_it(peer: Peer) -> None:
    crowd = peer.on["PutKey"] = Crowd(hold=True)

    async def main() -> None:
        async with memgrid.AsyncClient(peer.address) as client:
            writes = [asyncio.create_task(client.put_key("n", f"k{n}", b"v")) for n in range(MAX_LANES)]
            await asyncio.to_thread(wait_until_full, crowd)
            cancelled = {client_id for client_id, _ in identities(peer)}
            for write in writes:
                write.cancel()
            ends = await asyncio.gather(*writes, return_exceptions=True)
            assert Counter(type(end) for end in ends) == {asyncio.CancelledError: MAX_LANES}
            crowd.go.set()
            await client.put_key("n", "after", b"v", timeout_ms=5000)
            assert identities(peer)[-1][0] not in cancelled

    asyncio.run(main())


def test_a_client_closed_during_a_write_does_not_look_like_a_cancelled_task(peer: Peer) -> None:
    crowd = peer.on["PutKey"] = Crowd(hold=True)

    async def main() -> None:
        client = memgrid.AsyncClient(peer.address)
        write = asyncio.create_task(client.put_key("n", "k", b"v"))
        while not crowd.together:
            await asyncio.to_thread(threading.Event().wait, 0.01)
        await client.close()
        with pytest.raises(memgrid.errors.Cancelled) as caught:
            await write
        assert caught.value.outcome_unknown
        crowd.go.set()

    asyncio.run(main())
