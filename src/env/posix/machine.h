// The machine as this process may use it, and the service manager above it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace memgrid::env {

struct Machine {
  int cpus;               // at least 1: affinity mask and cgroup quota (rounded up) considered
  uint64_t memory_bytes;  // physical memory, or less where a cgroup (v1 or v2) has a limit
};

// Reads /proc and /sys below `root`; "" is the real one.
Machine ThisMachine(const std::string& root = "");

// Raises the soft limit of open files to the hard one. Returns what may be open now.
uint64_t RaiseFileLimit();

// Tells systemd, if that has started us and asked for it (NOTIFY_SOCKET): "READY=1", "STOPPING=1",
// "STATUS=...". Does nothing otherwise; never blocks.
void NotifyServiceManager(std::string_view state);

}  // namespace memgrid::env
