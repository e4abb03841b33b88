// A network card that spreads what it receives as a port asks for: RSS over one end's address and port, TCP and UDP
// that is not in pieces, or over the address alone. The hash is DPDK's rte_softrss, the table 256 entries that name
// the queues in turn. Knows nothing of dataplane/client_hash.h but the key. Test code only.
#pragma once

#include <optional>

#include "common/route.h"
#include "tests/scenarios/frame_checksum.h"

namespace baton::scenarios {

struct SpreadingCard {
  SpreadBy by = SpreadBy::kNothing;
  bool addresses_only = false;
  uint16_t queues = 1;

  // Nothing for frames that it does not hash.
  std::optional<uint16_t> QueueOf(const Bytes& frame) const;
};

}  // namespace baton::scenarios
