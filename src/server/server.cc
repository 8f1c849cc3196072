#include "server/server.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/disk.h"
#include "env/posix/machine.h"
#include "env/posix/posix_env.h"
#include "frontend/grpc/server.h"
#include "frontend/grpc/services.h"
#include "frontend/http/http.h"
#include "grid/grid.h"
#include "observe/log.h"
#include "server/reports.h"
#include "server/setup.h"
#include "storage/store.h"

namespace memgrid::server {
namespace {

constexpr std::string_view kKeyValueService = "memgrid.v1.KeyValueService";
constexpr std::string_view kMemoryService = "memgrid.v1.MemoryService";
constexpr std::string_view kAdminService = "memgrid.v1.AdminService";

void LogSlowTurn(int loop, env::Nanos took) {
  observe::Debug("slow turn", {{"loop", loop}, {"ms", took.count() / 1'000'000}});
}

// The parts in the order of their construction; destroyed the other way round, after the loops have
// stopped.
class Process {
 public:
  Process(const config::Config& config, const env::Machine& machine)
      : config_(config), machine_(machine), metrics_(MetricTable()) {
    env::PosixOptions options;
    options.loops = LoopCount(config, machine);
    options.on_slow_turn = LogSlowTurn;
    loops_ = env::MakePosixLoops(options);
  }

  int Run() {
    if (const absl::Status status = Prepare(); !status.ok()) return Refuse(status);
    for (const int signal : {SIGTERM, SIGINT}) {
      env::OnSignal(loop(), signal, [this] { OnStopSignal(); });
    }
    std::future<int> ended = exit_code_.get_future();
    loops_->Start();
    loop().Post([this] { OpenNextStore(); });
    const int code = ended.get();
    loops_->Stop();
    return code;
  }

 private:
  env::Loop& loop() { return loops_->loop(0); }

  // What can be refused before anything is touched: keys, the folder's lock, ports.
  absl::Status Prepare() {
    auto grid = grid::Grid::Create(GridOf(config_), *loops_);
    if (!grid.ok()) return grid.status();
    grid_ = *std::move(grid);
    MEMGRID_RETURN_IF_ERROR(loop().disk().MakeFolder(config_.data_dir + "/shadow"));
    auto lock = loop().disk().Lock(config_.data_dir + "/lock");
    if (!lock.ok()) return base::Annotate(lock.status(), "another server uses this data folder: ");
    lock_ = *std::move(lock);
    grpc_ = std::make_unique<frontend::grpc::Server>(*loops_, frontend::grpc::Limits{},
                                                     frontend::grpc::MakeServices(*grid_));
    http_ = std::make_unique<frontend::http::Server>(
        *loops_, frontend::http::Limits{},
        frontend::http::StandardRoutes(metrics_, [this] { return WhyNotReady(); }));
    ReportLoops(metrics_, *loops_);
    ReportGrpc(metrics_, *grpc_);
    ReportHttp(metrics_, *http_);
    ReportGrid(metrics_, *grid_);
    if (config_.listen.grpc != "off") MEMGRID_RETURN_IF_ERROR(grpc_->Listen(config_.listen.grpc));
    if (config_.listen.http != "off") MEMGRID_RETURN_IF_ERROR(http_->Listen(config_.listen.http));
    return absl::OkStatus();
  }

  // One line: what is wrong with the configuration (2), or why this machine does not let us (1).
  static int Refuse(const absl::Status& status) {
    std::fprintf(stderr, "memgridd: %s\n", std::string(status.message()).c_str());
    return absl::IsInvalidArgument(status) ? 2 : 1;
  }

