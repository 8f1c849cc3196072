// CPU time of a running process, as the scheduler counts it: the chief figure of every comparison,
// because it suffers least from neighbours.

#pragma once

#include <dirent.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace memgrid::bench {

// Nanoseconds that all threads of process `pid` have run so far; 0 if it cannot be read.
inline uint64_t ProcessCpuNs(int pid) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/task";
  DIR* tasks = ::opendir(folder.c_str());
  if (tasks == nullptr) return 0;
  uint64_t sum = 0;
  while (const dirent* task = ::readdir(tasks)) {
    if (task->d_name[0] == '.') continue;
    uint64_t ran = 0;
    std::ifstream(folder + "/" + task->d_name + "/schedstat") >> ran;
    sum += ran;
  }
  ::closedir(tasks);
  return sum;
}

}  // namespace memgrid::bench
