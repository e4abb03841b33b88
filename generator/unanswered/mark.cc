#include "generator/unanswered/mark.h"

namespace baton::generator {
namespace {

// A profile has no more classes (profile/reader.cc). Without this a TCP window of 65535 at one of the places would look
// like a mark as often as its check is right by chance.
constexpr uint32_t kMostClasses = 64;
bool IsMark(uint32_t flow) { return flow >= kUnansweredFlow && flow - kUnansweredFlow < kMostClasses; }

// Where MalformedWriter puts it: behind UDP, TCP with time stamps, a quoted packet, extension headers.
constexpr uint16_t kPlaces[] = {42, 62, 66, 70, 86, 110, 134};

// RFC 9293, 3.1: without ACK the acknowledgement number means nothing.
uint32_t CheckOfSyn(uint32_t flow, uint32_t number, uint64_t key) {
  return CheckOf(Pack({.flow = flow, .number = number, .time_ns = 0, .sender = 0}), key);
}

}  // namespace

Segment MarkedSyn(uint32_t place, uint32_t number, uint16_t mss, uint64_t key) {
  const uint32_t flow = kUnansweredFlow | place;
  Segment syn{.seq = number, .ack = CheckOfSyn(flow, number, key), .flow = flow, .mss = mss};
  syn.flags = kTcpSyn;
  return syn;
}

std::optional<Stamp> FindMark(const uint8_t* frame, uint16_t length, const Arrival& arrival, uint64_t key) {
  Stamp mark;
  for (const uint16_t place : kPlaces) {
    if (place + kStampSize > length || !ReadStamp(frame + place, key, &mark)) continue;
    if (IsMark(mark.flow)) return mark;
  }
  if (arrival.kind != ArrivalKind::kTcp) return std::nullopt;
  const std::optional<Segment> syn = ReadSegment(frame, arrival.l4, arrival.length, false);
  if (!syn || syn->flags != kTcpSyn || !syn->has_flow || !IsMark(syn->flow)) return std::nullopt;
  if (syn->ack != CheckOfSyn(syn->flow, syn->seq, key)) return std::nullopt;
  return Stamp{.flow = syn->flow, .number = syn->seq, .time_ns = 0, .sender = 0};
}

}  // namespace baton::generator
