"""Where the server is and how to talk to it: arguments first, then the environment, then defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import metadata
from typing import Final

DEFAULT_ENDPOINT: Final = "127.0.0.1:50051"
DEFAULT_PORT: Final = 50051
DEFAULT_TIMEOUT_S: Final = 20.0

#: Answers hold at most 16 MiB of data; requests are limited by the server (20 MiB), which says so better than we could.
_MAX_ANSWER_BYTES: Final = 20 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client was made with. `timeout_s` is the deadline of a call that names none."""

    endpoint: str
    token: str | None
    timeout_s: float

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with every call."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def channel_options(self) -> list[tuple[str, int | str]]:
        """A restarted server is found again within a second, and a dead connection is noticed within a minute."""
        return [
            ("grpc.max_receive_message_length", _MAX_ANSWER_BYTES),
            ("grpc.primary_user_agent", f"memgrid-python/{_version()}"),
            # Connections of two clients are two connections: one's big transfers do not hold up the other's calls.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_http_proxy", 0),
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.keepalive_time_ms", 40_000),
            ("grpc.keepalive_timeout_ms", 20_000),
        ]


def resolve(endpoint: str | None, token: str | None, timeout: float) -> Settings:
    """Fills in what is not given. ValueError for an endpoint, token or timeout that cannot be meant."""
    chosen = endpoint or _environment("MEMGRID_ENDPOINT", "PRIMATOMIC_ENDPOINT") or DEFAULT_ENDPOINT
    credential = token if token is not None else _environment("MEMGRID_TOKEN", "PRIMATOMIC_TOKEN")
    if credential and not (credential.isascii() and credential.isprintable()):
        raise ValueError("token: printable ASCII characters only, no line breaks")
    if not 0 < timeout < 1e9:
        raise ValueError(f"timeout: a positive number of seconds is needed, not {timeout}")
    return Settings(_with_port(chosen), credential, timeout)


def _environment(*names: str) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)


def _with_port(endpoint: str) -> str:
    if "/" in endpoint or any(c.isspace() for c in endpoint):
        raise ValueError(f'endpoint: HOST:PORT is needed, not "{endpoint}"')
    host, colon, port = endpoint.rpartition(":")
    if not colon or host.endswith(":") or endpoint.endswith("]"):  # a bare host, or a bare IPv6 address
        bare = endpoint if ":" not in endpoint or endpoint.startswith("[") else f"[{endpoint}]"
        return f"{bare}:{DEFAULT_PORT}"
    if not port.isdecimal() or not 0 < int(port) < 65536 or not host:
        raise ValueError(f'endpoint: HOST:PORT with a port of 1..65535 is needed, not "{endpoint}"')
    return endpoint


def _version() -> str:
    try:
        return metadata.version("memgrid")
    except metadata.PackageNotFoundError:
        return "0"
