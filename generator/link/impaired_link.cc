#include "generator/link/impaired_link.h"

#include <cstring>

#include "common/headers.h"

namespace baton::generator {

int ImpairedLink::Send(const Frame* frames, int count) {
  int taken = 0;
  for (; taken < count && waiting_.size() < kMostWaiting; ++taken) Harm(frames[taken]);
  SendDue();
  return taken;
}

void ImpairedLink::Advance(int64_t now_ns) {
  now_ns_ = now_ns;
  if (held_.data != nullptr && now_ns_ - held_since_ns_ > kLongestHeldNs) {
    Queue(held_);
    held_ = {};
  }
  SendDue();
}

void ImpairedLink::Harm(const Frame& frame) {
  ++injected_.passed;
  double drawn = random_.Share();
  if ((drawn -= impairment_.lost) < 0) {
    ++injected_.lost;
    inner_.Free(&frame, 1);
  } else if ((drawn -= impairment_.corrupted) < 0) {
    ++injected_.corrupted;
    TurnBit(frame);
    Queue(frame);
  } else if ((drawn -= impairment_.duplicated) < 0 && Duplicate(frame)) {
    ++injected_.duplicated;
  } else if ((drawn -= impairment_.reordered) < 0 && held_.data == nullptr) {
    held_ = frame;
    held_since_ns_ = now_ns_;
  } else {
    Pass(frame);
  }
}

// A frame to which nothing happens is what makes the held one late.
void ImpairedLink::Pass(const Frame& frame) {
  Queue(frame);
  if (held_.data == nullptr) return;
  Queue(held_);
  held_ = {};
  ++injected_.reordered;
}

bool ImpairedLink::Duplicate(const Frame& frame) {
  Frame copy;
  if (!inner_.Allocate(&copy, 1)) return false;
  std::memcpy(copy.data, frame.data, frame.length);
  copy.length = frame.length;
  Queue(frame);
  Queue(copy);
  return true;
}

// Behind the IP header, where a checksum covers every bit: an IPv6 header has none of its own.
void ImpairedLink::TurnBit(const Frame& frame) {
  const bool ipv4 = reinterpret_cast<const EthernetHeader*>(frame.data)->type.get() == kEtherIpv4;
  const uint32_t begin = sizeof(EthernetHeader) + (ipv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header));
  const uint32_t bit = random_.Below((frame.length - begin) * 8);
  frame.data[begin + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
}

void ImpairedLink::SendDue() {
  while (!waiting_.empty() && waiting_.front().due_ns <= now_ns_) {
    if (inner_.Send(&waiting_.front().frame, 1) == 0) return;
    waiting_.pop_front();
  }
}

}  // namespace baton::generator
