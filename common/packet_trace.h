// What a worker tells about one packet that it takes through its pipeline without effect (dataplane/explain.h). Control
// owns it, fills in the frame and lends it to a worker with Explain; the worker writes the rest, the frame as it would
// leave included, and hands it back with Explained. Trivially copyable; ports and numbers in host byte order.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "common/access_row.h"
#include "common/address_table.h"
#include "common/drop_reason.h"
#include "common/route.h"

namespace baton {

struct PacketTrace {
  static constexpr int kHeadroom = 96;
  static constexpr int kMostBytes = 9216 + 18;  // of a frame: the largest MTU with its headers

  // What became of it; the first four end the packet's way through the box.
  enum class End : uint8_t { kForward, kEcho, kDrop, kControl, kKernel, kHold, kWait, kKept };
  enum class RowIs : uint8_t { kNone, kFound, kWouldBeMade, kWouldBeReopened };
  enum class NeighborIs : uint8_t { kNone, kUnknown, kIncomplete, kReachable, kFailed };

  // Set by control. The frame is at bytes + kHeadroom.
  PortId port = kNoPort;
  uint16_t length = 0;
  std::array<uint8_t, kHeadroom + kMostBytes> bytes = {};

  // Set by the worker from here on. False: it has no tables yet, nothing else is set.
  bool ready = false;
  bool elsewhere = false;     // another worker owns its flow: this one tells what it would do if it were its own
  End end = End::kDrop;
  DropReason drop = DropReason::kNone;
  bool answered = false;      // with kDrop: the sender would get the error that `bytes` has now

  // Parse.
  bool ip = false;            // an IP packet with complete headers: the ends below are set
  bool keyed = false;         // names a flow: TCP, UDP, ICMP echo
  bool fragment = false;
  bool icmp_error = false;    // quotes another packet; `row` is that one's
  uint8_t protocol = 0;
  IpAddress src, dst;
  uint16_t src_port = 0, dst_port = 0;
  uint32_t flow_hash = 0;     // the one that all boxes agree on

  // The address of ours that it is to, or that its row belongs to.
  bool ours = false;
  IpAddress address;
  AddressKind address_kind = AddressKind::kOwn;
  AddressMode address_mode = AddressMode::kNone;

  // Row, service and backend.
  RowIs row_is = RowIs::kNone;
  bool reply = false;         // from the backend to the client
  AccessRow row;
  Slot service_slot = kNoSlot;
  uint16_t backend_weight = 0;   // the figures that a backend for a new row was chosen by
  uint8_t backend_load = 0;
  uint64_t backend_rows = 0, backend_open = 0;
  uint32_t turn = 0;             // round robin: accesses before this one

  // The way out.
  bool routed = false;
  Route route;
  NeighborIs neighbor_is = NeighborIs::kNone;
  IpAddress neighbor;
  MacAddress mac;             // kReachable
  PortId out_port = kNoPort;
  uint16_t mtu = 0;           // of out_port
  uint8_t pieces = 1;         // that it leaves in; `bytes` still has the whole
  bool rewritten = false;     // `bytes` has, from out_offset on, the frame that would leave
  uint16_t out_offset = 0, out_length = 0;
};
static_assert(std::is_trivially_copyable_v<PacketTrace>);

}  // namespace baton
