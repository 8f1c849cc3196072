#include "grid/sessions.h"

#include "base/check.h"
#include "base/endian.h"

namespace memgrid::grid {

void EncodeSessionName(const ClientId& client, char* to) {
  to[0] = 's';
  base::StoreBe64(to + 1, client.high);
  base::StoreBe64(to + 9, client.low);
}

void EncodeSession(const Session& session, char* to) {
  base::StoreLe64(to, session.sequence);
  base::StoreLe64(to + 8, session.used_ms);
  to[16] = static_cast<char>(session.kind);
  EncodeResult(session.result, to + 17);
}

bool DecodeSession(std::string_view name, std::string_view body, ClientId* client,
                   Session* session) {
  if (name.size() != kSessionNameBytes || name[0] != 's' || body.size() != kSessionBodyBytes) {
    return false;
  }
  const auto kind = static_cast<uint8_t>(body[16]);
  if (kind < kFirstCommand || kind > kLastCommand) return false;
  client->high = base::LoadBe64(name.data() + 1);
  client->low = base::LoadBe64(name.data() + 9);
  session->sequence = base::LoadLe64(body.data());
  session->used_ms = base::LoadLe64(body.data() + 8);
  session->kind = static_cast<CommandKind>(kind);
  return DecodeResult(body.substr(17), &session->result);
}

const Session* Sessions::Find(const ClientId& client) const {
  const auto at = places_.find(client);
  return at == places_.end() ? nullptr : &entries_[at->second].session;
}

void Sessions::Set(const ClientId& client, const Session& session) {
  const auto [at, is_new] = places_.try_emplace(client, 0);
  if (is_new) {
    MEMGRID_CHECK(places_.size() <= most_, "more sessions than ", most_);
    if (free_.empty()) {
      at->second = static_cast<uint32_t>(entries_.size());
      entries_.emplace_back();
    } else {
      at->second = free_.back();
      free_.pop_back();
    }
  } else {
    Unlink(at->second);
  }
  entries_[at->second] = {.client = client, .session = session};
  LinkNewest(at->second);
}

bool Sessions::Oldest(ClientId* client, Session* session) const {
  if (oldest_ == kNone) return false;
  *client = entries_[oldest_].client;
  *session = entries_[oldest_].session;
  return true;
}

void Sessions::Forget(const ClientId& client) {
  const auto at = places_.find(client);
  if (at == places_.end()) return;
  Unlink(at->second);
  free_.push_back(at->second);
  places_.erase(at);
}

void Sessions::Unlink(uint32_t at) {
  Entry& entry = entries_[at];
  (entry.older == kNone ? oldest_ : entries_[entry.older].newer) = entry.newer;
  (entry.newer == kNone ? newest_ : entries_[entry.newer].older) = entry.older;
  entry.older = entry.newer = kNone;
}

void Sessions::LinkNewest(uint32_t at) {
  Entry& entry = entries_[at];
  entry.older = newest_;
  entry.newer = kNone;
  (newest_ == kNone ? oldest_ : entries_[newest_].newer) = at;
  newest_ = at;
}

}  // namespace memgrid::grid
