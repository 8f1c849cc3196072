"""Calls on memory regions. Each is a plan (`_session.py`); the clients' methods are made from these."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol, cast, runtime_checkable

import grpc

from memgrid import _methods as methods
from memgrid import _wire
from memgrid._buffers import flat_view, writable_view
from memgrid._keys import follow_pages
from memgrid._retry import Deadline
from memgrid._session import Effect, Emit, Next, Open, Pause, Plan, Retries, Session, emitted_to
from memgrid._wire import make
from memgrid.errors import Internal, OutOfRange
from memgrid.types import Consistency, RegionId, RegionInfo
from memgrid.v1 import memory_pb2

if TYPE_CHECKING:
    from memgrid._buffers import BytesLike

#: Called with the bytes done so far and the bytes in all (None where nobody knows).
Progress = Callable[[int, int | None], None]


@runtime_checkable
class Readable(Protocol):
    """A binary file."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


#: The most that one read, or one message of a stream, may carry.
MAX_TRANSFER: Final = 16 << 20
#: What a part of a larger transfer carries.
PART: Final = 1 << 20
#: A stream's default deadline grows with its length as if it were at least so fast.
_SLOWEST_STREAM: Final = 1 << 20
_A_DAY_S: Final = 86_400.0

_WRITE_DATA: Final = memory_pb2.WriteMemoryRequest.DATA_FIELD_NUMBER
_READ_DATA: Final = memory_pb2.ReadMemoryResponse.DATA_FIELD_NUMBER
_STREAM_DATA: Final = memory_pb2.StreamWriteMemoryRequest.DATA_FIELD_NUMBER


def allocate_memory(
    session: Session, namespace: str, name: str, size: int, *, timeout_ms: int | None = None
) -> Plan[RegionId]:
    """Creates a region of `size` zeros, of which none costs anything until it is written.

    AlreadyExists if the name is taken.
    """
    request = make(memory_pb2.AllocateMemoryRequest, key=name, namespace=namespace, size_bytes=size)
    answer = yield from session.call(methods.ALLOCATE_MEMORY, request, timeout_ms)
    return RegionId(name, namespace, answer.size_bytes, answer.version)


def write_memory(
    session: Session, namespace: str, name: str, offset: int, data: BytesLike, *, timeout_ms: int | None = None
) -> Plan[int]:
    """Writes `data` at `offset` as one: readers see all of it or nothing. Returns its length.

    A region that ends before offset + length grows.
    """
    view = flat_view(data, "data")
    request = make(memory_pb2.WriteMemoryRequest, key=name, namespace=namespace, offset=offset, timeout_ms=timeout_ms)
    answer = yield from session.call_with_bytes(methods.WRITE_MEMORY, request, _WRITE_DATA, view, timeout_ms)
    return answer.written_bytes


def read_memory(
    session: Session,
    namespace: str,
    name: str,
    offset: int,
    length: int,
    *,
    consistency: Consistency = Consistency.LINEARIZABLE,
    min_version: int = 0,
    timeout_ms: int | None = None,
) -> Plan[bytes]:
    """`length` bytes (16 MiB at most) at `offset`, from one state of the region. OutOfRange past its size."""
    request = make(
        memory_pb2.ReadMemoryRequest,
        key=name,
        namespace=namespace,
        offset=offset,
        length=length,
        timeout_ms=timeout_ms,
        consistency=consistency,
        min_version=min_version,
    )
    answer = yield from session.call(methods.READ_MEMORY, request, timeout_ms)
    return answer.data


def read_into(
    session: Session,
    namespace: str,
    name: str,
    buffer: BytesLike,
    offset: int = 0,
    *,
    consistency: Consistency = Consistency.LINEARIZABLE,
    min_version: int = 0,
    timeout_ms: int | None = None,
) -> Plan[int]:
    """Fills a writable buffer (bytearray, memoryview, array) from `offset` on, and returns its length.

    Up to 16 MiB come from one state of the region. More come as a stream, whose chunks are each from one state; see
    `stream_read_memory`.
    """
    view = writable_view(buffer, "buffer")
    fields: dict[str, Any] = {
        "key": name,
        "namespace": namespace,
        "offset": offset,
        "length": len(view),
        "timeout_ms": timeout_ms,
        "consistency": consistency,
        "min_version": min_version,
    }
    if len(view) <= MAX_TRANSFER:
        request = make(memory_pb2.ReadMemoryRequest, **fields)
        raw = yield from session.call_raw(methods.READ_MEMORY, request, 0, None, timeout_ms)
        view[:] = _data_of(raw, len(view))
        return len(view)
    done = 0

    def take(chunk: bytes) -> None:
        nonlocal done
        view[done : done + len(chunk)] = chunk
        done += len(chunk)

    deadline = stream_deadline(session, len(view), timeout_ms)
    parts = _read_parts_of_stream(make(memory_pb2.StreamReadMemoryRequest, **fields), deadline, None)
    yield from emitted_to(take, parts)
    return done


