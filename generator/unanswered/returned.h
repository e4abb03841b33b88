// What came back to somebody who expects no answer: to whom, from whom, and what it is. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "common/addr.h"
#include "generator/arrival.h"

namespace baton::generator {

enum class ReturnedKind : uint8_t { kSynAck, kReset, kIcmpError, kOther };
inline constexpr size_t kReturnedKinds = 4;
inline constexpr const char* kReturnedNames[kReturnedKinds] = {"syn_acks", "resets", "icmp_errors", "others"};

struct Returned {
  ReturnedKind kind = ReturnedKind::kOther;
  IpAddress to, from;  // of an ICMP error: the ends of the packet that it quotes
  uint16_t to_port = 0;
};

// Nothing for what is no whole IP packet, or an error that quotes none. `arrival`: of Classify.
std::optional<Returned> ReadReturned(const uint8_t* frame, uint16_t length, const Arrival& arrival);

}  // namespace baton::generator
