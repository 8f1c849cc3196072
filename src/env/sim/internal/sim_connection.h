// Simulated TCP: two directions of bytes on their way, with delays, splits, limits and breaks.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "env/network.h"
#include "env/sim/internal/sim_loop.h"

namespace memgrid::env::internal {

class SimConnection;

// What lies between two ends. Side 0 has connected, side 1 has accepted. Owned by its ends and by
// the events that are under way.
class SimStream : public std::enable_shared_from_this<SimStream> {
 public:
  SimStream(SimHost& from, SimHost& to);

  SimHost& host(int side) { return *sides_[side].host; }
  void SetEnd(int side, SimConnection* end) { sides_[side].end = end; }

  bool readable(int side) const;
  bool writable(int side) const;
  bool broken(int side) const { return sides_[side].reset; }

  IoResult Read(int side, std::span<char> into);
  IoResult Write(int side, std::span<const IoSlice> slices);
  // The end of `side` is gone; the other hears of it after the last byte.
  void Close(int side);
  // The machine of `side` is gone: what it had sent last may be lost.
  void Crash(int side);
  // Both ends find it broken.
  void Break();

 private:
  enum class Kind : uint8_t { kData, kEnd, kReset };
  struct Segment {
    Kind kind;
    std::string bytes;
    Nanos sent, arrives;
  };
  struct Side {
    SimHost* host;
    SimConnection* end = nullptr;
    bool closed = false;
    bool ended = false;  // the other side's end has arrived
    bool reset = false;
    std::string inbox;
    size_t inbox_at = 0;         // what comes before has been read
    std::deque<Segment> coming;  // on their way to this side
    uint64_t coming_bytes = 0;
    bool arrival_scheduled = false;

    size_t unread() const { return inbox.size() - inbox_at; }
  };

  uint64_t Room(int side) const;
  void Push(int to, Kind kind, std::string bytes);
  void ScheduleArrival(int to, Nanos at);
  void Arrive(int to);
  void Deliver(int to, Segment segment);
  void Tell(int side);
  Nanos Delay();

  Side sides_[2];
};

class SimConnection final : public Connection {
 public:
  SimConnection(std::shared_ptr<SimStream> stream, int side, std::string peer);
  ~SimConnection() override { Close(); }

  void SetHandler(ConnectionHandler* handler) override;
  void SetInterest(bool readable, bool writable) override;
  IoResult Read(std::span<char> into) override;
  IoResult Write(std::span<const IoSlice> slices) override;
  void Close() override;
  std::string_view peer() const override { return peer_; }
  void Attach(Loop& loop) override;

  // Calls the handler; true to be called again. By the loop.
  bool OnReady();
  // Something about the stream has changed.
  void CallIfPending();

 protected:
  void Detach() override;

 private:
  bool Pending() const;

  const std::shared_ptr<SimStream> stream_;
  const int side_;
  const std::string peer_;
  SimLoop* loop_ = nullptr;
  ConnectionHandler* handler_ = nullptr;
  bool want_read_ = true;
  bool want_write_ = false;
  bool open_ = true;
};

}  // namespace memgrid::env::internal
