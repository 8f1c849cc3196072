"""Makes gRPC survive fork(), and says so where it cannot. Imported before anything that imports grpc.

gRPC keeps threads of its own, which a forked child does not have. Without its fork handlers a child that makes a call
hangs for ever, with an old channel or a new one. The handlers are chosen by an environment variable that is read when
grpc is loaded, so it is set here, unless the program has chosen itself or has loaded grpc before us.

Even so, if another call is in flight at that moment, the child inherits locks that nobody will release. So it is noted
what is in flight; the channels are then taken from gRPC's handlers, which would hang on them before the child ran a
line, and the child gets an error from any client that it uses.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import grpc

_VARIABLE: Final = "GRPC_ENABLE_FORK_SUPPORT"

if "grpc" not in sys.modules:
    os.environ.setdefault(_VARIABLE, "1")

_HANDLERS: Final[bool] = os.environ.get(_VARIABLE, "0").lower() in ("1", "true", "t", "yes", "y")

#: Channels of this process.
channels: Final[weakref.WeakSet[grpc.Channel]] = weakref.WeakSet()
#: What is in flight: for a blocking call its thread, for an awaited one an object of its own. Adding to and discarding
#: from a set are atomic.
calling: Final[set[object]] = set()

_used = False
_broken: str | None = None


def check() -> None:
    """Called before gRPC is used for something new. ForkedError if this process would hang."""
    global _used
    if _broken is not None:
        from memgrid.errors import ForkedError

        raise ForkedError(_broken)
    _used = True


def _in_child() -> None:
    global _broken
    others = calling - {threading.get_ident()}
    calling.clear()
    if not _used or _broken is not None:
        return
    if not _HANDLERS:
        _broken = (
            "gRPC was used before fork() and its fork support is off, so this child cannot reach the server: import "
            f"memgrid before grpc, or set {_VARIABLE}=1, or start processes with the 'spawn' method"
        )
    elif others:
        _disown_channels()
        _broken = (
            f"fork() came while {len(others)} other calls were in flight, so this child cannot reach the server: "
            "fork when nothing is in flight, or start processes with the 'spawn' method"
        )


def _disown_channels() -> None:
    from grpc._cython import cygrpc  # type: ignore[attr-defined]

    for channel in channels:
        cygrpc.fork_unregister_channel(channel)


# Before grpc is loaded, and so before its own handlers.
os.register_at_fork(after_in_child=_in_child)
