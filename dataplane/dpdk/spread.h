// Has a device spread what it receives over its queues as dataplane/client_hash.h does: RSS by the source's or the
// destination's address and port alone, with the fixed key and a table that names the workers in turn. Main thread,
// while a port is opened.
#pragma once

#include <cstdint>
#include <string>

#include "common/route.h"
#include "common/status.h"

struct rte_eth_dev_info;

namespace baton::dataplane {

struct SpreadSpec {
  SpreadBy by = SpreadBy::kNothing;
  bool whole_clients = false;  // by addresses alone (steer.h)
};

// Whether a port's device spreads, and by what, or why not; in words for people.
struct Spreading {
  SpreadBy by = SpreadBy::kNothing;
  std::string text;  // "RSS by source address and port"; "software steering: the device spreads nothing"
};

// What to ask RSS for. Unimplemented, with the reason, when the device cannot: of `queues` queues, as many as there are
// workers.
absl::StatusOr<uint64_t> SpreadHashTypes(const SpreadSpec& spec, const rte_eth_dev_info& device, uint16_t queues);

// The key, as long as the device wants it: what is behind it, no input reaches.
std::string SpreadKey(size_t size);

// Sets the table of a device that was configured with the key and these hash types, and reads all three back.
absl::Status SetSpread(uint16_t dpdk_id, uint64_t hash_types, const rte_eth_dev_info& device, uint16_t queues);

// "RSS by source address and port".
std::string SpreadText(const SpreadSpec& spec);

}  // namespace baton::dataplane
