// What routers of a group tell each other besides VRRP's own advertisements: types 1 to 8 of the extension for load
// sharing, as plain values. codec.h and unit_list.h have their bytes; README.md tells who sends which when. Any thread.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "common/addr.h"
#include "common/hand_over.h"
#include "common/time_point.h"

namespace baton::controlplane::load_sharing {

// Which allocation a message is about. Grows with each allocation, whoever makes it, and no two units make the same one
// (README.md); compared by difference, so that it may wrap. 0: none yet, which everything else is newer than.
using Generation = uint32_t;
inline bool IsNewer(Generation a, Generation b) {
  return a != 0 && (b == 0 || static_cast<int32_t>(a - b) > 0);
}
// What the numbers of a unit begin above when it knows of none: a 32nd of a second each, by its clock when it started.
// So one that restarts and hears nobody gives no number that it gave before: it has not given more than 32 a second, as
// there are at most 64 units and 2 s between two allocations. A file would outlive a clock that was set back, but has
// to be written before each allocation, and be there; the clock is what messages are proven new by already (hmac.h).
inline Generation GenerationAt(uint64_t microseconds_since_1970) {
  return static_cast<Generation>(microseconds_since_1970 * 32 / 1'000'000);
}

// How the old and the new router in charge see to it that no packet is forwarded twice (VR-Q10).
enum class HandOver : uint8_t {
  kTimer = 0,     // the new one begins after a delay
  kSequence = 1,  // the old one tells which TCP packet is the first that it has not forwarded
  kExact = 2,     // the old one tells which packets it forwarded last
};

// VR-32, VR-Q09.
enum class UnitState : uint8_t { kWorking = 0, kSuspended = 1, kFault = 2, kServer = 3, kServerFault = 4 };

// Type 1 with the list of units (unit_list.h): table A as the active router has it.
struct UnitAdvert {
  struct Unit {
    IpAddress address;
    UnitState state = UnitState::kWorking;
    friend bool operator==(const Unit&, const Unit&) = default;
  };
  std::vector<Unit> units = {};
  HandOver hand_over = HandOver::kTimer;
  friend bool operator==(const UnitAdvert&, const UnitAdvert&) = default;
};

// Type 2: the answer to each advertisement. Unicast to its sender (VR-10).
struct Response {
  Generation generation = 0;  // of the allocation that its sender has whole
  UnitState state = UnitState::kSuspended;
  std::vector<IpAddress> units = {};  // as it is configured
  friend bool operator==(const Response&, const Response&) = default;
};

// Type 3: who is in charge of what. Multicast, in as many packets as it takes.
struct Charge {
  IpAddress condition;  // an end system's address (VR-56)
  IpAddress unit;       // the router in charge
  bool orphan = false;  // the one before is gone: take over at once, nobody will report
  friend bool operator==(const Charge&, const Charge&) = default;
};
struct Allocation {
  Generation generation = 0;
  Generation base = 0;   // what it changes; 0: it is whole, and what it does not name is the active router's
  uint16_t fragment = 0, fragments = 1;
  HandOver hand_over = HandOver::kTimer;  // the active router's own (VR-69)
  std::vector<Charge> charges = {};
  friend bool operator==(const Allocation&, const Allocation&) = default;
};

// Type 4: unicast to who sent the allocation, and to each router that the unit takes conditions over from: it has
// recorded the allocation, and, unless the mode is `timer`, queues up packets of the conditions that become its own.
struct Range {
  uint16_t first = 0, last = 0;  // both included
  friend bool operator==(const Range&, const Range&) = default;
};
struct Confirmation {
  enum class Status : uint8_t {
    kRecorded = 0,  // it has the whole of it
    kMissing = 1,   // but for the fragments of `missing`
    kNoBase = 2,    // it does not have the allocation that is changed: send it whole
  };
  Generation generation = 0;
  IpAddress unit;  // who confirms; a server relays it (VR-113), and the active router speaks for who is gone
  Status status = Status::kRecorded;
  std::vector<Range> missing = {};
  friend bool operator==(const Confirmation&, const Confirmation&) = default;
};

// Type 5: what the old router in charge has forwarded. Unicast to the new one, in as many packets as it takes.
struct Report {
  Generation generation = 0;
  uint16_t fragment = 0, fragments = 1;
  Duration stopped_ago{};  // whole microseconds: since the old router stopped, when this packet was sent
  // kSequence: what to begin with, for each condition; kExact: what was forwarded, oldest first.
  std::variant<std::vector<FlowMark>, std::vector<ForwardedPacket>> records = std::vector<FlowMark>{};
  friend bool operator==(const Report&, const Report&) = default;
};

// Type 6: please look whether the load is still shared well. Unicast to the active router, or to the server.
struct ReviewRequest {
  Generation generation = 0;
  friend bool operator==(const ReviewRequest&, const ReviewRequest&) = default;
};

// Type 7: what have you forwarded? Unicast.
struct FlowRequest {
  Generation generation = 0;
  uint32_t review = 0;  // names the collection; the response repeats it
  friend bool operator==(const FlowRequest&, const FlowRequest&) = default;
};

// Type 8: the answer. Conditions that had no packet need not be named.
struct Flow {
  IpAddress condition;
  uint64_t bits_per_second = 0;
  friend bool operator==(const Flow&, const Flow&) = default;
};
struct FlowResponse {
  Generation generation = 0;
  uint32_t review = 0;
  uint16_t fragment = 0, fragments = 1;
  uint32_t overflows = 0;  // in `overflow_unit`
  Duration overflow_unit{};  // whole milliseconds
  std::vector<Flow> flows = {};
  friend bool operator==(const FlowResponse&, const FlowResponse&) = default;
};

// By type, from 2.
using Message = std::variant<Response, Allocation, Confirmation, Report, ReviewRequest, FlowRequest, FlowResponse>;

}  // namespace baton::controlplane::load_sharing
