"""Keys: what is put is got, versions never come back, lists are in order, expiry expires."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

import memgrid
from memgrid import Consistency, errors
from memgrid.v1.key_value_pb2 import GetKeyRequest, ListKeysRequest
from support import Raw, eventually, is_gone


@pytest.mark.parametrize(
    "value", [b"", b"\0", b"v" * 100, bytes(range(256)) * 4096, bytes(16 << 20)]
)
def test_what_is_put_is_got(client: memgrid.Client, namespace: str, value: bytes) -> None:
    version = client.put_key(namespace, "k", value)
    assert client.get(namespace, "k") == (value, version)
    assert client.get_key(namespace, "k") == value


def test_a_put_replaces_with_a_higher_version(client: memgrid.Client, namespace: str) -> None:
    versions = [client.put_key(namespace, "k", str(n).encode()) for n in range(5)]
    assert versions == sorted(set(versions))
    assert client.get(namespace, "k") == (b"4", versions[-1])


def test_a_version_is_never_used_again(client: memgrid.Client, namespace: str) -> None:
    first = client.put_key(namespace, "k", b"v")
    client.delete_key(namespace, "k")
    assert client.put_key(namespace, "k", b"v") > first


def test_deleting_is_idempotent(client: memgrid.Client, namespace: str) -> None:
    client.put_key(namespace, "k", b"v")
    client.delete_key(namespace, "k")
    client.delete_key(namespace, "k")
    assert is_gone(client, namespace, "k")


def test_names_may_be_any_text(client: memgrid.Client, namespace: str) -> None:
    names = ["a", "é", "日本語", "😀" * 256, "x" * 1024, " ", "a/b:c?d", "\n", "\x7f"]
    for name in names:
        client.put_key(namespace, name, name.encode())
    assert client.list_keys(namespace) == sorted(names, key=str.encode)
    assert all(client.get_key(namespace, name) == name.encode() for name in names)


def test_a_key_and_a_region_may_share_a_name(client: memgrid.Client, namespace: str) -> None:
    client.put_key(namespace, "same", b"key")
    client.allocate_memory(namespace, "same", 4)
    client.write_memory(namespace, "same", 0, b"regn")
    client.delete_key(namespace, "same")
    assert client.read_memory(namespace, "same", 0, 4) == b"regn"
    assert client.list_keys(namespace) == []
    assert client.list_memory_regions(namespace) == ["same"]


def test_namespaces_are_apart(client: memgrid.Client, namespace: str) -> None:
    other = namespace + ".other"
    client.create_namespace(other)
    client.create_namespace(other)
    client.put_key(namespace, "k", b"1")
    client.put_key(other, "k", b"2")
    assert (client.get_key(namespace, "k"), client.get_key(other, "k")) == (b"1", b"2")
    assert client.list_namespaces(namespace + ".") == [other]


class TestCompareAndSwap:
    def test_by_value(self, client: memgrid.Client, namespace: str) -> None:
        client.put_key(namespace, "k", b"old")
        assert client.compare_and_swap(namespace, "k", b"other", b"new") is False
        assert client.compare_and_swap(namespace, "k", b"old", b"new") is True
        assert client.get_key(namespace, "k") == b"new"

    def test_an_absent_key_has_no_value(self, client: memgrid.Client, namespace: str) -> None:
        assert client.compare_and_swap(namespace, "k", b"", b"new") is False
        assert is_gone(client, namespace, "k")

    def test_an_empty_value_is_a_value(self, client: memgrid.Client, namespace: str) -> None:
        client.put_key(namespace, "k", b"")
        assert client.compare_and_swap(namespace, "k", b"", b"new") is True

    def test_expecting_absence_creates_once(self, client: memgrid.Client, namespace: str) -> None:
        assert client.compare_and_swap(namespace, "k", new_value=b"1", expect_absent=True) is True
        assert client.compare_and_swap(namespace, "k", new_value=b"2", expect_absent=True) is False
        assert client.get_key(namespace, "k") == b"1"

    def test_by_version(self, client: memgrid.Client, namespace: str) -> None:
        version = client.put_key(namespace, "k", b"old")
        assert (
            client.compare_and_swap(namespace, "k", new_value=b"x", expected_version=version + 1)
            is False
        )
        assert (
            client.compare_and_swap(namespace, "k", new_value=b"new", expected_version=version)
            is True
        )
        assert (
            client.compare_and_swap(namespace, "k", new_value=b"x", expected_version=version)
            is False
        )
        assert client.get_key(namespace, "k") == b"new"

    def test_with_a_time_to_live(self, client: memgrid.Client, namespace: str) -> None:
        assert client.compare_and_swap(
            namespace, "k", new_value=b"x", expect_absent=True, ttl_ms=200
        )
        eventually(lambda: is_gone(client, namespace, "k"))

    def test_a_counter_raced_by_many_loses_nothing(
        self, client: memgrid.Client, namespace: str
    ) -> None:
        client.put_key(namespace, "n", b"0")

        def add(times: int) -> None:
            while times:
                value = client.get_key(namespace, "n")
                times -= client.compare_and_swap(
                    namespace, "n", value, str(int(value) + 1).encode()
                )

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, [25] * 8))
        assert client.get_key(namespace, "n") == b"200"


class TestExpiry:
    def test_a_key_expires_everywhere(self, client: memgrid.Client, namespace: str) -> None:
        client.put_key(namespace, "short", b"v", ttl_ms=250)
        client.put_key(namespace, "long", b"v", ttl_ms=3_600_000)
        client.put_key(namespace, "ever", b"v", ttl_ms=0)
        assert client.get_key(namespace, "short") == b"v"
        eventually(lambda: is_gone(client, namespace, "short"), 5)
        assert client.list_keys(namespace) == ["ever", "long"]
        assert client.compare_and_swap(namespace, "short", new_value=b"new", expect_absent=True)

    def test_a_put_without_expiry_takes_it_away(
        self, client: memgrid.Client, namespace: str
    ) -> None:
        client.put_key(namespace, "kept", b"1", ttl_ms=200)
        client.put_key(namespace, "kept", b"2")
        client.put_key(namespace, "witness", b"1", ttl_ms=400)
        eventually(lambda: is_gone(client, namespace, "witness"), 5)
        assert client.get_key(namespace, "kept") == b"2"

    def test_times_beyond_all_clocks_are_for_ever(
        self, client: memgrid.Client, namespace: str
    ) -> None:
        client.put_key(namespace, "k", b"v", ttl_ms=2**63 - 1)
        assert client.get_key(namespace, "k") == b"v"


class TestLists:
    def test_by_prefix_and_limit(self, client: memgrid.Client, namespace: str) -> None:
        for name in ("a", "user:1", "user:10", "user:2", "user;", "v"):
            client.put_key(namespace, name, b"")
        assert client.list_keys(namespace, prefix="user:") == ["user:1", "user:10", "user:2"]
        assert client.list_keys(namespace, prefix="user:", limit=2) == ["user:1", "user:10"]
        assert client.list_keys(namespace, prefix="user:2x") == []
        assert len(client.list_keys(namespace)) == 6

    def test_pages_follow_each_other(
        self, raw: Raw, client: memgrid.Client, namespace: str
    ) -> None:
        names = [f"k{n:03}" for n in range(25)]
        for name in names:
            client.put_key(namespace, name, b"")
        pages = []
        request = ListKeysRequest(namespace=namespace, limit=10)
        while not pages or request.cursor:
            answer = raw(request)
            pages.append(list(answer.keys))
            request.cursor = answer.next_cursor
        assert [len(page) for page in pages] == [10, 10, 5]
        assert [name for page in pages for name in page] == names

    def test_a_cursor_lives_on_while_keys_come_and_go(
        self, raw: Raw, client: memgrid.Client, namespace: str
    ) -> None:
        for name in "bdfh":
            client.put_key(namespace, name, b"")
        first = raw(ListKeysRequest(namespace=namespace, limit=2))
        assert list(first.keys) == ["b", "d"]
        for name in "df":
            client.delete_key(namespace, name)
        for name in "aeg":
            client.put_key(namespace, name, b"")
        rest = raw(ListKeysRequest(namespace=namespace, limit=9, cursor=first.next_cursor))
        assert list(rest.keys) == ["e", "g", "h"]

    def test_a_cursor_is_bound_to_its_list(
        self, raw: Raw, client: memgrid.Client, namespace: str
    ) -> None:
        for name in "abc":
            client.put_key(namespace, name, b"")
        cursor = raw(ListKeysRequest(namespace=namespace, limit=1)).next_cursor
        flipped = cursor[:-1] + bytes([cursor[-1] ^ 1])
        other = namespace + ".o"
        client.create_namespace(other)
        wrong = [
            ListKeysRequest(namespace=namespace, cursor=flipped),
            ListKeysRequest(namespace=namespace, cursor=cursor[:-1]),
            ListKeysRequest(namespace=namespace, cursor=b"x"),
            ListKeysRequest(namespace=namespace, cursor=cursor, prefix="b"),
            ListKeysRequest(namespace=other, cursor=cursor),
        ]
        for request in wrong:
            code, text = raw.status(request)
            assert (code, "cursor" in text) == (grpc.StatusCode.INVALID_ARGUMENT, True)

    def test_more_than_a_page_comes_whole(
        self, raw: Raw, server: memgrid.LocalServer, namespace: str
    ) -> None:
        async def fill() -> list[str]:
            async with memgrid.AsyncClient(server.address) as client:
                await asyncio.gather(
                    *(client.put_key(namespace, f"{n:06}", b"") for n in range(10_500))
                )
                return await client.list_keys(namespace)

        assert asyncio.run(fill()) == [f"{n:06}" for n in range(10_500)]
        page = raw(ListKeysRequest(namespace=namespace))
        assert len(page.keys) == 10_000
        assert page.next_cursor

    def test_a_page_has_at_most_two_mebibytes(
        self, raw: Raw, server: memgrid.LocalServer, namespace: str
    ) -> None:
        async def fill() -> list[str]:
            async with memgrid.AsyncClient(server.address) as client:
                names = (f"{n:06}".ljust(1000, "x") for n in range(2300))
                await asyncio.gather(*(client.put_key(namespace, name, b"") for name in names))
                return await client.list_keys(namespace)

        assert len(asyncio.run(fill())) == 2300
        page = raw(ListKeysRequest(namespace=namespace))
        assert 1_000_000 < sum(map(len, page.keys)) <= 2 << 20


class TestConsistency:
    @pytest.mark.parametrize("consistency", list(Consistency))
    def test_every_level_reads_ones_own_write_on_one_server(
        self, client: memgrid.Client, namespace: str, consistency: Consistency
    ) -> None:
        version = client.put_key(namespace, "k", b"v")
        read = client.get(namespace, "k", consistency=consistency, min_version=version)
        assert read == (b"v", version)
        assert client.list_keys(namespace, consistency=consistency, min_version=version) == ["k"]

    def test_a_version_that_never_comes_ends_with_the_deadline(
        self, client: memgrid.Client, namespace: str
    ) -> None:
        client.put_key(namespace, "k", b"v")
        with pytest.raises(errors.DeadlineExceeded):
            client.get(
                namespace,
                "k",
                consistency=Consistency.AT_LEAST_VERSION,
                min_version=2**62,
                timeout_ms=200,
            )

    def test_unknown_levels_are_refused(self, raw: Raw, namespace: str) -> None:
        code, text = raw.status(GetKeyRequest(namespace=namespace, key="k", consistency=9))
        assert (code, "consistency" in text) == (grpc.StatusCode.INVALID_ARGUMENT, True)
