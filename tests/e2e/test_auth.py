"""Tokens: who may come in, and that one tenant learns nothing of another."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import memgrid
from memgrid import errors
from support import jwt, write_config

KEY = os.urandom(32)
OTHER_KEY = os.urandom(48)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[memgrid.LocalServer]:
    folder = tmp_path_factory.mktemp("auth")
    (folder / "main.key").write_bytes(KEY)
    (folder / "second.key").write_bytes(OTHER_KEY)
    config = f"""
[auth]
mode = "jwt"
key-files = ["{folder}/main.key", "{folder}/second.key"]
audience = "memgrid"
"""
    with memgrid.LocalServer(data_dir=folder / "data", args=write_config(folder, config)) as server:
        yield server


def claims(subject: str = "alice", **more: object) -> dict[str, object]:
    return {"sub": subject, "aud": "memgrid", "exp": int(time.time()) + 600, **more}


def connect(server: memgrid.LocalServer, token: str | None) -> memgrid.Client:
    return memgrid.Client(server.address, token=token, timeout=5)


def test_good_tokens_come_in(guarded: memgrid.LocalServer) -> None:
    tokens = [
        jwt(KEY, **claims()),
        jwt(OTHER_KEY, kid="second", **claims()),
        jwt(KEY, **claims(aud=["other", "memgrid"])),
        jwt(KEY, **claims(nbf=int(time.time()) - 5)),
    ]
    for token in tokens:
        with connect(guarded, token) as client:
            client.create_namespace("alice")
            client.put_key("alice", "k", b"v")


BAD = {
    "none": None,
    "no jwt": "abc",
    "empty parts": "..",
    "wrong key": jwt(OTHER_KEY, **claims()),
    "unknown kid": jwt(KEY, kid="third", **claims()),
    "alg none": jwt(KEY, alg="none", **claims()),
    "alg of a key pair": jwt(KEY, alg="RS256", **claims()),
    "expired": jwt(KEY, **claims(exp=int(time.time()) - 600)),
    "not yet": jwt(KEY, **claims(nbf=int(time.time()) + 600)),
    "other audience": jwt(KEY, **claims(aud="other")),
    "no subject": jwt(KEY, aud="memgrid", exp=int(time.time()) + 600),
    "cut off": jwt(KEY, **claims())[:-4],
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
def test_bad_tokens_stay_out(guarded: memgrid.LocalServer, token: str | None) -> None:
    with connect(guarded, token) as client:
        for call in (lambda: client.list_namespaces(), lambda: client.put_key("alice", "k", b"v")):
            with pytest.raises(errors.Unauthenticated):
                call()


def test_a_tenant_learns_nothing_of_another(guarded: memgrid.LocalServer) -> None:
    with (
        connect(guarded, jwt(KEY, **claims("alice"))) as alice,
        connect(guarded, jwt(KEY, **claims("bob"))) as bob,
    ):
        alice.create_namespace("shared-name")
        alice.create_namespace("shared-name")
        alice.put_key("shared-name", "k", b"secret")
        alice.allocate_memory("shared-name", "r", 10)
        with pytest.raises(errors.AlreadyExists):
            bob.create_namespace("shared-name")
        calls = [
            lambda name: bob.get_key(name, "k"),
            lambda name: bob.put_key(name, "k", b"x"),
            lambda name: bob.delete_key(name, "k"),
            lambda name: bob.list_keys(name),
            lambda name: bob.compare_and_swap(name, "k", b"secret", b"x"),
            lambda name: bob.read_memory(name, "r", 0, 1),
            lambda name: bob.write_memory(name, "r", 0, b"x"),
            lambda name: bob.describe_memory(name, "r"),
            lambda name: bob.list_memory_regions(name),
            lambda name: bob.free_memory(name, "r"),
            lambda name: list(bob.stream_read_memory(name, "r", 0, 1)),
        ]
        for call in calls:
            texts = []
            for name in ("shared-name", "no-such-name"):
                with pytest.raises(errors.NotFound) as caught:
                    call(name)
                texts.append(str(caught.value).replace(name, "NAME"))
            assert texts[0] == texts[1]
        assert bob.list_namespaces() == []
        assert "shared-name" in alice.list_namespaces()
        assert alice.get_key("shared-name", "k") == b"secret"


def test_a_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.key").write_bytes(b"x" * 31)
    config = f'[auth]\nmode = "jwt"\nkey-files = ["{tmp_path}/short.key"]\n'
    with pytest.raises(errors.Unavailable, match=r"exit code 2(.|\n)*32"):
        memgrid.LocalServer(data_dir=tmp_path / "data", args=write_config(tmp_path, config)).start()


def test_without_authentication_credentials_are_ignored(server: memgrid.LocalServer) -> None:
    with connect(server, "whatever") as client:
        client.create_namespace("ignored")
