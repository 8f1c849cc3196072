"""Each check of tools/lint finds what it is for, and lets pass what looks like it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import blobs
import calls
import headers
import layers
import links
import names
import pytest
import registered
import sizes
import sleeps
import unfinished
from exceptions_list import Exceptions
from tree import Finding, Tree, blank_out

SLEEP = "sleep"  # so that this file has none
LAYERS = "# the law\nbase\nenv\nobserve config\nstorage replication\ngrid\nfrontend\nserver\n"


@pytest.fixture
def make_tree(tmp_path: Path):
    def make(files: dict[str, str | bytes]) -> Tree:
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
        for name, content in {"src/LAYERS": LAYERS, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Tree(tmp_path)

    return make


def messages(findings) -> list[str]:
    return [finding.message for finding in findings]


def found(module, tree: Tree) -> list[tuple[str, int]]:
    return [(finding.path, finding.line) for finding in module.check(tree)]


def test_blanking_keeps_lines_and_leaves_code():
    text = 'a("x//y"); // c\n/* two\nlines */ b(\'"\', R"(raw " //)", 1\'000);\n'
    blank = blank_out(text, comments=True, literals=True)
    assert blank.count("\n") == text.count("\n")
    assert "a(" in blank and "b(" in blank and "1'000" in blank
    assert "x" not in blank and "two" not in blank and "raw" not in blank


@pytest.mark.parametrize(
    ("path", "include", "allowed"),
    [
        ("src/grid/a.cc", "storage/engine.h", True),
        ("src/storage/a.cc", "grid/grid.h", False),
        ("src/storage/a.cc", "replication/replicator.h", False),
        ("src/storage/a.cc", "storage/b.h", True),
        ("src/storage/a.cc", "absl/status/status.h", True),
        ("src/observe/a.cc", "config/config.h", False),
        ("src/env/posix/a.cc", "env/clock.h", True),
        ("src/env/posix/a.cc", "env/sim/clock.h", False),
        ("src/env/clock.cc", "env/posix/clock.h", False),
        ("src/env/posix/a_test.cc", "env/sim/clock.h", True),
        ("src/frontend/grpc/a.cc", "frontend/http/server.h", False),
        ("src/frontend/grpc/a.cc", "frontend/frontend.h", True),
        ("src/server/main.cc", "frontend/grpc/server.h", True),
        ("cli/a.cc", "base/units.h", True),
        ("cli/a.cc", "env/clock.h", False),
        ("bench/a.cc", "storage/engine.h", True),
    ],
)
def test_includes_go_only_down(make_tree, path, include, allowed):
    tree = make_tree({path: f'// #include "server/x.h"\n#include "{include}"\n'})
    assert found(layers, tree) == ([] if allowed else [(path, 2)])


def test_a_folder_without_layer_is_found(make_tree):
    assert messages(layers.check(make_tree({"src/attic/a.h": ""}))) == ["does not list src/attic"]


@pytest.mark.parametrize(
    "line",
    [
        "std::thread t(f);",
        "auto t = std::chrono::steady_clock::now();",
        "auto t = absl::Now();",
        "std::random_device d;",
        "int fd = ::open(name, 0);",
        "n = ::read(fd, p, 1);",
        "std::mutex m;",
        "std::ifstream in(name);",
        "time(nullptr);",
        "#include <sys/socket.h>",
    ],
)
def test_the_world_is_reached_through_env_only(make_tree, line):
    text = f"// std::thread\n{line}\n"
    tree = make_tree(
        {"src/grid/a.cc": text, "src/env/posix/a.cc": text, "src/grid/a_test.cc": text}
    )
    assert found(calls, tree) == [("src/grid/a.cc", 2)]


@pytest.mark.parametrize(
    "line",
    [
        "disk.read(p);",
        "file->open(name);",
        "Status Engine::open();",
        "clock.now();",
        'log("std::thread");',
        "absl::Mutex m;",
        "int64_t expiry_time(int x);",
        "request.time();",
    ],
)
def test_methods_of_the_same_name_are_not_calls_of_the_system(make_tree, line):
    assert found(calls, make_tree({"src/grid/a.cc": line + "\n"})) == []


BODY = "  Step();\n"


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ("int Grid::Put(int a,\n    int b) {\n", "Grid::Put"),
        ("namespace x {\nclass Y {\n  void Run() const override {\n", "Run"),
        ("A::A(int x) : x_{x}, y_(0) {\n", "A::A"),
        ("template <typename T>\nvoid Each(T t) {\n  for (;;) {\n  }\n", "Each"),
        ("TEST(Store, Opens) {\n", "Store.Opens"),
        ("auto Make() -> std::vector<int> {\n  auto f = [&](int i) {\n  };\n", "Make"),
    ],
)
def test_length_of_functions(before, name):
    depth = before.count("{") - before.count("}")
    text = before + BODY * 50 + "}\n" * depth
    long = [f for f in sizes.cpp_functions(text) if f.lines > 45]
    assert [f.name for f in long] == [name] or (name == "A::A" and len(long) == 1)


def test_types_and_tables_are_not_functions():
    text = (
        "struct Big {\n"
        + "  int a;\n" * 60
        + "};\nconst Row kRows[] = {\n"
        + "  {F(1), 2},\n" * 60
        + "};\n"
    )
    assert [f for f in sizes.cpp_functions(text) if f.lines > 45] == []


def test_length_of_files_and_python_functions(make_tree):
    tree = make_tree(
        {
            "a.py": "def f():\n" + "    x = 1\n" * 45,
            "b.py": "def f():\n" + "    x = 1\n" * 44,
            "c.cc": "\n" * 601,
        }
    )
    assert found(sizes, tree) == [("c.cc", 1), ("a.py", 1)]


def test_share_of_comments_in_what_other_libraries_include(make_tree):
    quiet = "int f();\n" * 20
    told = "// what f does\nint f();\n" * 10
    table = '  X(reads, "calls", "Reads of keys") \\\n' * 10 + quiet
    names = ("quiet", "told", "table", "internal/quiet", "own", "small", "override", "private")
    tree = make_tree(
        {
            "src/grid/a.cc": "".join(f'#include "base/{n}.h"\n' for n in names if n != "own"),
            "src/base/parts/a.cc": '#include "base/own.h"\n',
            "src/base/quiet.h": quiet,
            "src/base/told.h": told,
            "src/base/table.h": table,
            "src/base/internal/quiet.h": quiet,
            "src/base/own.h": quiet,
            "src/base/small.h": "int f();\n",
            "src/base/override.h": told + "  void g() override;\n" * 20,
            "src/base/private.h": "class A {\n" + told + " private:\n" + quiet + "};\n",
        }
    )
    assert found(headers, tree) == [("src/base/quiet.h", 1)]


def test_names_of_other_places(make_tree):
    tree = make_tree(
        {
            "a.md": "see /home/somebody/x\n",
            "b.md": "see ./home/x and https://example.org/home/x\n",
            "src/base/BadName.cc": "",
            "src/base/unguarded.h": "int f();\n",
        }
    )
    assert sorted(found(names, tree)) == [
        ("a.md", 1),
        ("src/base/BadName.cc", 1),
        ("src/base/unguarded.h", 1),
    ]


def test_unfinished_work(make_tree):
    word = "TO" + "DO"  # spelt so that this file passes
    tree = make_tree({"a.cc": f"// {word}: later\n", "b.cc": f"int k{word}List;\n"})
    assert found(unfinished, tree) == [("a.cc", 1)]


def test_sleeps_in_tests(make_tree):
    tree = make_tree(
        {
            "tests/e2e/test_a.py": f"time.{SLEEP}(1)\n",
            "src/base/a_test.cc": f"// {SLEEP}_for(1)\nstd::this_thread::{SLEEP}_for(1s);\n",
            "bench/run.py": f"time.{SLEEP}(1)\n",
        }
    )
    assert found(sleeps, tree) == [("src/base/a_test.cc", 2), ("tests/e2e/test_a.py", 1)]


def test_links(make_tree):
    tree = make_tree(
        {
            "README.md": "[a](docs/a.md#part) [b](docs/b.md) [c](https://example.org/x) `src/base/a.h`\n",
            "docs/a.md": "[up](../README.md)\n",
            "src/base/a.h": "// docs/a.md says why, docs/gone.md does not\n",
        }
    )
    assert messages(links.check(tree)) == [
        "link to docs/b.md, which is not there",
        "docs/b.md is not there",
        "docs/gone.md is not there",
    ]


def test_blobs(make_tree):
    tree = make_tree({"big.txt": "x" * 300_000, "tool": b"\x7fELF\0\0", "small.bin": b"\0\1"})
    assert found(blobs, tree) == [("big.txt", 1), ("tool", 1)]


def test_sources_that_no_build_knows(make_tree):
    tree = make_tree(
        {
            "src/base/CMakeLists.txt": "memgrid_test(a_test SRCS a_test.cc)\n# b_test.cc\n",
            "src/base/a_test.cc": "",
            "src/base/b_test.cc": "",
            "src/grid/CMakeLists.txt": "foreach(c put)\nadd(commands/${c})\nadd(commands/put)\n",
            "src/grid/commands/put_test.cc": "",
        }
    )
    assert found(registered, tree) == [("src/base/b_test.cc", 1)]


def test_an_exception_hides_up_to_its_value(tmp_path):
    file = tmp_path / "exceptions.txt"
    file.write_text("# why\nsizes a.cc:F 60  # a table\n")
    exceptions = Exceptions(file)
    within, beyond = Finding("a.cc", 1, "", "a.cc:F", 60), Finding("a.cc", 1, "", "a.cc:F", 61)
    assert exceptions.filter("sizes", [within]) == []
    assert exceptions.filter("sizes", [beyond]) == [beyond]
    assert exceptions.filter("calls", [within]) == [within]


def test_an_exception_that_hides_nothing_is_found(tmp_path):
    file = tmp_path / "exceptions.txt"
    file.write_text("# why\nsizes a.cc:F 60\n")
    assert [f.line for f in Exceptions(file).filter("sizes", [])] == [2]
    assert Exceptions(file).filter("calls", []) == []