def _data_of(raw: bytes, length: int) -> memoryview:
    try:
        data = _wire.cut_bytes(raw, _READ_DATA)
    except ValueError as error:
        raise Internal(f"ReadMemory: the answer cannot be read: {error}") from error
    if len(data) != length:
        raise Internal(f"ReadMemory: {len(data)} bytes came, {length} were asked for")
    return data


def resize_memory(
    session: Session, namespace: str, name: str, new_size: int, *, timeout_ms: int | None = None
) -> Plan[int]:
    """Changes the size and returns it. Shrinking discards what lies behind; growing again reads it as zeros."""
    request = make(
        memory_pb2.ResizeMemoryRequest, key=name, namespace=namespace, new_size=new_size, timeout_ms=timeout_ms
    )
    answer = yield from session.call(methods.RESIZE_MEMORY, request, timeout_ms)
    return answer.size_bytes


def free_memory(session: Session, namespace: str, name: str, *, timeout_ms: int | None = None) -> Plan[None]:
    """Removes the region. NotFound if there is none."""
    request = make(memory_pb2.FreeMemoryRequest, key=name, namespace=namespace, timeout_ms=timeout_ms)
    yield from session.call(methods.FREE_MEMORY, request, timeout_ms)


def describe_memory(
    session: Session,
    namespace: str,
    name: str,
    *,
    consistency: Consistency = Consistency.LINEARIZABLE,
    min_version: int = 0,
    timeout_ms: int | None = None,
) -> Plan[RegionInfo]:
    """Size, end of what was written, and version."""
    request = make(
        memory_pb2.DescribeMemoryRequest,
        key=name,
        namespace=namespace,
        timeout_ms=timeout_ms,
        consistency=consistency,
        min_version=min_version,
    )
    answer = yield from session.call(methods.DESCRIBE_MEMORY, request, timeout_ms)
    return RegionInfo(answer.size, answer.data_length, answer.version)


def list_memory_regions(
    session: Session,
    namespace: str,
    prefix: str = "",
    limit: int | None = None,
    *,
    consistency: Consistency = Consistency.LINEARIZABLE,
    min_version: int = 0,
    timeout_ms: int | None = None,
) -> Plan[list[str]]:
    """The names of the regions that begin with `prefix`, in byte order: all of them, or the first `limit`."""
    request = make(
        memory_pb2.ListMemoryRegionsRequest,
        prefix=prefix,
        namespace=namespace,
        consistency=consistency,
        min_version=min_version,
    )
    return (yield from follow_pages(session, methods.LIST_MEMORY_REGIONS, request, limit, timeout_ms))


def compare_and_swap_memory(
    session: Session,
    namespace: str,
    name: str,
    offset: int,
    expected: BytesLike,
    new_value: BytesLike,
    *,
    timeout_ms: int | None = None,
) -> Plan[bool]:
    """Writes `new_value` at `offset` if the bytes there are `expected` (equally long, 64 KiB at most), in one step.

    False, and nothing done, if they are not. Never grows the region.
    """
    request = make(
        memory_pb2.CompareAndSwapMemoryRequest,
        key=name,
        namespace=namespace,
        offset=offset,
        timeout_ms=timeout_ms,
        expected=bytes(flat_view(expected, "expected")),
        new_value=bytes(flat_view(new_value, "new_value")),
    )
    answer = yield from session.call(methods.COMPARE_AND_SWAP_MEMORY, request, timeout_ms)
    return answer.swapped


