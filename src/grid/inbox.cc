#include "grid/inbox.h"

#include <utility>

namespace memgrid::grid {

Batch::Batch(Batch&& other) noexcept
    : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}

Batch::~Batch() {
  while (first_ != nullptr) delete std::exchange(first_, first_->next_);
}

void Batch::Add(std::unique_ptr<Letter> letter) {
  Letter* const added = letter.release();
  added->next_ = nullptr;
  (first_ == nullptr ? first_ : last_->next_) = added;
  last_ = added;
}

void Batch::Deliver() {
  while (first_ != nullptr) {
    std::unique_ptr<Letter> letter(std::exchange(first_, first_->next_));
    if (first_ != nullptr) first_->Prepare();
    Letter& delivered = *letter;
    delivered.Deliver(std::move(letter));
  }
}

Outbox::Outbox(env::LoopGroup& loops, env::Loop& loop)
    : loops_(loops), loop_(loop), batches_(static_cast<size_t>(loops.size())) {
  loop_.AtTurnEnd([this] { Flush(); });
}

void Outbox::Send(int to, std::unique_ptr<Letter> letter) {
  if (to == loop_.index()) {
    Letter& delivered = *letter;
    delivered.Deliver(std::move(letter));
    return;
  }
  Batch& batch = batches_[static_cast<size_t>(to)];
  if (batch.empty()) {
    if (waiting_.empty()) loop_.RequestTurn();  // sent by a hook behind ours: do not sleep on it
    waiting_.push_back(to);
  }
  batch.Add(std::move(letter));
}

void Outbox::Flush() {
  for (const int to : waiting_) {
    loops_.loop(to).Post(
        [batch = std::move(batches_[static_cast<size_t>(to)])]() mutable { batch.Deliver(); });
  }
  waiting_.clear();
}

}  // namespace memgrid::grid
