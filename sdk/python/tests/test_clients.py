"""The surface: both clients have the same calls; settings come from where they should; forks and loops are survived."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading
from typing import Any

import grpc
import numpy as np
import pytest
from peer import Peer

import memgrid
import primatomic
from memgrid import _settings
from memgrid.v1.key_value_pb2 import GetKeyResponse, ListKeysResponse, PutKeyResponse
from memgrid.v1.memory_pb2 import ReadMemoryResponse

CALLS = [name for name in dir(memgrid.AsyncClient) if not name.startswith("_")]


@pytest.mark.parametrize("name", CALLS)
def test_both_clients_have_the_call_with_the_same_arguments(name: str) -> None:
    blocking = inspect.signature(getattr(memgrid.Client, name))
    awaitable = inspect.signature(getattr(memgrid.AsyncClient, name))
    assert list(blocking.parameters) == list(awaitable.parameters)
    assert getattr(memgrid.Client, name).__doc__


def test_the_arguments_are_in_the_documented_order() -> None:
    def order(name: str) -> list[str]:
        return list(inspect.signature(getattr(memgrid.Client, name)).parameters)[1:]

    assert order("write_memory") == ["namespace", "name", "offset", "data", "timeout_ms"]
    assert order("read_memory")[:4] == ["namespace", "name", "offset", "length"]
    assert order("compare_and_swap")[:4] == ["namespace", "key", "expected_value", "new_value"]
    assert order("list_keys")[:3] == ["namespace", "prefix", "limit"]


def test_the_endpoint_and_the_token_come_from_arguments_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MEMGRID_ENDPOINT", "PRIMATOMIC_ENDPOINT", "MEMGRID_TOKEN", "PRIMATOMIC_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert _settings.resolve(None, None, 1).endpoint == "127.0.0.1:50051"
    monkeypatch.setenv("PRIMATOMIC_ENDPOINT", "old:1")
    monkeypatch.setenv("PRIMATOMIC_TOKEN", "t1")
    assert _settings.resolve(None, None, 1) == _settings.Settings("old:1", "t1", 1)
    monkeypatch.setenv("MEMGRID_ENDPOINT", "new:2")
    monkeypatch.setenv("MEMGRID_TOKEN", "t2")
    assert _settings.resolve(None, None, 1) == _settings.Settings("new:2", "t2", 1)
    assert _settings.resolve("arg:3", "t3", 1) == _settings.Settings("arg:3", "t3", 1)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("host", "host:50051"),
        ("host:1", "host:1"),
        ("[::1]:5", "[::1]:5"),
        ("[::1]", "[::1]:50051"),
        ("::1", "[::1]:50051"),
    ],
)
def test_an_endpoint_without_a_port_gets_the_default(given: str, used: str) -> None:
    assert _settings.resolve(given, None, 1).endpoint == used


@pytest.mark.parametrize("given", ["host:x", "host:0", "host:65536", ":5", "http://host:5", "a b:5"])
def test_an_endpoint_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="endpoint: HOST:PORT"):
        memgrid.Client(given)


def test_odd_tokens_and_timeouts_are_refused() -> None:
    with pytest.raises(ValueError, match="token"):
        memgrid.Client("h:1", token="a\nb")
    with pytest.raises(ValueError, match="timeout"):
        memgrid.Client("h:1", timeout=0)
    with pytest.raises(TypeError, match="give one"):
        primatomic.Client("h:1", credential="a", jwt_token="b")


def test_the_token_goes_with_every_call(peer: Peer) -> None:
    with memgrid.Client(peer.address, token="secret") as client:
        client.put_key("n", "k", b"v")
    with primatomic.Client(peer.address, jwt_token="secret") as old:
        old.get_key("n", "k")
    assert [seen.metadata["authorization"] for seen in peer.seen] == ["Bearer secret"] * 2


def test_lists_follow_the_cursor(peer: Peer, client: memgrid.Client) -> None:
    def page(request, context):  # type: ignore[no-untyped-def]
        at = int(request.cursor or b"0")
        keys = [f"k{n:05}" for n in range(at, min(at + min(request.limit, 10_000), 25_000))]
        following = at + len(keys)
        return ListKeysResponse(keys=keys, next_cursor=str(following).encode() if following < 25_000 else b"")

    peer.on["ListKeys"] = page
    assert len(client.list_keys("n")) == 25_000
    assert client.list_keys("n", limit=10_001)[-1] == "k10000"
    assert client.list_keys("n", limit=0) == []
    assert [request.limit for request in peer.requests("ListKeys")][-2:] == [10_000, 1]


def test_exactly_one_expectation_is_needed(client: memgrid.Client) -> None:
    with pytest.raises(TypeError, match="new_value"):
        client.compare_and_swap("n", "k", b"old")
    for wrong in ({}, {"expected_value": b"", "expect_absent": True}):
        with pytest.raises(memgrid.errors.InvalidArgument, match="exactly one"):
            client.compare_and_swap("n", "k", new_value=b"x", **wrong)  # type: ignore[arg-type]


def test_arrays_go_in_and_come_out(peer: Peer, client: memgrid.Client) -> None:
    array = np.arange(12, dtype="<i4").reshape(3, 4)
    client.write_memory("n", "r", 0, array)
    client.write_memory("n", "r", 0, array.T)
    first, second = peer.requests("WriteMemory")
    assert first.data == array.tobytes()
    assert second.data == array.T.tobytes()
    peer.on["ReadMemory"] = lambda request, context: ReadMemoryResponse(data=array.tobytes()[: request.length])
    assert (client.read_array("n", "r", "<i4", (3, 4)) == array).all()
    assert client.read_array("n", "r", float, (0, 3)).shape == (0, 3)
    with pytest.raises(TypeError, match="dtype"):
        client.read_array("n", "r", object, 3)


def test_a_closed_client_refuses(peer: Peer) -> None:
    client = memgrid.Client(peer.address)
    client.close()
    client.close()
    with pytest.raises(memgrid.errors.FailedPrecondition, match="closed"):
        client.get("n", "k")


def test_one_asynchronous_client_serves_many_loops(peer: Peer) -> None:
    client = memgrid.AsyncClient(peer.address)
    for _ in range(3):
        asyncio.run(client.put_key("n", "k", b"v"))  # type: ignore[arg-type]
    assert len({request.client_id for request in peer.requests("PutKey")}) == 3


def test_keys_block_and_memory_is_awaited_on_one_object(peer: Peer) -> None:
    peer.on["GetKey"] = lambda request, context: GetKeyResponse(value=b"v")
    peer.on["ReadMemory"] = lambda request, context: ReadMemoryResponse(data=b"m")

    async def main() -> None:
        async with primatomic.Client(peer.address, credential="jwt") as client:
            assert client.get_key("n", "k") == b"v"
            assert await client.read_memory("n", "r", offset=0, length=1) == b"m"

    asyncio.run(main())


FORKING = """
import os, sys, threading
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = sys.argv[2]
import memgrid
client = memgrid.Client(sys.argv[1])
client.put_key("n", "parent", b"v")
busy = threading.Thread(target=client.get, args=("n", "slow"))
if len(sys.argv) > 3:
    busy.start()
    client.get("n", "until slow is there")
