#include "frontend/grpc/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "base/copy.h"
#include "base/check.h"
#include "base/status.h"

namespace memgrid::frontend::grpc {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, with gzip's header and checksum

// A buffer twice as large (at most `limit`) with the same content.
base::Buffer Grown(const base::Buffer& old, size_t limit) {
  base::Buffer larger(std::min(std::max<size_t>(old.capacity() * 2, 4096), limit));
  base::CopyBytes(larger.data(), old.view());
  larger.set_size(old.size());
  return larger;
}

void PackPart(z_stream& stream, std::string_view part, int flush) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
  stream.avail_in = static_cast<uInt>(part.size());
  int result = deflate(&stream, flush);
  MEMGRID_CHECK(result != Z_STREAM_ERROR && stream.avail_in == 0, "deflate gave ", result);
}

}  // namespace

Gzip::Gzip() = default;

Gzip::~Gzip() {
  if (inflate_ != nullptr) inflateEnd(inflate_.get());
  if (deflate_ != nullptr) deflateEnd(deflate_.get());
}

absl::StatusOr<base::Buffer> Gzip::Unpack(std::string_view packed, size_t limit) {
  if (inflate_ == nullptr) {
    inflate_ = std::make_unique<z_stream>();
    MEMGRID_CHECK(inflateInit2(inflate_.get(), kGzipWindow) == Z_OK, "no memory for zlib");
  } else {
    inflateReset(inflate_.get());
  }
  z_stream& stream = *inflate_;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  // One byte above the limit shows that there is more.
  base::Buffer out(std::min(std::max<size_t>(packed.size() * 3, 512), limit + 1));
  for (;;) {
    size_t room = out.capacity() - out.size();
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + out.size());
    stream.avail_out = static_cast<uInt>(room);
    int result = inflate(&stream, Z_NO_FLUSH);
    out.set_size(out.capacity() - stream.avail_out);
    if (out.size() > limit) {
      return base::ResourceExhausted("message is longer than ", limit, " bytes when unpacked; that is the limit");
    }
    if (result == Z_STREAM_END && stream.avail_in == 0) return out;
    bool full = stream.avail_out == 0;
    if (result != Z_OK && !(result == Z_BUF_ERROR && full)) break;
    if (!full) break;  // all input used, no end
    out = Grown(out, limit + 1);
  }
  return base::Internal("message is marked as compressed but is no gzip stream");
}

std::string Gzip::Pack(const Message& message) {
  if (deflate_ == nullptr) {
    deflate_ = std::make_unique<z_stream>();
    MEMGRID_CHECK(deflateInit2(deflate_.get(), Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
                  "no memory for zlib");
  } else {
    deflateReset(deflate_.get());
  }
  z_stream& stream = *deflate_;
  std::string out(deflateBound(&stream, message.size()), '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  PackPart(stream, message.head, Z_NO_FLUSH);
  for (std::string_view slice : message.body.slices) PackPart(stream, slice, Z_NO_FLUSH);
  PackPart(stream, message.tail, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  return out;
}

}  // namespace memgrid::frontend::grpc
