"""A write that is sent again is answered again, and not done again."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

import memgrid
from memgrid.v1 import key_value_pb2 as kv
from memgrid.v1 import memory_pb2 as mem
from support import Raw, write_config

SMALL = """
[store.default]
filesize = "64M"
file = ["{folder}/default.0"]
"""


def put(
    namespace: str, value: bytes, sequence: int, client_id: str = "a client"
) -> kv.PutKeyRequest:
    return kv.PutKeyRequest(
        namespace=namespace, key="k", value=value, client_id=client_id, sequence=sequence
    )


def test_the_last_answer_is_given_again(raw: Raw, client: memgrid.Client, namespace: str) -> None:
    first = raw(put(namespace, b"1", 1))
    assert raw(put(namespace, b"another", 1)) == first
    assert client.get(namespace, "k") == (b"1", first.version)
    second = raw(put(namespace, b"2", 2))
    assert second.version > first.version
    assert raw(put(namespace, b"2", 2)) == second


def test_an_older_sequence_is_refused(raw: Raw, client: memgrid.Client, namespace: str) -> None:
    raw(put(namespace, b"7", 7))
    code, text = raw.status(put(namespace, b"6", 6))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "sequence" in text
    assert client.get_key(namespace, "k") == b"7"


def test_two_clients_do_not_meet(raw: Raw, client: memgrid.Client, namespace: str) -> None:
    raw(put(namespace, b"7", 7))
    raw(put(namespace, b"1", 1, client_id="another"))
    assert client.get_key(namespace, "k") == b"1"


def test_without_an_identity_everything_is_done(raw: Raw, namespace: str) -> None:
    versions = {
        raw(kv.PutKeyRequest(namespace=namespace, key="k", value=b"v")).version for _ in range(3)
    }
    assert len(versions) == 3


def test_every_kind_of_write_is_protected(raw: Raw, client: memgrid.Client, namespace: str) -> None:
    client.put_key(namespace, "old", b"old")
    writes = [
        kv.CompareAndSwapRequest(namespace=namespace, key="old", expected=b"old", newValue=b"new"),
        kv.CompareAndSwapRequest(
            namespace=namespace, key="old", expected=b"old", newValue=b"newer"
        ),
        kv.DeleteKeyRequest(namespace=namespace, key="old"),
        mem.AllocateMemoryRequest(namespace=namespace, key="r", size_bytes=100),
        mem.WriteMemoryRequest(namespace=namespace, key="r", offset=90, data=b"0123456789ab"),
        mem.CompareAndSwapMemoryRequest(
            namespace=namespace, key="r", offset=0, expected=b"\0", new_value=b"x"
        ),
        mem.ResizeMemoryRequest(namespace=namespace, key="r", new_size=50),
        mem.FreeMemoryRequest(namespace=namespace, key="r"),
    ]
    for sequence, request in enumerate(writes, 1):
        request.client_id, request.sequence = "every kind", sequence
        answer = raw(request)
        assert raw(request) == answer, request
    assert client.list_memory_regions(namespace) == client.list_keys(namespace) == []


def test_a_refusal_is_an_answer_too(raw: Raw, client: memgrid.Client, namespace: str) -> None:
    request = mem.ResizeMemoryRequest(
        namespace=namespace, key="r", new_size=9, client_id="retry", sequence=1
    )
    assert raw.status(request)[0] is grpc.StatusCode.NOT_FOUND
    client.allocate_memory(namespace, "r", 1)
    assert raw.status(request)[0] is grpc.StatusCode.NOT_FOUND
    request.sequence = 2
    assert raw(request).size_bytes == 9


@pytest.mark.parametrize("store", ["shadow", "device"])
def test_answers_survive_the_server(tmp_path: Path, store: memgrid.local_server.Store) -> None:
    arguments = write_config(tmp_path, SMALL.format(folder=tmp_path))
    with memgrid.LocalServer(store, data_dir=tmp_path / "data", args=arguments) as server:
        raw = Raw(server.address)
        raw(kv.CreateNamespaceRequest(namespace="n"))
        first = raw(put("n", b"1", 5))
        swap = kv.CompareAndSwapRequest(
            namespace="n", key="k", expected=b"1", newValue=b"2", client_id="swapper", sequence=1
        )
        swapped = raw(swap)
        assert swapped.swapped
        if store == "shadow":
            server.stop()
        else:
            server.kill()
        server.start()
        again = Raw(server.address)
        assert again(put("n", b"x", 5)) == first
        assert again(swap) == swapped
        assert again.status(put("n", b"x", 4))[0] is grpc.StatusCode.FAILED_PRECONDITION
        assert again(kv.GetKeyRequest(namespace="n", key="k")).value == b"2"


def test_the_sdk_writes_through_a_crash_exactly_once(tmp_path: Path) -> None:
    """Each write adds one to a counter by compare-and-swap; one done twice, or lost, would show."""
    arguments = write_config(tmp_path, SMALL.format(folder=tmp_path))
    with (
        memgrid.LocalServer("device", data_dir=tmp_path / "data", args=arguments) as server,
        memgrid.Client(server.address) as client,
    ):
        client.create_namespace("n")
        client.put_key("n", "counter", b"0")
        for number in range(60):
            if number in (20, 40):
                server.kill()
                server.start()
            value = client.get_key("n", "counter")
            assert value == str(number).encode()
            assert client.compare_and_swap("n", "counter", value, str(number + 1).encode())
