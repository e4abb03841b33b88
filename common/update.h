// Every message that may cross a ring, both directions. Plain values, trivially copyable, at most 64 bytes. Pointers
// are lent, with the owner named beside each. README, "life of an update", tells the whole way.
#pragma once

#include <cstdint>
#include <type_traits>
#include <variant>

#include "common/access_row.h"
#include "common/address_table.h"
#include "common/condition.h"
#include "common/route.h"
#include "common/service_table.h"

namespace baton {

class CaptureRing;   // common/capture_ring.h
class RouteTable;    // dataplane/route_table.h
struct Giving;       // common/hand_over_work.h
struct Taking;
struct PacketTrace;  // common/packet_trace.h

// --- control thread -> one worker ---

// Snapshots: staged until the Commit that follows. The worker hands the former one back with Retired.
struct UseRoutes { const RouteTable* routes; };
struct UseServices { const ServiceTable* services; };
struct UseAddresses { const AddressTable* addresses; };
struct Commit { uint64_t generation; };  // what was staged takes effect together, between two bursts

// What control found out about a neighbour. Takes effect at once. A neighbour that failed has no MAC address: packets
// that wait for it are answered with an error.
struct SetNeighbor {
  IpAddress address;
  MacAddress mac;
  PortId port;
  enum class State : uint8_t { kReachable, kFailed, kForget } state;
};

// A frame of control's own (from the BufferPool), given to the worker.
struct SendFrame {
  void* buffer;
  uint8_t* data;
  uint16_t length;
  PortId port;
};

// Fill `batch`, beginning at row `from`, and hand it back with RowsListed.
struct ListRows {
  RowBatch* batch;
  uint32_t from;
};

// Tell what this packet would meet, without any effect, and hand the trace back with Explained.
struct Explain { PacketTrace* trace; };

// From now on copy packets into `ring`, until EndCapture; then hand it back with CaptureEnded.
struct StartCapture { CaptureRing* ring; };
struct EndCapture {};

// Whether packets to the MAC address of this virtual router are subject to conditions, and what becomes of those that
// meet none: the active router passes them, a backup does not (VR-37, VR-39). Takes effect at once.
struct ShareLoad {
  ConditionGroup group;
  bool shares;  // false: every packet passes
  Verdict verdict;
};

// Take these conditions over, and hand the batch back with ConditionsChanged.
struct ChangeConditions { ConditionBatch* batch; };

// Fill `batch`, beginning at `from`, and hand it back with FlowsListed.
struct ListFlows {
  FlowBatch* batch;
  uint32_t from;
};

// Conditions change hands, as common/hand_over_work.h says. What is lent comes back with GivingEnded and TakingEnded.
struct BeginGiving { Giving* giving; };
struct EndGiving { Giving* giving; };
struct BeginTaking { Taking* taking; };
struct EndTaking { Taking* taking; };  // with the report
struct AbandonTaking { Taking* taking; };

using Update = std::variant<UseRoutes, UseServices, UseAddresses, Commit, SetNeighbor, SendFrame, ListRows, Explain,
                            StartCapture, EndCapture, ShareLoad, ChangeConditions, ListFlows, BeginGiving, EndGiving,
                            BeginTaking, EndTaking, AbandonTaking>;
static_assert(std::is_trivially_copyable_v<Update> && sizeof(Update) <= 64);

// --- one worker -> control thread ---

struct RetiredRoutes { const RouteTable* routes; };
struct RetiredServices { const ServiceTable* services; };
struct RetiredAddresses { const AddressTable* addresses; };
struct Committed { uint64_t generation; };

// A packet for control: the frame from its Ethernet header on. Control frees the buffer.
struct FrameForControl {
  void* buffer;
  const uint8_t* data;
  uint16_t length;
  PortId port;
};

// Packets wait for the MAC address of this neighbour. Repeated by the worker, at most once a second, until it is set.
struct NeedNeighbor {
  IpAddress address;
  PortId port;
};

struct RowsListed { RowBatch* batch; };
struct Explained { PacketTrace* trace; };
struct CaptureEnded { CaptureRing* ring; };

struct ConditionsChanged { ConditionBatch* batch; };
struct FlowsListed { FlowBatch* batch; };

struct GivingEnded { Giving* giving; };
struct TakingBegun { Taking* taking; };  // stays lent; packets of all its conditions wait from now on
struct TakingEnded { Taking* taking; };

// A packet passed that meets no condition: its source may be an end system that nobody knows of yet (VR-48). A worker
// tells it at most 1000 times a second, and of one address once a minute; what is lost comes again then.
struct EndSystemSeen {
  IpAddress address;
  ConditionGroup group;
};

using Event = std::variant<RetiredRoutes, RetiredServices, RetiredAddresses, Committed, FrameForControl, NeedNeighbor,
                           RowsListed, Explained, CaptureEnded, ConditionsChanged, FlowsListed, EndSystemSeen, GivingEnded,
                           TakingBegun, TakingEnded>;
static_assert(std::is_trivially_copyable_v<Event> && sizeof(Event) <= 64);

}  // namespace baton
