"""Makes gRPC survive fork(). Imported before anything that imports grpc.

gRPC keeps threads of its own, which a forked child does not have; without its fork handlers a child that makes a call
hangs for ever, with an old channel or a new one. The handlers are chosen by an environment variable that is read when
grpc is loaded, so it is set here, unless the program has chosen itself or has loaded grpc before us.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_VARIABLE = "GRPC_ENABLE_FORK_SUPPORT"

if "grpc" not in sys.modules:
    os.environ.setdefault(_VARIABLE, "1")

#: Whether a forked child may use gRPC.
GRPC_SURVIVES_FORK: Final[bool] = os.environ.get(_VARIABLE, "0").lower() in ("1", "true", "t", "yes", "y")

HINT: Final[str] = (
    "gRPC was used before fork() and its fork support is off, so this child process cannot reach the server: import "
    f"memgrid before grpc, or set {_VARIABLE}=1, or start the process with the 'spawn' method"
)
