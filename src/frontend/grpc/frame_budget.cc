#include "frontend/grpc/frame_budget.h"

namespace memgrid::frontend::grpc {
namespace {

// A padded DATA frame of up to this size may be all padding, so it counts as empty.
constexpr uint32_t kMostPadding = 256;

FrameBudget::Verdict Take(TokenBucket& bucket, env::Nanos now) {
  return bucket.Take(now) ? FrameBudget::Verdict::kFine : FrameBudget::Verdict::kExcess;
}

}  // namespace

FrameBudget::Verdict FrameBudget::OnFrame(const FrameHead& frame, env::Nanos now) {
  switch (frame.type) {
    case FrameType::kData:
    case FrameType::kHeaders:
      if (ended_.Has(frame.stream_id)) return Verdict::kClosedStream;
      if (frame.ends_stream()) {
        ended_.Add(frame.stream_id);
        return Verdict::kFine;
      }
      if (frame.type == FrameType::kHeaders) return Verdict::kFine;
      if (frame.length > 0 && !(frame.padded() && frame.length <= kMostPadding)) return Verdict::kFine;
      return Take(empty_data_, now);
    case FrameType::kPing:
      return frame.acknowledges() ? Verdict::kFine : Take(pings_, now);
    case FrameType::kSettings:
      return frame.acknowledges() ? Verdict::kFine : Take(settings_, now);
    case FrameType::kPriority:
      // nghttp2 ignores priorities, and with them what is wrong about them.
      if (frame.stream_id == 0 || frame.stream_id == frame.dependency) return Verdict::kProtocolError;
      return Take(priorities_, now);
    case FrameType::kReset:  // counted when it is known what it resets
      ended_.Add(frame.stream_id);
      return Verdict::kFine;
    case FrameType::kContinuation:  // nghttp2 takes few in a row
    case FrameType::kWindowUpdate:
    case FrameType::kGoAway:
      return Verdict::kFine;
  }
  return Take(priorities_, now);  // of unknown type
}

}  // namespace memgrid::frontend::grpc
