"""Get and Put of 100 B over gRPC, beside grpc++ on a plain sharded map and our gRPC layer without an engine."""

from __future__ import annotations

from suite.processes import bare_layer, grpcpp, load, memgridd, scratch
from suite.table import Row

NAME = "small_calls"
TARGET = "server CPU a call: at least 5x less than grpc++ at 8x16, 2x at 50x1 and 1x1; the engine adds at most 0.6 µs"

KEYS = 100_000
SHAPES = ((8, 16, 5), (50, 1, 2), (1, 1, 2))


def run(*, rounds: int, seconds: float) -> list[Row]:
    rows = []
    with scratch() as folder, memgridd("memory", folder) as ours, grpcpp() as peer, bare_layer() as layer:
        load(peer, op="create", connections=1, outstanding=1)
        for server in (ours, peer):
            load(server, op="put", fill=True, keys=KEYS)
        for op in ("get", "put"):
            for connections, outstanding, times in SHAPES:
                shape = {"op": op, "connections": connections, "outstanding": outstanding, "keys": KEYS}
                got = [
                    [load(server, seconds=seconds, **shape) for server in (ours, peer, layer)] for _ in range(rounds)
                ]
                cpu = [[result["server_cpu_us_per_call"] for result in of_round] for of_round in got]
                rate = [[result["calls_per_second"] for result in of_round] for of_round in got]
                p99 = [[result["p99_us"] for result in of_round] for of_round in got]
                what = f"{op} {connections}x{outstanding}"
                rows += [
                    Row(f"{what}, CPU a call", "µs", [c[0] for c in cpu], [c[1] for c in cpu], "grpc++",
                        target=f"≤ {1 / times:.2f}"),
                    Row(f"{what}, calls", "/s", [r[0] for r in rate], [r[1] for r in rate], "grpc++", "most"),
                    Row(f"{what}, p99", "µs", [p[0] for p in p99], [p[1] for p in p99], "grpc++"),
                    Row(f"{what}, CPU a call", "µs", [c[0] for c in cpu], [c[2] for c in cpu], "layer alone",
                        target="≤ 0.6 µs more"),
                ]  # fmt: skip
    return rows
