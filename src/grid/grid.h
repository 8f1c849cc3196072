// The grid: what a request means. The only thing below them that front ends see.
//
// A call is validated, its namespace found and its access checked on the loop that makes it. Reads
// of keys and regions are then answered there, before the call returns, without a lock, a hop or an
// allocation; writes and lists are carried out by the loop that owns the shard (at once if it is
// the same). The callback runs exactly once, on the calling loop, perhaps before the call returns;
// never after the loops have stopped.
//
// What a request's views point into is handed over as a Buffer: it is left alone where the answer
// is given before the call returns, and kept until the callback has run otherwise. Callbacks get
// the request back, so they need to hold little; up to two pointers are held without an allocation.
// Payloads of answers are valid during the callback, longer if kept (base/payload.h).
//
// Refusals (absl::Status): INVALID_ARGUMENT names argument and limit; NOT_FOUND has the same words
// for what is absent and what is another's; RESOURCE_EXHAUSTED: no room, quota; UNAVAILABLE:
// overload, with a retry hint, or stopping; DEADLINE_EXCEEDED: it never began, unless the text says
// `outcome unknown`; FAILED_PRECONDITION: an older sequence than the client's last; DATA_LOSS:
// rotten bytes. What is refused has left nothing behind.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/buffer.h"
#include "base/task.h"
#include "env/loop.h"
#include "grid/counters.h"
#include "grid/requests.h"

namespace memgrid::storage {
class Store;
}

namespace memgrid::grid {

class Authenticator;

// A namespace that the configuration names: created at start if it is not there.
struct NamespaceSetting {
  std::string name;
  std::string store = "default";
  uint64_t default_ttl_ms = 0;
  uint64_t quota_bytes = 0;  // of names and values; 0: none
};

struct AuthSetting {
  enum Mode : uint8_t { kOff, kJwt };
  Mode mode = kOff;
  // HS256 keys: file of at least 32 raw bytes; its name without folder and extension is the `kid`.
  std::vector<std::string> key_files;
  std::string audience;  // empty: `aud` is not looked at
};

struct GridOptions {
  std::vector<NamespaceSetting> namespaces;
  AuthSetting auth;
};

template <typename Request, typename Answer>
using Done = absl::AnyInvocable<void(const absl::Status&, const Request&, Answer&)>;

class Grid {
 public:
  // Reads the key files. INVALID_ARGUMENT that says which setting is wrong. `loops` outlives the
  // grid; nothing runs yet: calls are UNAVAILABLE until Start is done. Before the loops start, or
  // on loop 0.
  static absl::StatusOr<std::unique_ptr<Grid>> Create(GridOptions options, env::LoopGroup& loops);
  // After the loops have stopped.
  ~Grid();

  // Takes up the state of `stores` (which outlive the grid; the one named "default" gets what
  // callers create), creates the namespaces of the configuration, then serves. On loop 0; `done`
  // there too.
  void Start(std::vector<storage::Store*> stores, absl::AnyInvocable<void(absl::Status)> done);

  // Refuses everything from here on and lets commands under way end; then no command is applied any
  // more and stores may be closed. On loop 0; `done` there too.
  void Stop(base::Task done);

  // Who is asking, by the value of an `authorization` header ("Bearer TOKEN"; scheme in any case).
  // UNAUTHENTICATED without, with a bad and with an expired token. With authentication off:
  // kLocalCaller, whatever the header says. The view is valid until the next call on the same loop.
  // On loop `loop`.
  absl::StatusOr<std::string_view> Authenticate(int loop, std::string_view authorization);

  // Keys.
  void Call(const Context& context, const CreateNamespace& request, base::Buffer&& bytes,
            Done<CreateNamespace, WriteAnswer> done);
  void Call(const Context& context, const GetKey& request, base::Buffer&& bytes,
            Done<GetKey, ValueAnswer> done);
  void Call(const Context& context, const PutKey& request, base::Buffer&& bytes,
            Done<PutKey, WriteAnswer> done);
  void Call(const Context& context, const DeleteKey& request, base::Buffer&& bytes,
            Done<DeleteKey, WriteAnswer> done);
  void Call(const Context& context, const CompareAndSwap& request, base::Buffer&& bytes,
            Done<CompareAndSwap, WriteAnswer> done);
  void ListKeys(const Context& context, const List& request, base::Buffer&& bytes,
                Done<List, ListAnswer> done);

  // Regions.
  void Call(const Context& context, const AllocateMemory& request, base::Buffer&& bytes,
            Done<AllocateMemory, WriteAnswer> done);
  void Call(const Context& context, const WriteMemory& request, base::Buffer&& bytes,
            Done<WriteMemory, WriteAnswer> done);
  // At most 16 MiB, all of one state.
  void Call(const Context& context, const ReadMemory& request, base::Buffer&& bytes,
            Done<ReadMemory, MemoryAnswer> done);
  void Call(const Context& context, const ResizeMemory& request, base::Buffer&& bytes,
            Done<ResizeMemory, WriteAnswer> done);
  void Call(const Context& context, const FreeMemory& request, base::Buffer&& bytes,
            Done<FreeMemory, WriteAnswer> done);
  void Call(const Context& context, const DescribeMemory& request, base::Buffer&& bytes,
            Done<DescribeMemory, MemoryAnswer> done);
  void Call(const Context& context, const CompareAndSwapMemory& request, base::Buffer&& bytes,
            Done<CompareAndSwapMemory, WriteAnswer> done);
  void ListMemoryRegions(const Context& context, const List& request, base::Buffer&& bytes,
                         Done<List, ListAnswer> done);

  // Names of the caller's namespaces that begin with `prefix`, in byte order. Any loop.
  absl::StatusOr<std::vector<std::string>> ListNamespaces(const Context& context,
                                                          std::string_view prefix) const;
  // Figures of all stores, or of the one named; NOT_FOUND if there is none. Any loop.
  absl::StatusOr<std::vector<StoreReport>> StoreStatus(const Context& context,
                                                       std::string_view store) const;

  // Sums over all loops, at most a moment old. Any thread.
  Counters counters() const;

  struct Parts;  // the inside: parts.h

 private:
  explicit Grid(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace memgrid::grid
