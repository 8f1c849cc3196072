#include "frontend/grpc/proto_view.h"

#include "base/endian.h"
#include "base/status.h"

namespace memgrid::frontend::grpc {
namespace {

enum WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5
};

constexpr int kDeepestGroup = 100;

// Reads a varint of at most 10 bytes. False: there is none.
bool ReadVarint(const char** at, const char* end, uint64_t* value) {
  const char* from = *at;
  if (from != end && static_cast<uint8_t>(*from) < 0x80) {  // nearly all of them
    *value = static_cast<uint8_t>(*from);
    *at = from + 1;
    return true;
  }
  uint64_t read = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (from == end) return false;
    const auto byte = static_cast<uint8_t>(*from++);
    read |= static_cast<uint64_t>(byte & 0x7F) << (shift & 63);
    if (byte < 0x80) {
      *value = read;
      *at = from;
      return true;
    }
  }
  return false;
}

// A field as it stands in the message. Get takes it if it has the right type.
struct Field {
  uint32_t number = 0;
  WireType type = kVarint;
  uint64_t varint = 0;
  std::string_view bytes;

  void Get(std::string_view* to) const {
    if (type == kBytes) *to = bytes;
  }
  void Get(uint64_t* to) const {
    if (type == kVarint) *to = varint;
  }
  void Get(std::optional<uint64_t>* to) const {
    if (type == kVarint) *to = varint;
  }
  void Get(bool* to) const {
    if (type == kVarint) *to = varint != 0;
  }
};

class Reader {
 public:
  explicit Reader(std::string_view message) : at_(message.data()), end_(at_ + message.size()) {}

  // The next field; false at the end and at what cannot be read.
  bool Next(Field* field) {
    if (at_ == end_) return false;
    bad_ = !ReadTag(field) || !ReadValue(field, 0);
    return !bad_;
  }
  bool bad() const { return bad_; }

 private:
  // A tag has 32 bits; what a fifth byte has beyond them is dropped, as the generated classes do.
  bool ReadTag(Field* field) {
    const char* const from = at_;
    uint64_t value = 0;
    if (!ReadVarint(&at_, end_, &value) || at_ - from > 5) return false;
    const auto tag = static_cast<uint32_t>(value);
    if ((tag >> 3) == 0) return false;
    field->number = tag >> 3;
    field->type = static_cast<WireType>(tag & 7);
    return true;
  }

  bool ReadValue(Field* field, int depth) {
    switch (field->type) {
      case kVarint:
        return ReadVarint(&at_, end_, &field->varint);
      case kBytes: {
        uint64_t size = 0;
        if (!ReadVarint(&at_, end_, &size)) return false;
        if (size > static_cast<uint64_t>(end_ - at_)) return false;
        field->bytes = {at_, static_cast<size_t>(size)};
        return Skip(static_cast<size_t>(size));
      }
      case kFixed64:
        return Skip(8);
      case kFixed32:
        return Skip(4);
      case kGroup:
        return SkipGroup(field->number, depth);
      default:
        return false;
    }
  }

  bool Skip(size_t size) {
    if (size > static_cast<size_t>(end_ - at_)) return false;
    at_ += size;
    return true;
  }

  bool SkipGroup(uint32_t number, int depth) {
    if (depth >= kDeepestGroup) return false;
    Field inner;
    while (ReadTag(&inner)) {
      if (inner.type == kEndGroup) return inner.number == number;
      if (!ReadValue(&inner, depth + 1)) return false;
    }
    return false;
  }

  const char* at_;
  const char* const end_;
  bool bad_ = false;
};

template <typename Take>
absl::Status Walk(std::string_view message, Take take) {
  Reader reader(message);
  Field field;
  while (reader.Next(&field)) take(field);
  if (reader.bad()) return base::Internal("the request is no message of this method");
  return absl::OkStatus();
}

absl::Status SetConsistency(uint64_t value, grid::Freshness* freshness) {
  const auto number = static_cast<int32_t>(value);
  if (number < 0 || number > 2) {
    return base::InvalidArgument(
        "consistency is ", number,
        "; LINEARIZABLE (0), STALE (1) and AT_LEAST_VERSION (2) are allowed");
  }
  freshness->consistency = static_cast<grid::Consistency>(number);
  return absl::OkStatus();
}

// Walk for requests that read: fields 16 and 17 say how fresh.
template <typename Take>
absl::Status WalkRead(std::string_view message, grid::Freshness* freshness, Take take) {
  uint64_t consistency = 0;
  const absl::Status status = Walk(message, [&](const Field& field) {
    switch (field.number) {
      case 16:
        return field.Get(&consistency);
      case 17:
        return field.Get(&freshness->min_version);
      default:
        return take(field);
    }
  });
  return status.ok() ? SetConsistency(consistency, freshness) : status;
}

