#include "frontend/grpc/request_head.h"

#include "frontend/grpc/protocol.h"

namespace memgrid::frontend::grpc {
namespace {

constexpr size_t kKeptCapacity = 2048;  // text of a cleared head that is worth keeping
constexpr size_t kEntryOverhead = 32;   // RFC 9113, section 6.5.2

}  // namespace

bool RequestHead::Add(std::string_view name, std::string_view value, size_t limit) {
  bytes_ += name.size() + value.size() + kEntryOverhead;
  if (bytes_ > limit) return false;
  if (name.starts_with(':')) {
    AddPseudo(name, value);
  } else if (!AddProtocol(name, value)) {
    if (IsBinaryName(name)) {
      AddBinary(name, value);
    } else {
      AddMetadata(name, value);
    }
  }
  return true;
}

void RequestHead::Clear() {
  if (text_.capacity() > kKeptCapacity) {
    *this = RequestHead();
    return;
  }
  text_.clear();
  entries_.clear();
  path_size_ = 0;
  bytes_ = 0;
  timeout_.reset();
  error_ = {};
  http_method_ = HttpMethod::kOther;
  encoding_ = Encoding::kIdentity;
  is_grpc_ = false;
  accepts_gzip_ = false;
}

void RequestHead::AddPseudo(std::string_view name, std::string_view value) {
  if (name == ":path") {
    // HTTP/2 has pseudo-headers come first, so the text is still empty.
    text_.assign(value);
    path_size_ = value.size();
  } else if (name == ":method") {
    http_method_ = value == "POST" ? HttpMethod::kPost : value == "HEAD" ? HttpMethod::kHead : HttpMethod::kOther;
  }
}

// True if the header belongs to the protocol and is no metadata.
bool RequestHead::AddProtocol(std::string_view name, std::string_view value) {
  if (name == "te") return true;
  if (name == "content-type") {
    is_grpc_ = IsGrpcContentType(value);
    return true;
  }
  if (!name.starts_with("grpc-")) return false;
  name.remove_prefix(5);
  if (name == "timeout") {
    timeout_ = ParseTimeout(value);
    if (!timeout_.has_value()) error_ = "grpc-timeout is not 1 to 8 digits and one of H M S m u n";
  } else if (name == "encoding") {
    encoding_ = value == "identity" ? Encoding::kIdentity : value == "gzip" ? Encoding::kGzip : Encoding::kUnknown;
  } else if (name == "accept-encoding") {
    accepts_gzip_ = accepts_gzip_ || ListsEncoding(value, "gzip");
  } else if (name.ends_with("-bin")) {
    return false;  // grpc-trace-bin and its like are for the service
  }
  return true;
}

void RequestHead::AddMetadata(std::string_view name, std::string_view value) {
  entries_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                      static_cast<uint32_t>(value.size())});
  text_.append(name);
  text_.append(value);
}

// Several values may have been joined with commas on the way.
void RequestHead::AddBinary(std::string_view name, std::string_view values) {
  for (bool more = true; more;) {
    size_t comma = values.find(',');
    Entry entry{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()), 0};
    text_.append(name);
    if (!DecodeBinary(values.substr(0, comma), &text_)) {
      error_ = "a metadata value whose name ends in -bin is no base64";
      return;
    }
    entry.value_size = static_cast<uint32_t>(text_.size() - entry.start - entry.name_size);
    entries_.push_back(entry);
    more = comma != std::string_view::npos;
    if (more) values.remove_prefix(comma + 1);
    while (more && values.starts_with(' ')) values.remove_prefix(1);
  }
}

std::string_view RequestHead::metadata(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (Name(entry) == name) return Value(entry);
  }
  return {};
}

void RequestHead::ForEach(absl::FunctionRef<void(std::string_view, std::string_view)> visit) const {
  for (const Entry& entry : entries_) visit(Name(entry), Value(entry));
}

}  // namespace memgrid::frontend::grpc
