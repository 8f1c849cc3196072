"""Messages as bytes, with their one large field copied once instead of three times.

A protobuf message is the concatenation of its fields in any order, so a large `bytes` field may be joined behind the
small ones straight from the caller's buffer, and cut out of an answer as a view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from google.protobuf.message import Message

from memgrid.errors import InvalidArgument

_Made = TypeVar("_Made", bound=Message)

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5


def make(message: Callable[..., _Made], **fields: object) -> _Made:
    """The message, without the fields that are None. InvalidArgument, naming the field, for a value it cannot hold."""
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return message(**given)
    except (ValueError, TypeError) as error:  # find out which field it was
        for name, value in given.items():
            try:
                message(**{name: value})
            except ValueError as cause:
                raise InvalidArgument(f"{name}: {_why(value, cause)}") from None
            except TypeError as cause:
                raise TypeError(f"{name}: {cause}") from None
        raise InvalidArgument(str(error)) from None


def _why(value: object, cause: ValueError) -> str:
    if isinstance(value, int):
        return f"{value} is outside 0..2^64-1"
    if isinstance(value, str):
        return "not valid UTF-8"
    return str(cause)


def with_bytes(message: Message, field: int, data: memoryview) -> bytes:
    """`message`, serialized, with `data` as its field number `field`."""
    return b"".join((message.SerializeToString(), _varint(field << 3 | _BYTES), _varint(data.nbytes), data))


def cut_bytes(answer: bytes, field: int) -> memoryview:
    """The last value of the `bytes` field number `field` in a serialized message, as a view of it; empty if absent.

    ValueError if this is no message.
    """
    view = memoryview(answer)
    found = view[:0]
    at = 0
    while at < len(view):
        tag, at = _read_varint(view, at)
        wire_type = tag & 7
        if wire_type == _BYTES:
            length, at = _read_varint(view, at)
            end = at + length
            if tag >> 3 == field:
                found = view[at:end]
        elif wire_type == _VARINT:
            _, end = _read_varint(view, at)
        elif wire_type in (_FIXED64, _FIXED32):
            end = at + (8 if wire_type == _FIXED64 else 4)
        else:
            raise ValueError(f"wire type {wire_type}")
        if end > len(view):
            raise ValueError("message is cut off")
        at = end
    return found


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(view: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(view):
            break
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("bad varint")
