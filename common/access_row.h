// A row of the access table as it travels: what `show access` lists and what migration and copies carry. Columns as in
// the access-migration spec, 2.2 and 2.5. Trivially copyable; ports and numbers in host byte order.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "common/service_table.h"

namespace baton {

struct AccessRow {
  IpAddress client;     // 901, 910
  IpAddress external;   // 903, 912
  IpAddress internal;   // 913; the client's address with `destination` translation
  IpAddress backend;    // 904, 915
  uint16_t client_port = 0;    // 902, 911; the identifier of ICMP echo
  uint16_t external_port = 0;
  uint16_t internal_port = 0;  // 914; the client's port with `destination` translation
  uint16_t backend_port = 0;   // 905, 916
  uint8_t protocol = 0;
  ForwardMethod method = ForwardMethod::kDestination;
  RowState state = RowState::kUdp;
  Slot service_slot = kNoSlot;
  Slot backend_slot = kNoSlot;
  // 906-908, 917-919 (RFC 1631, 3.3.3), for the backend's direction [1] and the client's [0].
  std::array<uint32_t, 2> seq = {};
  std::array<int16_t, 2> delta = {};
  uint32_t idle_ms = 0;        // timestamp: since the last packet of either direction
  std::array<uint32_t, 2> packets = {};
};
static_assert(std::is_trivially_copyable_v<AccessRow>);

// A bounded piece of a walk over a worker's table. The control thread owns it, lends it to one worker, gets it back.
struct RowBatch {
  static constexpr int kCapacity = 64;
  uint32_t next = 0;   // where the next piece begins; set by the worker
  bool done = false;   // the walk reached the end; set by the worker
  int count = 0;
  std::array<AccessRow, kCapacity> rows;
};

}  // namespace baton
