"""What must be refused: with its code, with a text that names the argument and the limit, and with nothing left behind."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

import memgrid
from memgrid import errors
from memgrid.v1 import key_value_pb2 as kv
from memgrid.v1 import memory_pb2 as mem
from support import MiB, Raw, string_field

INVALID = grpc.StatusCode.INVALID_ARGUMENT
RANGE = grpc.StatusCode.OUT_OF_RANGE
MISSING = grpc.StatusCode.NOT_FOUND

KEYED = [
    kv.GetKeyRequest, kv.PutKeyRequest, kv.DeleteKeyRequest, kv.CompareAndSwapRequest,
    mem.AllocateMemoryRequest, mem.WriteMemoryRequest, mem.ReadMemoryRequest, mem.ResizeMemoryRequest,
    mem.FreeMemoryRequest, mem.DescribeMemoryRequest, mem.CompareAndSwapMemoryRequest,
]  # fmt: skip
BAD_NAMES = {"empty": "", "long": "k" * 1025, "long in bytes": "é" * 513, "NUL": "a\0b"}


def name_of(value: Any) -> str:
    return (
        value.DESCRIPTOR.name.removesuffix("Request")
        if hasattr(value, "DESCRIPTOR")
        else str(value)
    )


@pytest.mark.parametrize("key", BAD_NAMES.values(), ids=BAD_NAMES)
@pytest.mark.parametrize("request_class", KEYED, ids=name_of)
def test_names_that_cannot_be(raw: Raw, namespace: str, request_class: Any, key: str) -> None:
    code, text = raw.status(request_class(namespace=namespace, key=key))
    assert code is INVALID
    assert "key" in text
    assert "1024" in text or "NUL" in text


@pytest.mark.parametrize(
    "method", ["KeyValueService/GetKey", "KeyValueService/PutKey", "MemoryService/AllocateMemory"]
)
def test_names_that_are_not_utf8(raw: Raw, namespace: str, method: str) -> None:
    payload = string_field(1, b"a\xff") + string_field(2, namespace.encode())
    with pytest.raises(grpc.RpcError) as caught:
        raw.bytes(f"/memgrid.v1.{method}", payload)
    assert caught.value.code() is INVALID
    assert "key" in caught.value.details()
    assert "UTF-8" in caught.value.details()


@pytest.mark.parametrize("name", ["", "n" * 129, "a b", "a/b", "ä", "a\0"])
def test_namespaces_that_cannot_be(raw: Raw, name: str) -> None:
    code, text = raw.status(kv.CreateNamespaceRequest(namespace=name))
    assert code is INVALID
    assert "namespace" in text
    assert "128" in text or "A-Z a-z 0-9 . _ -" in text


def test_namespaces_at_the_limit(client: memgrid.Client) -> None:
    name = "n" * 124 + "-._0"
    client.create_namespace(name)
    assert name in client.list_namespaces()


@pytest.mark.parametrize(
    "request_class", [*KEYED, kv.ListKeysRequest, mem.ListMemoryRegionsRequest], ids=name_of
)
def test_unknown_namespaces(raw: Raw, request_class: Any) -> None:
    request = request_class(namespace="nowhere")
    if request_class in KEYED:
        request.key = "k"
    code, text = raw.status(request)
    assert code is MISSING
    assert 'namespace "nowhere"' in text


@pytest.mark.parametrize(
    "request_class",
    [mem.WriteMemoryRequest, mem.ReadMemoryRequest, mem.ResizeMemoryRequest, mem.FreeMemoryRequest,
     mem.DescribeMemoryRequest, mem.CompareAndSwapMemoryRequest],
    ids=name_of,
)  # fmt: skip
def test_unknown_regions(raw: Raw, namespace: str, request_class: Any) -> None:
    code, text = raw.status(request_class(namespace=namespace, key="none"))
    assert code is MISSING
    assert "none" in text


def test_a_missing_key(raw: Raw, namespace: str) -> None:
    code, text = raw.status(kv.GetKeyRequest(namespace=namespace, key="none"))
    assert code is MISSING
    assert "none" in text


@pytest.mark.parametrize(
    "request_class", [kv.ListKeysRequest, mem.ListMemoryRegionsRequest], ids=["keys", "regions"]
)
def test_prefixes_that_cannot_be(raw: Raw, namespace: str, request_class: Any) -> None:
    code, text = raw.status(request_class(namespace=namespace, prefix="p" * 1025))
    assert (code, "prefix" in text, "1024" in text) == (INVALID, True, True)


class TestSizes:
    def test_a_value_over_16_mebibytes(self, client: memgrid.Client, namespace: str) -> None:
        with pytest.raises(errors.InvalidArgument, match=r"value.*16"):
            client.put_key(namespace, "k", bytes(16 * MiB + 1))
        with pytest.raises(errors.InvalidArgument, match="16"):
            client.compare_and_swap(
                namespace, "k", new_value=bytes(16 * MiB + 1), expect_absent=True
            )
        assert client.list_keys(namespace) == []

    @pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
    def test_a_message_over_20_mebibytes_leaves_the_connection(
        self, raw: Raw, namespace: str, compression: grpc.Compression
    ) -> None:
        request = kv.PutKeyRequest(namespace=namespace, key="k", value=bytes(21 * MiB))
        code, text = raw.status(request, compression=compression)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "20" in text
        assert raw.status(kv.GetKeyRequest(namespace=namespace, key="k"))[0] is MISSING

    def test_a_read_over_16_mebibytes(self, client: memgrid.Client, namespace: str) -> None:
        client.allocate_memory(namespace, "r", 64 * MiB)
        assert len(client.read_memory(namespace, "r", 0, 16 * MiB)) == 16 * MiB
        with pytest.raises(errors.InvalidArgument, match=r"length.*16"):
            client.read_memory(namespace, "r", 0, 16 * MiB + 1)

    def test_times_to_live_from_2_to_the_63(self, client: memgrid.Client, namespace: str) -> None:
        for ttl_ms in (2**63, 2**64 - 1):
            with pytest.raises(errors.InvalidArgument, match="ttl_ms"):
                client.put_key(namespace, "k", b"", ttl_ms=ttl_ms)
            with pytest.raises(errors.InvalidArgument, match="ttl_ms"):
                client.compare_and_swap(
                    namespace, "k", new_value=b"", expect_absent=True, ttl_ms=ttl_ms
                )

    def test_client_ids_over_64_bytes(self, raw: Raw, namespace: str) -> None:
        request = kv.PutKeyRequest(namespace=namespace, key="k", client_id="c" * 65, sequence=1)
        code, text = raw.status(request)
        assert (code, "client_id" in text, "64" in text) == (INVALID, True, True)


class TestRanges:
    @pytest.fixture(autouse=True)
    def _region(self, client: memgrid.Client, namespace: str) -> None:
        client.allocate_memory(namespace, "r", 100)
        client.write_memory(namespace, "r", 0, b"abc")

    @pytest.mark.parametrize(
        ("offset", "length"),
        [
            (0, 101),
            (100, 1),
            (101, 0),
            (50, 51),
            (2**64 - 1, 1),
            (2**64 - 1, 2**64 - 1),
            (1, 2**64 - 1),
        ],
    )
    def test_reads_past_the_size(self, raw: Raw, namespace: str, offset: int, length: int) -> None:
        request = mem.ReadMemoryRequest(namespace=namespace, key="r", offset=offset, length=length)
        code, text = raw.status(request)
        assert code in (RANGE, INVALID) if length > 16 * MiB else code is RANGE
        assert "offset" in text or "length" in text

    @pytest.mark.parametrize("offset", [2**64 - 1, 2**64 - 2, 2**63, 2**62])
    def test_writes_past_what_can_be(
        self, client: memgrid.Client, namespace: str, offset: int
    ) -> None:
        with pytest.raises(errors.OutOfRange, match="offset"):
            client.write_memory(namespace, "r", offset, b"xy")
        assert client.describe_memory(namespace, "r")[:2] == (100, 3)

    def test_nothing_at_the_end_is_fine(self, client: memgrid.Client, namespace: str) -> None:
        assert client.read_memory(namespace, "r", 100, 0) == b""
        assert client.write_memory(namespace, "r", 100, b"") == 0
        assert client.describe_memory(namespace, "r")[:2] == (100, 3)

    @pytest.mark.parametrize("size", [2**62 + 1, 2**63, 2**64 - 1])
    def test_sizes_past_what_can_be(
        self, client: memgrid.Client, namespace: str, size: int
    ) -> None:
        for call in (client.resize_memory, client.allocate_memory):
            name = "r" if call == client.resize_memory else "other"
            with pytest.raises((errors.OutOfRange, errors.InvalidArgument), match="size"):
                call(namespace, name, size)
        assert client.list_memory_regions(namespace) == ["r"]

    def test_swaps_of_unequal_or_too_many_bytes(
        self, client: memgrid.Client, namespace: str
    ) -> None:
        with pytest.raises(errors.InvalidArgument, match=r"expected|new_value"):
            client.compare_and_swap_memory(namespace, "r", 0, b"abc", b"ab")
        client.resize_memory(namespace, "r", MiB)
        with pytest.raises(errors.InvalidArgument, match=r"64|65536"):
            client.compare_and_swap_memory(namespace, "r", 0, bytes(65537), bytes(65537))

    @pytest.mark.parametrize("offset", [98, 100, 2**64 - 1])
    def test_swaps_never_grow(self, client: memgrid.Client, namespace: str, offset: int) -> None:
        with pytest.raises(errors.OutOfRange):
            client.compare_and_swap_memory(namespace, "r", offset, b"\0\0\0", b"xyz")
        assert client.describe_memory(namespace, "r").size == 100

    def test_streams_past_the_size(self, client: memgrid.Client, namespace: str) -> None:
        for offset, length in ((0, 101), (101, 0), (2**64 - 1, 2)):
            with pytest.raises(errors.OutOfRange):
                list(client.stream_read_memory(namespace, "r", offset, length))


def test_a_name_that_is_taken(client: memgrid.Client, namespace: str) -> None:
    client.allocate_memory(namespace, "r", 10)
    with pytest.raises(errors.AlreadyExists, match="r"):
        client.allocate_memory(namespace, "r", 20)
    assert client.describe_memory(namespace, "r").size == 10
