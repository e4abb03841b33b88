// How a packet that expects no answer is known when it arrives: by a stamp (stamp.h) whose flow is none of the flows but
// the number of its class. It stands at one of few places in the frame, whatever the headers in front of it say; a SYN
// without payload has it in the time stamp option and its numbers instead. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "generator/arrival.h"
#include "generator/stamp.h"
#include "generator/tcp/segment.h"

namespace baton::generator {

inline constexpr uint32_t kUnansweredFlow = 0xffff0000;  // above all flows; the lower bits are the class

// REQUIRES: place < 2^16.
inline Stamp MarkOf(uint32_t place, uint32_t number, uint8_t kind) {
  return {.flow = kUnansweredFlow | place, .number = number, .time_ns = 0, .sender = kind};
}

// The first segment of a connection that never will be: no payload, the mark in fields that nobody looks at.
Segment MarkedSyn(uint32_t place, uint32_t number, uint16_t mss, uint64_t key);

// Nothing when the frame has none of this run.
std::optional<Stamp> FindMark(const uint8_t* frame, uint16_t length, const Arrival& arrival, uint64_t key);

}  // namespace baton::generator
