#include "storage/shadow/header_keeper.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/status.h"

namespace memgrid::storage {

absl::StatusOr<std::unique_ptr<HeaderKeeper>> HeaderKeeper::Create(Shared& shared, std::vector<StripeHeader> headers,
                                                                   std::vector<int> first_copy) {
  auto buffer = base::ReservedMemory::Reserve(shared.geometry.header_copy_bytes() * headers.size());
  if (!buffer.ok()) return buffer.status();
  return std::unique_ptr<HeaderKeeper>(new HeaderKeeper(shared, std::move(headers), std::move(first_copy), *std::move(buffer)));
}

HeaderKeeper::HeaderKeeper(Shared& shared, std::vector<StripeHeader> headers, std::vector<int> first_copy,
                           base::ReservedMemory buffer)
    : shared_(shared), headers_(std::move(headers)), first_copy_(std::move(first_copy)), buffer_(std::move(buffer)) {}

void HeaderKeeper::Update(absl::FunctionRef<void(StripeHeader&)> change, Done done) {
  if (!failure_.ok()) return done(failure_);
  for (StripeHeader& header : headers_) change(header);
  waiting_.push_back(std::move(done));
  if (!busy_) StartWrite();
}

void HeaderKeeper::StartWrite() {
  busy_ = true;
  writing_ = std::exchange(waiting_, {});
  uint64_t generation = 0;
  for (const StripeHeader& header : headers_) generation = std::max(generation, header.generation);
  const size_t bytes = shared_.geometry.header_copy_bytes();
  for (size_t i = 0; i < headers_.size(); ++i) {
    headers_[i].generation = generation + 1;
    WriteStripeHeader(headers_[i], buffer_.data() + i * bytes, bytes);
  }
  WriteCopies(0);
}

void HeaderKeeper::WriteCopies(int round) {
  const size_t bytes = shared_.geometry.header_copy_bytes();
  left_ = static_cast<uint32_t>(headers_.size());
  for (size_t i = 0; i < headers_.size(); ++i) {
    const bool second = (first_copy_[i] ^ round) != 0;
    const uint64_t offset = second ? shared_.geometry.wblock_bytes() / 2 : 0;
    shared_.stripes[i].file->Write(offset, std::span<const char>(buffer_.data() + i * bytes, bytes),
                                   [this, round](absl::Status status) { OnWritten(round, std::move(status)); });
  }
}

void HeaderKeeper::OnWritten(int round, absl::Status status) {
  if (!status.ok() && failure_.ok()) failure_ = status;
  if (--left_ > 0) return;
  if (failure_.ok() && round == 0) return WriteCopies(1);
  busy_ = false;
  for (Done& done : std::exchange(writing_, {})) done(failure_);
  if (!failure_.ok()) {
    for (Done& done : std::exchange(waiting_, {})) done(failure_);
  } else if (!busy_ && !waiting_.empty()) {  // one of them may have started it
    StartWrite();
  }
}

}  // namespace memgrid::storage
