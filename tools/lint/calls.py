"""Time, chance, disk, network and threads are reached through src/env only (so that simulation is complete).

src/env/posix is where the calls are; tests, bench/ and cli/ are programs of their own and may use the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree import CPP, Finding, Tree, is_test, line_of

ALLOWED = ("src/env/posix/",)
# What is banned, and what to use instead. Matched in code without comments and literals.
_SYSCALLS = (
    "accept|accept4|bind|close|connect|epoll_create1|epoll_ctl|epoll_wait|eventfd|fallocate|fdatasync|fstat|fsync|"
    "ftruncate|getrandom|io_uring_[a-z_]+|ioctl|listen|lseek|madvise|mmap|munmap|open|openat|poll|pread|preadv|pwrite|"
    "pwritev|read|readv|recv|recvmsg|rename|select|send|sendmsg|setsockopt|socket|stat|syscall|unlink|write|writev"
)
BANS = (
    (r"\bstd::(this_thread|j?thread|async)\b", "threads are started by env/executor"),
    (r"\bpthread_\w+\s*\(", "threads are started by env/executor"),
    (r"\b(\w*[cC]lock)::now\s*\(|\babsl::Now\s*\(", "time comes from env/clock"),
    (
        r"(?<![\w.:>])(std::|::)?(time|clock_gettime|gettimeofday|nanosleep|usleep)\s*\(",
        "time comes from env/clock",
    ),
    (r"\babsl::SleepFor\b", "wait for an event of env/executor"),
    (
        r"\brandom_device\b|\bs?rand\s*\(\s*\)|\babsl::(Insecure)?BitGen\b",
        "chance comes from env/random",
    ),
    (
        r"\bstd::(recursive_|shared_|timed_)?mutex\b|\bstd::condition_variable\b",
        "use absl::Mutex with ABSL_GUARDED_BY",
    ),
    (rf"(?<![\w>.])::({_SYSCALLS})\s*\(", "system calls live in env/posix"),
    (
        r"\bstd::(filesystem|[io]?fstream)\b|\bf(open|read|write|sync)\s*\(",
        "files are reached through env/disk",
    ),
    (
        r"#\s*include\s*<(sys/(socket|epoll|mman|eventfd|uio|stat|syscall)\.h|liburing\.h|fcntl\.h|poll\.h|netinet/\w+\.h)>",
        "system calls live in env/posix",
    ),
)
_COMPILED = [(re.compile(pattern), instead) for pattern, instead in BANS]


def check(tree: Tree) -> Iterator[Finding]:
    for path in tree.files(*CPP, under="src"):
        if path.startswith(ALLOWED) or is_test(path) or path.endswith("_bench.cc"):
            continue
        text = tree.code(path)
        for pattern, instead in _COMPILED:
            for match in pattern.finditer(text):
                found = "".join(match.group(0).split()).rstrip("(")
                line = line_of(text, match.start())
                yield Finding(path, line, f"`{found}`: {instead}", f"{path}:{found}")