// Walk for requests that write: fields 16 and 17 make them harmless to repeat.
template <typename Take>
absl::Status WalkWrite(std::string_view message, grid::WriteId* id, Take take) {
  return Walk(message, [&](const Field& field) {
    switch (field.number) {
      case 16:
        return field.Get(&id->client_id);
      case 17:
        return field.Get(&id->sequence);
      default:
        return take(field);
    }
  });
}

void PutVarint(std::string* to, uint64_t value) {
  if (value < 0x80) return to->push_back(static_cast<char>(value));
  char bytes[10];
  size_t size = 0;
  while (value >= 0x80) {
    bytes[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[size++] = static_cast<char>(value);
  to->append(bytes, size);
}

void PutTag(std::string* to, uint32_t number, WireType type) { PutVarint(to, number << 3 | type); }

}  // namespace

absl::Status Decode(std::string_view message, grid::CreateNamespace* request) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    if (field.number == 1) field.Get(&request->ns);
  });
}

absl::Status Decode(std::string_view message, grid::GetKey* request) {
  return WalkRead(message, &request->freshness, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
    }
  });
}

absl::Status Decode(std::string_view message, grid::PutKey* request) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(&request->value);
      case 4:
        return field.Get(&request->ttl_ms);
    }
  });
}

absl::Status Decode(std::string_view message, grid::DeleteKey* request) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
    }
  });
}

absl::Status Decode(std::string_view message, grid::CompareAndSwap* request) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(&request->expected);
      case 4:
        return field.Get(&request->new_value);
      case 18:
        return field.Get(&request->expect_absent);
      case 19:
        return field.Get(&request->expected_version);
      case 20:
        return field.Get(&request->ttl_ms);
    }
  });
}

absl::Status Decode(std::string_view message, grid::List* request) {
  return WalkRead(message, &request->freshness, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->prefix);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(&request->limit);
      case 18:
        return field.Get(&request->cursor);
    }
  });
}

absl::Status Decode(std::string_view message, grid::AllocateMemory* request) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(&request->size_bytes);
    }
  });
}

absl::Status Decode(std::string_view message, grid::WriteMemory* request, uint64_t* timeout_ms) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(&request->offset);
      case 4:
        return field.Get(&request->data);
      case 5:
        return field.Get(timeout_ms);
    }
  });
}

absl::Status Decode(std::string_view message, grid::ReadMemory* request, uint64_t* timeout_ms) {
  return WalkRead(message, &request->freshness, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(&request->offset);
      case 4:
        return field.Get(&request->length);
      case 5:
        return field.Get(timeout_ms);
    }
  });
}

absl::Status Decode(std::string_view message, grid::ResizeMemory* request, uint64_t* timeout_ms) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(&request->new_size);
      case 4:
        return field.Get(timeout_ms);
    }
  });
}

absl::Status Decode(std::string_view message, grid::FreeMemory* request, uint64_t* timeout_ms) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(timeout_ms);
    }
  });
}

absl::Status Decode(std::string_view message, grid::DescribeMemory* request, uint64_t* timeout_ms) {
  return WalkRead(message, &request->freshness, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(timeout_ms);
    }
  });
}

absl::Status Decode(std::string_view message, grid::CompareAndSwapMemory* request,
                    uint64_t* timeout_ms) {
  return WalkWrite(message, &request->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&request->key);
      case 2:
        return field.Get(&request->ns);
      case 3:
        return field.Get(&request->offset);
      case 4:
        return field.Get(&request->expected);
      case 5:
        return field.Get(&request->new_value);
      case 6:
        return field.Get(timeout_ms);
    }
  });
}

absl::Status Decode(std::string_view message, StreamWritePart* part) {
  return WalkWrite(message, &part->id, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return field.Get(&part->key);
      case 2:
        return field.Get(&part->ns);
      case 3:
        return field.Get(&part->offset);
      case 4:
        return field.Get(&part->data);
      case 5:
        return field.Get(&part->timeout_ms);
    }
  });
}

absl::Status DecodeText(std::string_view message, std::string_view* text) {
  return Walk(message, [&](const Field& field) {
    if (field.number == 1) field.Get(text);
  });
}

void PutBytesHead(std::string* to, uint32_t number, size_t size) {
  PutTag(to, number, kBytes);
  PutVarint(to, size);
}

void PutBytes(std::string* to, uint32_t number, std::string_view bytes) {
  if (bytes.empty()) return;
  PutBytesHead(to, number, bytes.size());
  to->append(bytes);
}

void PutNumber(std::string* to, uint32_t number, uint64_t value) {
  if (value == 0) return;
  PutTag(to, number, kVarint);
  PutVarint(to, value);
}

void PutSuccess(std::string* to, uint32_t number) { PutBytesHead(to, number, 0); }

}  // namespace memgrid::frontend::grpc
