"""`./dev demo`: memgrid at work on this machine's own files, through a crash.

Starts a server whose acknowledged writes are on the disk, stores a folder of real files as keys and as regions, lets
several clients race on one counter and one region, kills the server with SIGKILL, starts it again and compares
everything with what was acknowledged. Prints what it did with sizes, rates and times; exits 1 if anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import memgrid

NAMESPACE = "demo"
MAX_VALUE = 16 << 20
RACERS = 8
SWAPS_EACH = 100
PAGES = 64


@dataclass(frozen=True)
class StoredFile:
    """A file of this machine, as it was when it was stored."""

    name: str
    size: int
    digest: bytes


def say(text: str) -> None:
    print(text, flush=True)


def size_of(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"


@contextmanager
def step(title: str) -> Iterator[Callable[[str], None]]:
    """Prints `title`, what the block reports, and its time."""
    notes: list[str] = []
    began = time.monotonic()
    yield notes.append
    say(f"  {title:<46} {time.monotonic() - began:6.2f} s  {'; '.join(notes)}")


def files_below(folder: Path, budget: int) -> list[Path]:
    """Regular, readable files that fit in a value, in order, up to `budget` bytes in all."""
    chosen, total = [], 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK):
            continue
        size = path.stat().st_size
        if size > MAX_VALUE or total + size > budget:
            continue
        chosen.append(path)
        total += size
    return chosen


def store_as_keys(client: memgrid.Client, folder: Path, paths: list[Path]) -> list[StoredFile]:
    stored = []
    for path in paths:
        content = path.read_bytes()
        client.put_key(NAMESPACE, str(path), content)
        stored.append(StoredFile(str(path), len(content), hashlib.sha256(content).digest()))
    return stored


def store_as_regions(client: memgrid.Client, files: list[StoredFile]) -> None:
    for file in files:
        content = client.get_key(NAMESPACE, file.name)
        client.allocate_memory(NAMESPACE, file.name, size=file.size)
        if content:
            client.stream_write_memory(NAMESPACE, file.name, 0, content)


def compare(client: memgrid.Client, files: list[StoredFile]) -> int:
    """Bytes that were read and found right. Ends the demo if anything is wrong."""
    checked = 0
    for file in files:
        value = client.get_key(NAMESPACE, file.name)
        region = hashlib.sha256()
        for chunk in client.stream_read_memory(NAMESPACE, file.name, 0, file.size):
            region.update(chunk)
        if hashlib.sha256(value).digest() != file.digest:
            sys.exit(f"the value of {file.name} is not what was stored")
        if region.digest() != file.digest:
            sys.exit(f"the region {file.name} is not what was stored")
        checked += 2 * file.size
    return checked


def race_on_counter(address: str) -> int:
    """Every racer adds to one counter by compare-and-swap. Returns how often one had to try again."""
    again = [0] * RACERS

    def add(racer: int) -> None:
        with memgrid.Client(address) as client:
            done = 0
            while done < SWAPS_EACH:
                seen = client.get_key(NAMESPACE, "counter")
                if client.compare_and_swap(NAMESPACE, "counter", seen, str(int(seen) + 1).encode()):
                    done += 1
                else:
                    again[racer] += 1

    with memgrid.Client(address) as client:
        client.put_key(NAMESPACE, "counter", b"0")
    run_together([lambda racer=racer: add(racer) for racer in range(RACERS)])
    return sum(again)


def race_on_region(address: str, seconds: float) -> tuple[int, int]:
    """Half of the racers fill the whole region with their number, half read it. Returns writes and reads."""
    counts = [0] * RACERS
    until = time.monotonic() + seconds
    torn: list[str] = []

    def write(racer: int) -> None:
        with memgrid.Client(address) as client:
            while time.monotonic() < until:
                client.write_memory(
                    NAMESPACE, "board", 0, struct.pack("<I", racer) * (PAGES * 1024)
                )
                counts[racer] += 1

    def read(racer: int) -> None:
        with memgrid.Client(address) as client:
            while time.monotonic() < until:
                seen = client.read_memory(NAMESPACE, "board", 0, PAGES * 4096)
                if seen != seen[:4] * (PAGES * 1024):
                    torn.append("a reader saw parts of two writes")
                counts[racer] += 1

    with memgrid.Client(address) as client:
        client.allocate_memory(NAMESPACE, "board", size=PAGES * 4096)
    half = RACERS // 2
    run_together(
        [lambda racer=racer: (write if racer < half else read)(racer) for racer in range(RACERS)]
    )
    if torn:
        sys.exit(torn[0])
    return sum(counts[:half]), sum(counts[half:])


def run_together(tasks: list[Callable[[], None]]) -> None:
    """Each task in a thread of its own; the first error of any of them is raised."""
    errors: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # handed to the caller
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def show_store(address: str) -> None:
    """The store as the command line shows it."""
    program = Path(sys.prefix).parent / "bin" / "memgrid"
    shown = subprocess.run(
        [program, "store", "status", "--endpoint", address],
        capture_output=True,
        text=True,
        check=True,
    )
    say("".join(f"    {line}\n" for line in shown.stdout.splitlines()))


def fill(server: memgrid.LocalServer, folder: Path, budget: int) -> list[StoredFile]:
    """Stores the folder, races, and returns what must be there afterwards."""
    with memgrid.Client(server.address) as client:
        client.create_namespace(NAMESPACE)
        paths = files_below(folder, budget)
        total = sum(path.stat().st_size for path in paths)
        with step(f"{len(paths)} files of {folder} stored as keys") as note:
            began = time.monotonic()
            files = store_as_keys(client, folder, paths)
            note(f"{size_of(total)}, {size_of(total / (time.monotonic() - began))}/s")
        with step("the same files stored as regions") as note:
            began = time.monotonic()
            store_as_regions(client, files)
            note(f"{size_of(total)}, {size_of(total / (time.monotonic() - began))}/s")
        with step("all of it read back, checksums compared") as note:
            note(f"{size_of(compare(client, files))} right")
        with step(f"{RACERS} clients race on one counter") as note:
            again = race_on_counter(server.address)
            note(f"{RACERS * SWAPS_EACH} swaps, {again} tried again")
        with step(f"{RACERS} clients race on one region of {size_of(PAGES * 4096)}") as note:
            writes, reads = race_on_region(server.address, 2.0)
            note(f"{writes} writes, {reads} reads, none torn")
    return files


def check_after_crash(address: str, files: list[StoredFile]) -> None:
    with memgrid.Client(address) as client:
        with step("everything read again, checksums compared") as note:
            note(f"{size_of(compare(client, files))} right")
        counter = int(client.get_key(NAMESPACE, "counter"))
        if counter != RACERS * SWAPS_EACH:
            sys.exit(f"the counter is {counter}; {RACERS * SWAPS_EACH} swaps were acknowledged")
        say(f"  the counter is {counter}, as acknowledged")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("/usr/bin"), help="files to store (default /usr/bin)"
    )
    parser.add_argument(
        "--megabytes", type=int, default=128, help="at most so much of it (default 128)"
    )
    arguments = parser.parse_args()
    budget = max(1, min(arguments.megabytes, 1024)) << 20
    with tempfile.TemporaryDirectory(prefix="memgrid-demo-") as data_dir:
        server = memgrid.LocalServer("device", data_dir=data_dir)
        with server:
            say(
                f"memgridd {server.pid} on {server.address}: acknowledged writes are on the disk, in {data_dir}"
            )
            files = fill(server, arguments.folder, budget)
            show_store(server.address)
            pid = server.pid
            server.kill()
            say(f"  memgridd {pid} killed with SIGKILL")
            with step("started again on the same shadow file"):
                server.start()
            check_after_crash(server.address, files)
    say("nothing was lost")


if __name__ == "__main__":
    main()
