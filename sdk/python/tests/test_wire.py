"""What is joined and cut by hand is what protobuf makes and reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import memgrid
from memgrid import _wire
from memgrid._buffers import flat_view, writable_view
from memgrid.v1.memory_pb2 import ReadMemoryResponse, WriteMemoryRequest

U64 = st.integers(0, 2**64 - 1)


@given(st.text(max_size=20), U64, st.binary(max_size=300), U64)
def test_a_joined_message_is_the_message(key: str, offset: int, data: bytes, sequence: int) -> None:
    whole = WriteMemoryRequest(key=key, offset=offset, data=data, sequence=sequence)
    small = WriteMemoryRequest(key=key, offset=offset, sequence=sequence)
    assert WriteMemoryRequest.FromString(_wire.with_bytes(small, 4, memoryview(data))) == whole


@given(st.text(max_size=20), st.binary(max_size=300), U64, U64)
def test_a_cut_field_is_the_field(key: str, data: bytes, version: int, offset: int) -> None:
    message = ReadMemoryResponse(key=key, namespace=key, data=data, version=version, offset=offset)
    assert bytes(_wire.cut_bytes(message.SerializeToString(), 3)) == data


@given(st.binary(max_size=60))
def test_no_bytes_break_the_cutter(noise: bytes) -> None:
    try:
        found = _wire.cut_bytes(noise, 3)
    except ValueError:
        return
    assert len(found) <= len(noise)


@given(st.data())
def test_a_message_that_is_cut_off_is_refused_or_shorter(data: st.DataObject) -> None:
    whole = ReadMemoryResponse(key="k", data=b"x" * 40).SerializeToString()
    cut = data.draw(st.integers(4, len(whole) - 1))
    with pytest.raises(ValueError, match=r"cut off|varint"):
        _wire.cut_bytes(whole[:cut], 3)


@pytest.mark.parametrize(
    ("field", "value", "error", "says"),
    [
        ("offset", -1, memgrid.errors.InvalidArgument, r"offset: -1 is outside 0\.\.2\^64-1"),
        ("offset", 2**64, memgrid.errors.InvalidArgument, "offset: 18446744073709551616"),
        ("offset", "4", TypeError, "offset"),
        ("key", "\ud800", memgrid.errors.InvalidArgument, "key: not valid UTF-8"),
        ("key", 5, TypeError, "key"),
    ],
)
def test_a_value_that_a_field_cannot_hold_is_named(
    field: str, value: object, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        _wire.make(WriteMemoryRequest, **{"namespace": "n", field: value})


def test_views_are_not_copies() -> None:
    source = bytearray(b"abc")
    flat_view(source, "data")[0] = ord("x")
    writable_view(source, "buffer")[1] = ord("y")
    assert source == b"xyc"


def test_what_is_no_buffer_is_named() -> None:
    with pytest.raises(TypeError, match=r"value: .*not str"):
        flat_view("text", "value")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="buffer: a writable"):
        writable_view(b"fixed", "buffer")
