// What the old router in charge of an end system tells the new one of the packets that it forwarded: made by a worker,
// carried in a message of type 5, taken in by a worker of the new router. Plain values.
#pragma once

#include <cstdint>

#include "common/addr.h"

namespace baton {

// Of one packet that was forwarded; see docs/vrrp-load-sharing.md for what the digest covers.
struct ForwardedPacket {
  uint64_t digest = 0;
  uint32_t before_stop = 0;  // microseconds
  friend bool operator==(const ForwardedPacket&, const ForwardedPacket&) = default;
};

// Where a flow of one end system goes on.
struct FlowMark {
  enum class Status : uint8_t {
    kFirst = 0,     // this TCP packet is the first that was not forwarded (VR-Q16)
    kNotFound = 1,  // no packet of the condition was waiting (VR-78)
    kLast = 2,      // none was waiting; this one was the last that was forwarded (VR-Q45)
  };
  IpAddress condition;
  Status status = Status::kNotFound;
  uint8_t protocol = 0;
  IpAddress src, dst;
  uint16_t src_port = 0, dst_port = 0;  // host byte order
  uint32_t sequence = 0;                // host byte order
  uint64_t digest = 0;                  // of that packet
  friend bool operator==(const FlowMark&, const FlowMark&) = default;
};

}  // namespace baton
