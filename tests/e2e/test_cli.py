"""The command line as people and scripts use it: what it prints, its exit codes, files and pipes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import memgrid
from memgrid.local_server import find_server

Run = subprocess.CompletedProcess[bytes]
EVERY_COMMAND = [
    [], ["kv"], ["kv", "put"], ["kv", "get"], ["kv", "delete"], ["kv", "list"], ["kv", "cas"], ["namespace"],
    ["namespace", "create"], ["namespace", "list"], ["memory"], ["memory", "allocate"], ["memory", "upload"],
    ["memory", "download"], ["memory", "describe"], ["memory", "free"], ["memory", "resize"], ["memory", "list"],
    ["store"], ["store", "status"], ["completion"], ["completion", "bash"],
]  # fmt: skip


def program() -> str:
    """`memgrid` lies beside the server."""
    return str(Path(find_server()).with_name("memgrid"))


@pytest.fixture
def cli(server: memgrid.LocalServer) -> Callable[..., Run]:
    def run(*words: str, stdin: bytes = b"", endpoint: str = server.address) -> Run:
        return subprocess.run(
            [program(), *words],
            input=stdin,
            capture_output=True,
            env={**os.environ, "MEMGRID_ENDPOINT": endpoint},
            timeout=60,
            check=False,
        )

    return run


def refused(result: Run, code: int) -> str:
    """The reason; standard output is empty and the reason short."""
    assert result.returncode == code, result
    assert result.stdout == b""
    reason = result.stderr.decode()
    assert 1 <= len(reason.splitlines()) <= 3
    return reason


class TestKeys:
    def test_a_value_comes_back_as_it_was(self, cli: Callable[..., Run], namespace: str) -> None:
        assert cli("kv", "put", namespace, "k", "hello").returncode == 0
        assert cli("kv", "get", namespace, "k").stdout == b"hello"

    def test_values_come_from_files_and_pipes(
        self, cli: Callable[..., Run], namespace: str, tmp_path: Path
    ) -> None:
        binary = bytes(range(256)) * 9
        (tmp_path / "value").write_bytes(binary)
        assert cli("kv", "put", namespace, "piped", "-", stdin=binary).returncode == 0
        assert (
            cli("kv", "put", namespace, "filed", "--file", str(tmp_path / "value")).returncode == 0
        )
        assert cli("kv", "get", namespace, "piped").stdout == binary
        assert cli("kv", "get", namespace, "filed").stdout == binary

    def test_json_may_stand_anywhere(self, cli: Callable[..., Run], namespace: str) -> None:
        cli("kv", "put", namespace, "k", "v")
        for words in (
            ("--json", "kv", "get", namespace, "k"),
            ("kv", "get", namespace, "k", "--json"),
        ):
            answer = json.loads(cli(*words).stdout)
            assert answer["value"] == "v"
            assert answer["version"] > 0

    def test_a_listing_follows_its_pages(
        self, cli: Callable[..., Run], client: memgrid.Client, namespace: str
    ) -> None:
        names = [f"user:{number:05d}" for number in range(10_050)]
        for name in names:
            client.put_key(namespace, name, b"")
        client.put_key(namespace, "other", b"")
        assert cli("kv", "list", namespace, "user:").stdout.decode().splitlines() == names
        assert len(cli("kv", "list", namespace, "--limit", "3").stdout.splitlines()) == 3
        lines = cli("kv", "list", namespace, "other", "--json").stdout.splitlines()
        assert [json.loads(line) for line in lines] == [{"key": "other"}]

    def test_compare_and_swap(self, cli: Callable[..., Run], namespace: str) -> None:
        cli("kv", "put", namespace, "k", "one")
        assert cli("kv", "cas", namespace, "k", "one", "two").returncode == 0
        assert "not swapped" in refused(cli("kv", "cas", namespace, "k", "one", "three"), 1)
        assert cli("kv", "get", namespace, "k").stdout == b"two"

    def test_a_delete_is_fine_twice(self, cli: Callable[..., Run], namespace: str) -> None:
        cli("kv", "put", namespace, "k", "v")
        assert cli("kv", "delete", namespace, "k").returncode == 0
        assert cli("kv", "delete", namespace, "k").returncode == 0
        assert "NOT_FOUND" in refused(cli("kv", "get", namespace, "k"), 1)


class TestRegions:
    def test_files_go_up_and_come_down(
        self, cli: Callable[..., Run], namespace: str, tmp_path: Path
    ) -> None:
        content = os.urandom(3_000_001)
        (tmp_path / "up").write_bytes(content)
        assert cli("memory", "upload", namespace, "r", str(tmp_path / "up")).returncode == 0
        assert cli("memory", "download", namespace, "r", str(tmp_path / "down")).returncode == 0
        assert (tmp_path / "down").read_bytes() == content
        assert sorted(path.name for path in tmp_path.iterdir()) == ["down", "up"]

    def test_an_upload_replaces_what_was_there(
        self, cli: Callable[..., Run], namespace: str
    ) -> None:
        cli("memory", "upload", namespace, "r", "-", stdin=b"x" * 100_000)
        assert cli("memory", "upload", namespace, "r", "-", stdin=b"short").returncode == 0
        assert cli("memory", "download", namespace, "r", "-").stdout == b"short"
        assert cli("memory", "upload", namespace, "r", "-", stdin=b"").returncode == 0
        assert cli("memory", "download", namespace, "r", "-").stdout == b""

    def test_what_is_not_there_leaves_no_file(
        self, cli: Callable[..., Run], namespace: str, tmp_path: Path
    ) -> None:
        refused(cli("memory", "download", namespace, "nothing", str(tmp_path / "down")), 1)
        assert not list(tmp_path.iterdir())

    def test_sizes(self, cli: Callable[..., Run], namespace: str) -> None:
        assert cli("memory", "allocate", namespace, "r", "1T").returncode == 0
        assert (
            json.loads(cli("memory", "describe", namespace, "r", "--json").stdout)["size"]
            == 1 << 40
        )
        assert cli("memory", "resize", namespace, "r", "4K").returncode == 0
        assert (
            json.loads(cli("memory", "describe", namespace, "r", "--json").stdout)["size"] == 4096
        )
        assert cli("memory", "list", namespace, "r").stdout == b"r\n"
        assert cli("memory", "free", namespace, "r").returncode == 0
        assert cli("memory", "list", namespace).stdout == b""
        assert (
            "ALREADY_EXISTS" not in cli("memory", "allocate", namespace, "r", "0").stderr.decode()
        )


class TestLines:
    @pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
    def test_help(self, cli: Callable[..., Run], words: list[str]) -> None:
        result = cli(*words, "--help")
        text = result.stdout.decode()
        assert result.returncode == 0
        assert text.startswith("Usage:")
        assert max(map(len, text.splitlines())) <= 100

    @pytest.mark.parametrize(
        "words",
        [[], ["nonsense"], ["kv"], ["kv", "get"], ["kv", "get", "ns"], ["kv", "put", "ns", "k"],
         ["kv", "get", "ns", "k", "more"], ["kv", "get", "ns", "k", "--nonsense"],
         ["memory", "allocate", "ns", "r", "10Q"], ["memory", "allocate", "ns", "r", "-1"],
         ["kv", "put", "ns", "k", "v", "--ttl-ms", "soon"], ["kv", "put", "ns", "k", "v", "--file", "f"]],
        ids=" ".join,
    )  # fmt: skip
    def test_a_wrong_line_exits_with_2(self, cli: Callable[..., Run], words: list[str]) -> None:
        refused(cli(*words, endpoint="127.0.0.1:1"), 2)

    def test_no_server(self, cli: Callable[..., Run]) -> None:
        assert "127.0.0.1:1" in refused(cli("kv", "get", "ns", "k", endpoint="127.0.0.1:1"), 1)

    def test_an_absent_file(self, cli: Callable[..., Run], namespace: str) -> None:
        assert "/nothing/there" in refused(
            cli("kv", "put", namespace, "k", "--file", "/nothing/there"), 1
        )
        assert "/nothing/there" in refused(
            cli("memory", "upload", namespace, "r", "/nothing/there"), 1
        )

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_completions_know_every_command(self, cli: Callable[..., Run], shell: str) -> None:
        script = cli("completion", shell).stdout.decode()
        assert all(word in script for word in ("kv", "upload", "describe", "json"))

    def test_bash_completes(self, cli: Callable[..., Run], tmp_path: Path) -> None:
        (tmp_path / "c").write_bytes(cli("completion", "bash").stdout)
        ask = 'source "$1"; COMP_WORDS=(memgrid memory up); COMP_CWORD=2; _memgrid; echo "${COMPREPLY[@]}"'
        done = subprocess.run(
            ["bash", "-c", ask, "bash", str(tmp_path / "c")], capture_output=True, check=True
        )
        assert done.stdout == b"upload\n"


class TestSeeing:
    def test_namespaces(self, cli: Callable[..., Run]) -> None:
        assert cli("namespace", "create", "cli-made").returncode == 0
        assert "cli-made" in cli("namespace", "list").stdout.decode().splitlines()
        assert cli("namespace", "list", "cli-ma", "--json").stdout == b'{"namespace":"cli-made"}\n'

    def test_store_status(self, cli: Callable[..., Run]) -> None:
        shown = cli("store", "status").stdout.decode()
        assert "store default (memory)" in shown
        assert "free" in shown
        document = json.loads(cli("store", "status", "--json").stdout)
        assert document["stores"][0]["capacity_bytes"] > 0

    def test_progress_is_for_terminals_only(
        self, server: memgrid.LocalServer, namespace: str
    ) -> None:
        command = [program(), "--endpoint", server.address, "memory", "upload", namespace, "r", "-"]
        piped = subprocess.run(command, input=b"x" * 10_000, capture_output=True, check=True)
        assert piped.stderr == b""
        ours, theirs = pty.openpty()
        subprocess.run(command, input=b"x" * 10_000, stderr=theirs, check=True)
        os.close(theirs)
        assert b"upload r" in os.read(ours, 4096)
        os.close(ours)
