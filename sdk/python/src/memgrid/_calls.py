"""The calls as methods, in four groups that the clients are put together from.

Every line turns one plan of `_keys.py` or `_regions.py` into a method of the same name, arguments and documentation.
Only a stream that goes out is written twice: a blocking one is pulled by gRPC, an asynchronous one is pushed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import grpc

from memgrid import _keys as keys
from memgrid import _methods as methods
from memgrid import _regions as regions
from memgrid._awaitable import AwaitableCore, awaitable, awaitable_stream, raise_if_not_ours
from memgrid._blocking import BlockingCore, blocking, blocking_stream
from memgrid._buffers import EMPTY
from memgrid._regions import Progress, Readable, StreamWriter
from memgrid._session import Retries

if TYPE_CHECKING:
    from memgrid._buffers import BytesLike


class BlockingKeys(BlockingCore):
    """Namespaces and keys."""

    create_namespace = blocking(keys.create_namespace)
    list_namespaces = blocking(keys.list_namespaces)
    store_status = blocking(keys.store_status)
    put_key = blocking(keys.put_key)
    get = blocking(keys.get)
    get_key = blocking(keys.get_key)
    delete_key = blocking(keys.delete_key)
    list_keys = blocking(keys.list_keys)
    compare_and_swap = blocking(keys.compare_and_swap)


class AwaitableKeys(AwaitableCore):
    """Namespaces and keys."""

    create_namespace = awaitable(keys.create_namespace)
    list_namespaces = awaitable(keys.list_namespaces)
    store_status = awaitable(keys.store_status)
    put_key = awaitable(keys.put_key)
    get = awaitable(keys.get)
    get_key = awaitable(keys.get_key)
    delete_key = awaitable(keys.delete_key)
    list_keys = awaitable(keys.list_keys)
    compare_and_swap = awaitable(keys.compare_and_swap)


class BlockingMemory(BlockingCore):
    """Memory regions."""

    allocate_memory = blocking(regions.allocate_memory)
    write_memory = blocking(regions.write_memory)
    read_memory = blocking(regions.read_memory)
    read_into = blocking(regions.read_into)
    resize_memory = blocking(regions.resize_memory)
    free_memory = blocking(regions.free_memory)
    describe_memory = blocking(regions.describe_memory)
    list_memory_regions = blocking(regions.list_memory_regions)
    compare_and_swap_memory = blocking(regions.compare_and_swap_memory)
    stream_read_memory = blocking_stream(regions.stream_read_memory)

    def stream_write_memory(
        self,
        namespace: str,
        name: str,
        offset: int = 0,
        data: BytesLike | Readable | Iterable[BytesLike] | None = None,
        *,
        progress: Progress | None = None,
        timeout_ms: int | None = None,
    ) -> int:
        """Writes a buffer, a binary file, or the items of an iterable one behind the other. Returns the bytes written.

        Each item of an iterable (16 MiB at most, else it is cut) is one atomic write; a buffer or file goes in parts of
        1 MiB. A stream that has begun is never tried again: if it fails, a part of it may have been written.
        `data` and `progress` are called on a thread of gRPC's.
        """
        pieces, total = regions.pieces_of(data)
        # Waits for a server that starts, and refuses a wrong name, before anything is consumed.
        self.describe_memory(namespace, name, timeout_ms=timeout_ms)
        connection = self._connected()
        deadline = regions.stream_deadline(connection.session, total, timeout_ms)
        writer = StreamWriter(namespace, name, offset, total, timeout_ms, progress)
        failed: list[Exception] = []

        def messages() -> Iterator[bytes]:
            try:
                yield writer.message(next(pieces, EMPTY))
                for piece in pieces:
                    yield writer.message(piece)
            except Exception as error:
                failed.append(error)
                raise

        try:
            answer = connection.send_stream(methods.STREAM_WRITE_MEMORY, messages(), deadline.left_s())
        except grpc.RpcError as failure:
            if failed:
                raise failed[0] from None
            raise Retries(methods.STREAM_WRITE_MEMORY, deadline).error(failure) from None
        return methods.STREAM_WRITE_MEMORY.parse(answer).written_bytes


class AwaitableMemory(AwaitableCore):
    """Memory regions."""

    allocate_memory = awaitable(regions.allocate_memory)
    write_memory = awaitable(regions.write_memory)
    read_memory = awaitable(regions.read_memory)
    read_into = awaitable(regions.read_into)
    resize_memory = awaitable(regions.resize_memory)
    free_memory = awaitable(regions.free_memory)
    describe_memory = awaitable(regions.describe_memory)
    list_memory_regions = awaitable(regions.list_memory_regions)
    compare_and_swap_memory = awaitable(regions.compare_and_swap_memory)
    stream_read_memory = awaitable_stream(regions.stream_read_memory)

    async def stream_write_memory(
        self,
        namespace: str,
        name: str,
        offset: int = 0,
        data: BytesLike | Readable | Iterable[BytesLike] | AsyncIterable[BytesLike] | None = None,
        *,
        progress: Progress | None = None,
        timeout_ms: int | None = None,
    ) -> int:
        """Writes a buffer, a binary file, or the items of an iterable one behind the other. Returns the bytes written.

        Each item of an iterable (16 MiB at most, else it is cut) is one atomic write; a buffer or file goes in parts of
        1 MiB. A stream that has begun is never tried again: if it fails, a part of it may have been written.
        """
        pieces, total = _async_pieces_of(data)
        await self.describe_memory(namespace, name, timeout_ms=timeout_ms)
        connection = self._async_connected()
        deadline = regions.stream_deadline(connection.session, total, timeout_ms)
        writer = StreamWriter(namespace, name, offset, total, timeout_ms, progress)
        call = connection.open_write(methods.STREAM_WRITE_MEMORY, deadline.left_s())
        try:
            await call.write(writer.message(await anext(pieces, EMPTY)))
            async for piece in pieces:
                await call.write(writer.message(piece))
            await call.done_writing()
            answer: bytes = await call
        except (grpc.RpcError, asyncio.InvalidStateError) as failure:
            raise Retries(methods.STREAM_WRITE_MEMORY, deadline).error(await _status(call, failure)) from None
        except asyncio.CancelledError:
            raise_if_not_ours()
            raise
        finally:
            call.cancel()
        return methods.STREAM_WRITE_MEMORY.parse(answer).written_bytes


async def _status(call: Any, failure: Exception) -> Any:
    """The status that ended the call; a write that came too late for it only says that it failed."""
    try:
        await call
    except grpc.RpcError as status:
        return status
    raise failure


def _async_pieces_of(
    data: BytesLike | Readable | Iterable[BytesLike] | AsyncIterable[BytesLike] | None,
) -> tuple[AsyncIterator[memoryview], int | None]:
    if isinstance(data, AsyncIterable):
        return _parts(data), None
    pieces, total = regions.pieces_of(data)
    return _one_by_one(pieces), total


async def _parts(data: AsyncIterable[BytesLike]) -> AsyncIterator[memoryview]:
    async for chunk in data:
        for part in regions.parts_of(chunk):
            yield part


async def _one_by_one(pieces: Iterator[memoryview]) -> AsyncIterator[memoryview]:
    for piece in pieces:
        yield piece