def stream_read_memory(
    session: Session,
    namespace: str,
    name: str,
    offset: int = 0,
    length: int | None = None,
    *,
    progress: Progress | None = None,
    consistency: Consistency = Consistency.LINEARIZABLE,
    min_version: int = 0,
    timeout_ms: int | None = None,
) -> Generator[Effect, Any, None]:
    """Chunks of at most 1 MiB, in order, `length` bytes in all (without it: to the end of the region).

    Each chunk is from one state of the region. `timeout_ms` bounds the whole stream, the time between chunks in which
    the caller is busy included; without it the time grows with the length. A connection that breaks is replaced, and
    the stream goes on where it was.
    """
    if length is None:
        info = yield from describe_memory(session, namespace, name, timeout_ms=timeout_ms)
        if offset > info.size:
            raise OutOfRange(f'offset: {offset} is past the size {info.size} of region "{name}"')
        length = info.size - offset
    request = make(
        memory_pb2.StreamReadMemoryRequest,
        key=name,
        namespace=namespace,
        offset=offset,
        length=length,
        timeout_ms=timeout_ms,
        consistency=consistency,
        min_version=min_version,
    )
    deadline = stream_deadline(session, length, timeout_ms)
    yield from _read_parts_of_stream(request, deadline, progress)


def _read_parts_of_stream(
    request: memory_pb2.StreamReadMemoryRequest, deadline: Deadline, progress: Progress | None
) -> Generator[Effect, Any, None]:
    """Emits the range of `request`; one stream after the other if they break."""
    method = methods.STREAM_READ_MEMORY
    retries = Retries(method, deadline)
    start, length = request.offset, request.length
    done = 0
    while True:
        request.offset, request.length = start + done, length - done
        stream = yield Open(method, request.SerializeToString(), deadline.left_s())
        try:
            while (raw := (yield Next(stream))) is not None:
                retries.progress()
                data = method.parse(raw).data
                done += len(data)
                if progress is not None:
                    progress(done, length)
                yield Emit(data)
            if done != length:
                raise Internal(f"{method.name}: {done} bytes came, {length} were asked for")
            return
        except grpc.RpcError as failure:
            pause_s = retries.pause_or_raise(failure)
        finally:
            stream.cancel()
        yield Pause(pause_s)


def stream_deadline(session: Session, length: int | None, timeout_ms: int | None) -> Deadline:
    """The deadline of a stream of `length` bytes; one of unknown length has a day."""
    return session.deadline(timeout_ms, extra_s=_A_DAY_S if length is None else length / _SLOWEST_STREAM)


class StreamWriter:
    """Makes the messages of StreamWriteMemory, each of which is one atomic write, and counts what they carry."""

    def __init__(
        self,
        namespace: str,
        name: str,
        offset: int,
        total: int | None,
        timeout_ms: int | None,
        progress: Progress | None,
    ) -> None:
        self._next = make(
            memory_pb2.StreamWriteMemoryRequest, key=name, namespace=namespace, offset=offset, timeout_ms=timeout_ms
        )
        self._total = total
        self._progress = progress
        self.sent = 0

    def message(self, data: memoryview) -> bytes:
        """The next message. Only the first names the region and the offset; the others go on behind it."""
        payload = _wire.with_bytes(self._next, _STREAM_DATA, data)
        self._next = memory_pb2.StreamWriteMemoryRequest()
        self.sent += len(data)
        if self._progress is not None:
            self._progress(self.sent, self._total)
        return payload


def pieces_of(data: BytesLike | Readable | Iterable[BytesLike] | None) -> tuple[Iterator[memoryview], int | None]:
    """What is sent, piece by piece, and its length where that is known.

    A buffer or a file goes in parts of 1 MiB; the items of an iterable go as they are, so that each is written as one,
    unless one is larger than a message can be.
    """
    if isinstance(data, Readable):
        return _read_parts(data), None
    try:
        memoryview(cast("Any", data))  # is it a buffer?
    except TypeError:
        if isinstance(data, str) or not isinstance(data, Iterable):
            kind = type(data).__name__
            raise TypeError(f"data: a buffer, a binary file or an iterable of buffers is needed, not {kind}") from None
        return (part for chunk in data for part in parts_of(chunk)), None
    view = flat_view(cast("BytesLike", data), "data")
    return (view[at : at + PART] for at in range(0, len(view), PART)), len(view)


def parts_of(chunk: BytesLike) -> list[memoryview]:
    """An item of the caller's as it is sent: as one, or in parts of 1 MiB if it is too large for that."""
    view = flat_view(chunk, "data")
    if len(view) <= MAX_TRANSFER:
        return [view]
    return [view[at : at + PART] for at in range(0, len(view), PART)]


def _read_parts(file: Readable) -> Iterator[memoryview]:
    while part := file.read(PART):
        yield flat_view(part, "data")
