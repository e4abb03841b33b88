// What is kept of a packet that waits, for a neighbour or for the end of a migration. It goes through the pipeline
// again, from its first stage on, when the waiting is over: nothing that was found out about it before can be stale.
#pragma once

#include <cstdint>

#include "common/route.h"

namespace baton::dataplane {

struct WaitingPacket {
  void* buffer = nullptr;  // PacketIo's
  uint8_t* data = nullptr;
  uint16_t length = 0;
  PortId in_port = 0;
};

}  // namespace baton::dataplane
