// memgridd: the server program.

#include <csignal>
#include <cstdio>
#include <string>

#include "config/config.h"
#include "server/reports.h"
#include "server/server.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (argc == 2 && std::string_view(argv[1]) == "--print-metrics") {
    std::fputs(memgrid::observe::Metrics(memgrid::server::MetricTable()).Reference().c_str(),
               stdout);
    return 0;
  }
  const auto line = memgrid::config::FromCommandLine(argc, argv);
  if (!line.ok()) {
    std::fprintf(stderr, "memgridd: %s\n", std::string(line.status().message()).c_str());
    return 2;
  }
  if (!line->text.empty()) {
    std::fputs(line->text.c_str(), stdout);
    return 0;
  }
  return memgrid::server::Run(line->config);
}
