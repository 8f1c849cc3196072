"""Growth of resident memory per key: 5 M keys of 16 + 100 B in memgrid, Valkey and Redis."""

from __future__ import annotations

from suite.peers import fill_resp, redis, valkey
from suite.processes import load, memgridd, scratch
from suite.table import Row

NAME = "memory_per_key"
TARGET = "at most 172 B (Valkey 9.1: 178, Redis 8.2: 179, Aerospike CE: 224 as quoted)"

KEYS = 5_000_000


def run(*, rounds: int, seconds: float) -> list[Row]:
    del rounds, seconds  # the figure does not vary
    with scratch() as folder, memgridd("memory", folder) as ours:
        before = ours.rss_bytes()
        load(ours, op="put", fill=True, keys=KEYS)
        per_key = (ours.rss_bytes() - before) / KEYS
    rows = []
    for peer in (valkey, redis):
        with scratch() as folder, peer(folder) as server:
            before = server.rss_bytes()
            fill_resp(server, KEYS, 100)
            theirs = (server.rss_bytes() - before) / KEYS
        rows.append(Row("memory a key", "B", [per_key], [theirs], server.name, target="≤ 172 B"))
    return rows
