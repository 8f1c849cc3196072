"""Streams go on where they broke, tell their progress, and hand on what the caller's own iterator raises."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from peer import Peer, refuse

import memgrid
from memgrid.v1.memory_pb2 import DescribeMemoryResponse, ReadMemoryResponse, WriteMemoryResponse

CONTENT = bytes(range(256)) * 40


def serve_content(request: Any, context: grpc.ServicerContext) -> Iterator[ReadMemoryResponse]:
    for at in range(request.offset, request.offset + request.length, 1000):
        end = min(at + 1000, request.offset + request.length)
        yield ReadMemoryResponse(data=CONTENT[at:end], offset=at)


def take_content(messages: Iterator[Any], context: grpc.ServicerContext) -> WriteMemoryResponse:
    return WriteMemoryResponse(written_bytes=sum(len(message.data) for message in messages))


@pytest.fixture(autouse=True)
def _content(peer: Peer) -> None:
    peer.on["StreamReadMemory"] = serve_content
    peer.on["StreamWriteMemory"] = take_content
    peer.on["DescribeMemory"] = lambda request, context: DescribeMemoryResponse(size=len(CONTENT))


def test_a_read_goes_to_the_end_and_tells_its_progress(client: memgrid.Client) -> None:
    told: list[tuple[int, int | None]] = []
    chunks = client.stream_read_memory("n", "r", progress=lambda done, total: told.append((done, total)))
    assert b"".join(chunks) == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_a_read_that_breaks_goes_on_where_it_was(peer: Peer, client: memgrid.Client) -> None:
    def breaking(request: Any, context: grpc.ServicerContext) -> Iterator[ReadMemoryResponse]:
        for sent, message in enumerate(serve_content(request, context)):
            if sent == 3:
                refuse(context, grpc.StatusCode.UNAVAILABLE, "drained")
            yield message

    peer.on["StreamReadMemory"] = breaking
    assert b"".join(client.stream_read_memory("n", "r", 100, 7000)) == CONTENT[100:7100]
    assert [request.offset for request in peer.requests("StreamReadMemory")] == [100, 3100, 6100]


def test_a_read_that_ends_early_is_an_error(peer: Peer, client: memgrid.Client) -> None:
    peer.on["StreamReadMemory"] = lambda request, context: iter([ReadMemoryResponse(data=b"abc")])
    with pytest.raises(memgrid.errors.Internal, match="3 bytes came, 10 were asked for"):
        list(client.stream_read_memory("n", "r", 0, 10))


def test_a_read_may_be_left(peer: Peer, client: memgrid.Client) -> None:
    chunks = client.stream_read_memory("n", "r")
    assert next(chunks) == CONTENT[:1000]
    chunks.close()  # type: ignore[attr-defined]
    client.get("n", "k")


@pytest.mark.parametrize("timeout_ms", [None, 5000])
def test_a_write_names_its_region_once(peer: Peer, client: memgrid.Client, timeout_ms: int | None) -> None:
    told: list[int] = []
    written = client.stream_write_memory(
        "n", "r", 5, [b"ab", bytearray(b"c"), b""], progress=lambda done, _: told.append(done), timeout_ms=timeout_ms
    )
    first, second, third = peer.requests("StreamWriteMemory")
    assert written == 3
    assert (first.namespace, first.key, first.offset, first.data) == ("n", "r", 5, b"ab")
    assert (second.key, second.HasField("offset"), second.data) == ("", False, b"c")
    assert third.data == b""
    assert told == [2, 3, 3]


def test_a_write_takes_buffers_and_files_in_parts(peer: Peer, client: memgrid.Client) -> None:
    large = bytes(2_500_000)
    assert client.stream_write_memory("n", "r", 0, large) == len(large)
    assert client.stream_write_memory("n", "r", 0, io.BytesIO(large)) == len(large)
    sizes = [len(request.data) for request in peer.requests("StreamWriteMemory")]
    assert sizes == [1 << 20, 1 << 20, 402_848] * 2


def test_a_write_of_nothing_still_asks_the_server(peer: Peer, client: memgrid.Client) -> None:
    assert client.stream_write_memory("n", "r", 0, []) == 0
    assert [request.key for request in peer.requests("StreamWriteMemory")] == ["r"]


@pytest.mark.parametrize("data", ["text", 5, None])
def test_what_cannot_be_written_is_named(client: memgrid.Client, data: Any) -> None:
    with pytest.raises(TypeError, match="data: a buffer"):
        client.stream_write_memory("n", "r", 0, data)


def test_what_the_callers_iterator_raises_comes_back(client: memgrid.Client) -> None:
    def broken() -> Iterator[bytes]:
        yield b"ab"
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        client.stream_write_memory("n", "r", 0, broken())


def test_a_refused_write_is_told(peer: Peer, client: memgrid.Client) -> None:
    peer.on["StreamWriteMemory"] = lambda messages, context: refuse(context, grpc.StatusCode.OUT_OF_RANGE, "too far")
    with pytest.raises(memgrid.errors.OutOfRange, match="too far"):
        client.stream_write_memory("n", "r", 0, (bytes(1000) for _ in range(10_000)))


def test_the_asynchronous_client_streams_too(peer: Peer) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    async def main() -> None:
        async with memgrid.AsyncClient(peer.address) as client:
            got = [chunk async for chunk in client.stream_read_memory("n", "r", 10, 2500)]
            assert b"".join(got) == CONTENT[10:2510]
            assert await client.stream_write_memory("n", "r", 0, chunks()) == 3
            assert await client.stream_write_memory("n", "r", 0, memoryview(CONTENT)) == len(CONTENT)
            peer.on["StreamWriteMemory"] = lambda messages, context: refuse(context, grpc.StatusCode.NOT_FOUND, "gone")
            with pytest.raises(memgrid.errors.NotFound, match="gone"):
                await client.stream_write_memory("n", "r", 0, (bytes(1000) for _ in range(10_000)))

    asyncio.run(main())
