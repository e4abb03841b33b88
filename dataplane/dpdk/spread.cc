#include "dataplane/dpdk/spread.h"

#include <algorithm>
#include <bit>
#include <vector>

#include <absl/strings/str_cat.h>
#include <rte_ethdev.h>

#include "dataplane/client_hash.h"
#include "dataplane/dpdk/eal.h"

namespace baton::dataplane {
namespace {

// What a key must hold for the longest input: an IPv6 address and a port.
constexpr size_t kLeastKey = 18 + 4;

constexpr uint64_t kWithPorts = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
                                RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;
constexpr uint64_t kAddresses = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;

absl::Status Cannot(absl::string_view why) { return absl::UnimplementedError(why); }

// Entry i of a table of any such size is for the worker that entry i % 128 of client_hash.h names.
bool TableFits(uint16_t size, uint16_t queues) {
  if (size % kSpreadSlots == 0) return size > 0;
  return std::has_single_bit(size) && std::has_single_bit(queues) && size >= queues;
}

std::vector<rte_eth_rss_reta_entry64> TableOf(uint16_t size) {
  std::vector<rte_eth_rss_reta_entry64> table((size + RTE_ETH_RETA_GROUP_SIZE - 1) / RTE_ETH_RETA_GROUP_SIZE);
  for (uint16_t i = 0; i < size; ++i) {
    table[i / RTE_ETH_RETA_GROUP_SIZE].mask |= uint64_t{1} << (i % RTE_ETH_RETA_GROUP_SIZE);
  }
  return table;
}

}  // namespace

absl::StatusOr<uint64_t> SpreadHashTypes(const SpreadSpec& spec, const rte_eth_dev_info& device, uint16_t queues) {
  if (spec.by == SpreadBy::kNothing) return Cannot("clients and backends are on the same side of it");
  const uint64_t offered = device.flow_type_rss_offloads;
  if (offered == 0) return Cannot("the device spreads nothing");
  const bool source = spec.by == SpreadBy::kSource;
  uint64_t wanted = source ? RTE_ETH_RSS_L3_SRC_ONLY : RTE_ETH_RSS_L3_DST_ONLY;
  if (!spec.whole_clients) wanted |= source ? RTE_ETH_RSS_L4_SRC_ONLY : RTE_ETH_RSS_L4_DST_ONLY;
  if ((offered & wanted) != wanted) {
    return Cannot(absl::StrCat("the device does not hash the ", source ? "source" : "destination", " alone"));
  }
  const uint64_t types = spec.whole_clients ? kAddresses : kWithPorts;
  if ((offered & types) != types) return Cannot(spec.whole_clients ? "the device does not hash IPv4 and IPv6 addresses"
                                                                   : "the device does not hash ports of TCP and UDP");
  if (!TableFits(device.reta_size, queues)) {
    return Cannot(
        absl::StrCat("the device's table has ", device.reta_size, " entries, not a multiple of ", kSpreadSlots));
  }
  // 0: the driver does not tell.
  if (device.hash_key_size != 0 && device.hash_key_size < kLeastKey) {
    return Cannot(absl::StrCat("the device's hash key has ", device.hash_key_size, " bytes only"));
  }
  return wanted | types;
}

std::string SpreadKey(size_t size) {
  std::string key(kSpreadKey.begin(), kSpreadKey.end());
  key.resize(size == 0 ? kSpreadKeySize : size);
  return key;
}

absl::Status SetSpread(uint16_t dpdk_id, uint64_t hash_types, const rte_eth_dev_info& device, uint16_t queues) {
  std::vector<rte_eth_rss_reta_entry64> table = TableOf(device.reta_size);
  const auto entry = [&](uint16_t i) -> uint16_t& {
    return table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
  };
  const auto worker = [&](uint16_t i) { return static_cast<uint16_t>(i % kSpreadSlots % queues); };
  for (uint16_t i = 0; i < device.reta_size; ++i) entry(i) = worker(i);
  if (const int error = rte_eth_dev_rss_reta_update(dpdk_id, table.data(), device.reta_size); error != 0) {
    return Cannot(absl::StrCat("the device refuses the table: ", DpdkError(error)));
  }
  table = TableOf(device.reta_size);
  if (const int error = rte_eth_dev_rss_reta_query(dpdk_id, table.data(), device.reta_size); error != 0) {
    return Cannot(absl::StrCat("the device does not tell its table: ", DpdkError(error)));
  }
  for (uint16_t i = 0; i < device.reta_size; ++i) {
    if (entry(i) != worker(i)) return Cannot("the device has another table than it was given");
  }
  const std::string wanted = SpreadKey(device.hash_key_size);
  std::string key(wanted.size(), '\0');
  rte_eth_rss_conf conf = {};
  conf.rss_key = reinterpret_cast<uint8_t*>(key.data());
  conf.rss_key_len = static_cast<uint8_t>(key.size());
  if (const int error = rte_eth_dev_rss_hash_conf_get(dpdk_id, &conf); error != 0) {
    return Cannot(absl::StrCat("the device does not tell its hash: ", DpdkError(error)));
  }
  if (key.compare(0, kLeastKey, wanted, 0, kLeastKey) != 0) {
    return Cannot("the device has another key than it was given");
  }
  if ((conf.rss_hf & hash_types) != hash_types) return Cannot("the device hashes something else than it was told");
  return absl::OkStatus();
}

std::string SpreadText(const SpreadSpec& spec) {
  return absl::StrCat("RSS by ", spec.by == SpreadBy::kSource ? "source" : "destination", " address",
                      spec.whole_clients ? "" : " and port");
}

}  // namespace baton::dataplane
