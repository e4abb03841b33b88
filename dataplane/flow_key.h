// What names a flow in one direction: the key of the access table. IPv4 keys take 16 bytes and IPv6 keys 40, because the
// index is most of a row's memory and of a look-up's time. Numbers lie as on the wire; unused bytes are zero.
#pragma once

#include <cstdint>
#include <cstring>

#include "common/addr.h"

namespace baton::dataplane {

struct FlowKey4 {
  uint32_t src, dst;            // as on the wire
  uint16_t src_port, dst_port;  // as on the wire; ICMP echo: the identifier, on the requester's side
  uint8_t protocol;
  uint8_t zero[3];
};
static_assert(sizeof(FlowKey4) == 16);

struct FlowKey6 {
  uint8_t src[16], dst[16];
  uint16_t src_port, dst_port;
  uint8_t protocol;
  uint8_t zero[3];
};
static_assert(sizeof(FlowKey6) == 40);

struct alignas(8) FlowKey {
  union {
    FlowKey4 v4;
    FlowKey6 v6;
  };
  FlowKey() : v6{} {}
};
static_assert(sizeof(FlowKey) == 40);

}  // namespace baton::dataplane
