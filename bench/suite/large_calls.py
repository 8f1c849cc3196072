"""Region reads and writes of 64 KiB and 1 MiB, and streams of 1 GiB, beside bare TCP requests of the same sizes."""

from __future__ import annotations

from suite.processes import bare_tcp, load, memgridd, scratch, tcp_load
from suite.table import Row

NAME = "large_calls"
TARGET = "server CPU per GB: reads at most 1.5x, writes at most 2.2x of bare TCP"

REGION = 1 << 30
LIMITS = {"read": 1.5, "write": 2.2}


def _per_gb(result: dict[str, float], size: int) -> float:
    return result["server_cpu_seconds"] / (result["calls"] * size / 1e9)


def run(*, rounds: int, seconds: float) -> list[Row]:
    rows = []
    with scratch() as folder, memgridd("memory", folder, filesize="8G") as ours, bare_tcp() as peer:
        load(ours, op="allocate", region_bytes=REGION, connections=1, outstanding=1)
        load(ours, op="stream-write", size=1 << 20, region_bytes=REGION, connections=1, outstanding=1)
        for size in (64 << 10, 1 << 20):
            for op in ("read", "write"):
                ours_gb, peer_gb = [], []
                for _ in range(rounds):
                    shape = {"op": op, "size": size, "seconds": seconds, "connections": 8}
                    ours_gb.append(_per_gb(load(ours, outstanding=1, region_bytes=REGION, **shape), size))
                    peer_gb.append(_per_gb(tcp_load(peer, **shape), size))
                rows.append(Row(f"{op} {size >> 10} KiB, CPU per GB", "s", ours_gb, peer_gb, "bare TCP",
                                target=f"≤ {LIMITS[op]}"))  # fmt: skip
        for op in ("read", "write"):
            ours_gb, peer_gb = [], []
            for _ in range(rounds):
                stream = load(ours, op=f"stream-{op}", size=1 << 20, region_bytes=REGION, connections=1, outstanding=1)
                ours_gb.append(stream["server_cpu_seconds"] / (REGION / 1e9))
                peer_gb.append(_per_gb(tcp_load(peer, op=op, size=1 << 20, seconds=seconds, connections=1), 1 << 20))
            rows.append(Row(f"stream {op} 1 GiB, CPU per GB", "s", ours_gb, peer_gb, "bare TCP", target=f"≤ {LIMITS[op]}"))
    return rows
