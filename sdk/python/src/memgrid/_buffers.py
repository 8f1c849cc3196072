"""Bytes in: anything with the buffer protocol becomes a flat view, without a copy if it is contiguous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer

    class _Array(Protocol):
        """A numpy array, which has the buffer protocol, but shows it to type checkers only from Python 3.12 on."""

        @property
        def __array_interface__(self) -> dict[str, Any]: ...

    #: bytes, bytearray, memoryview, array.array, numpy arrays …
    BytesLike: TypeAlias = Buffer | _Array

EMPTY = memoryview(b"")


def flat_view(data: BytesLike, argument: str) -> memoryview:
    """`data` as a one-dimensional view of bytes. TypeError, naming `argument`, if it has no buffer."""
    try:
        view = memoryview(cast("Buffer", data))
    except (TypeError, ValueError) as error:
        kind = type(data).__name__
        raise TypeError(f"{argument}: bytes or another buffer is needed, not {kind} ({error})") from None
    if not view.c_contiguous:
        view = memoryview(view.tobytes())
    if view.nbytes == 0:  # an empty view of several dimensions cannot be cast
        return EMPTY
    return view.cast("B")


def writable_view(buffer: BytesLike, argument: str) -> memoryview:
    """As `flat_view`, of memory that can be written in place. TypeError if it cannot."""
    view = memoryview(cast("Buffer", buffer))
    if view.readonly or not view.c_contiguous:
        raise TypeError(f"{argument}: a writable, contiguous buffer is needed")
    return view.cast("B") if view.nbytes else memoryview(bytearray())
