// One HTTP connection: bytes in, answers out, in the order of the requests.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "env/network.h"
#include "frontend/http/http.h"
#include "observe/counter.h"

namespace memgrid::frontend::http {

class HttpConnection;

// The connections of one loop and what they share. Destroyed on its loop, or after the loop has
// stopped.
struct Door {
  Door(env::Loop& its_loop, const Limits& its_limits, const std::vector<Route>& its_routes)
      : loop(its_loop), limits(its_limits), routes(its_routes) {}
  ~Door();

  env::Loop& loop;
  const Limits& limits;
  const std::vector<Route>& routes;
  absl::flat_hash_set<HttpConnection*> open;  // owned
  observe::Counter connections, requests, refused;
};

// Deletes itself when it is done; all on its loop.
class HttpConnection final : public env::ConnectionHandler {
 public:
  static void Serve(Door& door, std::unique_ptr<env::Connection> connection);

  void OnReadable() override;
  void OnWritable() override;
  void OnClosed() override;

 private:
  friend struct Door;
  class Parser;

  HttpConnection(Door& door, std::unique_ptr<env::Connection> connection);
  ~HttpConnection() override;

  // Parses and answers, sends, until there is nothing left to do now. May delete `this`.
  void Pump();
  void Consume();
  // False when the connection has been ended (and `this` deleted).
  bool Flush();
  // A last answer, then the end.
  void Refuse(int status, std::string_view why);
  void Answer();
  void Queue(const Response& response, bool head, bool keep);
  Response Respond() const;
  void SetDeadline(env::Nanos wait);
  void End();

  Door& door_;
  std::unique_ptr<env::Connection> connection_;
  std::unique_ptr<Parser> parser_;
  std::string in_;        // received, not yet parsed
  std::string out_;       // to be sent
  size_t sent_ = 0;       // of out_
  size_t queued_ = 0;     // answers in out_
  bool closing_ = false;  // after out_ has left
  env::Loop::TimerId timer_ = 0;
};

}  // namespace memgrid::frontend::http