child = os.fork()
if child == 0:
    try:
        client.put_key("n", "child", b"v", timeout_ms=5000)
    except memgrid.errors.MemgridError as error:
        os._exit(7 if "fork" in str(error) else 1)
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
client.put_key("n", "parent", b"v")
sys.exit(code)
"""


def fork(peer: Peer, *arguments: str) -> int:
    return subprocess.run([sys.executable, "-c", FORKING, peer.address, *arguments], timeout=30).returncode


def test_a_forked_child_has_a_connection_and_ids_of_its_own(peer: Peer) -> None:
    assert fork(peer, "1") == 0
    parent, child, again = peer.requests("PutKey")
    assert child.key == "child"
    assert parent.client_id == again.client_id != child.client_id


def test_where_grpc_cannot_fork_the_error_says_so(peer: Peer) -> None:
    assert fork(peer, "0") == 7


def test_a_fork_beside_a_call_in_flight_gives_an_error_and_no_hang(peer: Peer) -> None:
    slow = threading.Event()
    done = threading.Event()

    def get(request: Any, context: grpc.ServicerContext) -> GetKeyResponse:
        if request.key == "slow":
            slow.set()
            done.wait(5)
        else:
            slow.wait(5)
        return GetKeyResponse()

    def put(request: Any, context: grpc.ServicerContext) -> PutKeyResponse:
        if slow.is_set():  # the parent's second: the child has ended
            done.set()
        return PutKeyResponse()

    peer.on["GetKey"] = get
    peer.on["PutKey"] = put
    assert fork(peer, "1", "busy") == 7


def test_imports_are_cheap_and_leave_numpy_alone() -> None:
    program = (
        "import sys, time; b = time.process_time(); import memgrid, primatomic; "
        "print(time.process_time() - b, 'numpy' in sys.modules)"
    )
    runs = [subprocess.check_output([sys.executable, "-c", program], text=True).split() for _ in range(3)]
    assert min(float(seconds) for seconds, _ in runs) <= 0.3
    assert {numpy for _, numpy in runs} == {"False"}


def test_threads_may_share_a_client(peer: Peer, client: memgrid.Client) -> None:
    threads = [threading.Thread(target=client.put_key, args=("n", f"k{n}", b"v")) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(peer.requests("PutKey")) == 50