  void OpenNextStore() {
    const std::vector<storage::StoreOptions> all = StoresOf(config_, machine_);
    if (stores_.size() == all.size()) return StartGrid();
    const storage::StoreOptions& options = all[stores_.size()];
    storage::Store::Open(
        options, *loops_,
        [name = options.name](uint64_t done, uint64_t bytes) {
          observe::Info("loading", {{"store", name}, {"bytes", done}, {"of", bytes}});
        },
        [this](absl::StatusOr<std::unique_ptr<storage::Store>> store) {
          if (!store.ok()) return Exit(Refuse(store.status()));
          stores_.push_back(*std::move(store));
          LogRecovery(*stores_.back());
          OpenNextStore();
        });
  }

  static void LogRecovery(const storage::Store& store) {
    const storage::RecoveryReport& report = store.recovery();
    observe::Info(report.created ? "store created" : "store loaded",
                  {{"store", store.options().name},
                   {"bytes", report.bytes_read},
                   {"records", report.records},
                   {"seconds", report.seconds},
                   {"torn_bytes", report.torn_bytes},
                   {"void_records", report.void_records},
                   {"lost_keys", report.lost_keys}});
    // What is lost is counted above; a disk that rots everywhere must not fill another with words.
    constexpr size_t kMostWarnings = 100;
    for (size_t i = 0; i < std::min(report.warnings.size(), kMostWarnings); ++i) {
      observe::Warning("damaged", {{"store", store.options().name}, {"what", report.warnings[i]}});
    }
  }

  void StartGrid() {
    std::vector<storage::Store*> stores;
    for (const auto& store : stores_) stores.push_back(store.get());
    grid_->Start(std::move(stores), [this](absl::Status status) {
      if (!status.ok()) return Exit(Refuse(status));
      Serve();
    });
  }

  void Serve() {
    serving_.store(true);
    for (const std::string_view service :
         {std::string_view(), kKeyValueService, kMemoryService, kAdminService}) {
      grpc_->SetServing(service, true);
    }
    std::string line = "ready";
    for (const std::string& address : grpc_->addresses()) line += " grpc=" + address;
    if (!http_->address().empty()) line += " http=" + http_->address();
    observe::Info("serving", {{"loops", loops_->size()}, {"stores", stores_.size()}});
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    env::NotifyServiceManager("READY=1");
  }

  std::string WhyNotReady() const {
    if (stopping_.load()) return "stopping";
    return serving_.load() ? "" : "loading";
  }

  void OnStopSignal() {
    // While loading nothing has been acknowledged, and what recovery writes is safe to leave at any
    // point.
    if (!serving_.load()) std::_Exit(0);
    if (stopping_.exchange(true)) std::_Exit(1);
    observe::Info("draining");
    env::NotifyServiceManager("STOPPING=1");
    grpc_->Drain([this] { grid_->Stop([this] { CloseStores(); }); });
  }

  void CloseStores() {
    if (closed_ == stores_.size()) return Exit(0);
    stores_[closed_]->Close([this](absl::Status status) {
      if (!status.ok()) {
        observe::Error("store not closed", {{"store", stores_[closed_]->options().name},
                                            {"reason", std::string(status.message())}});
        return Exit(1);
      }
      ++closed_;
      CloseStores();
    });
  }

  void Exit(int code) { exit_code_.set_value(code); }

  const config::Config& config_;
  const env::Machine machine_;
  observe::Metrics metrics_;
  std::unique_ptr<env::LoopGroup> loops_;
  std::unique_ptr<env::FileLock> lock_;
  std::vector<std::unique_ptr<storage::Store>> stores_;
  std::unique_ptr<grid::Grid> grid_;
  std::unique_ptr<frontend::grpc::Server> grpc_;
  std::unique_ptr<frontend::http::Server> http_;
  size_t closed_ = 0;  // stores, while stopping
  std::atomic<bool> serving_{false};
  std::atomic<bool> stopping_{false};
  std::promise<int> exit_code_;
};

}  // namespace

int Run(const config::Config& config) {
  env::RaiseFileLimit();
  return Process(config, env::ThisMachine()).Run();
}

}  // namespace memgrid::server
