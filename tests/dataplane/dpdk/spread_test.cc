// Whether a device can spread frames as the workers own them, and that it is told so. Of DPDK's virtual devices none
// hashes the source alone; net_null keeps a key, a table and hash types, so what is written can be read back.
#include "dataplane/dpdk/spread.h"

#include <catch2/catch.hpp>
#include <rte_ethdev.h>

#include "dataplane/client_hash.h"
#include "dataplane/dpdk/port.h"

namespace baton::dataplane {
namespace {

constexpr uint64_t kPorts = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_TCP |
                            RTE_ETH_RSS_NONFRAG_IPV6_UDP;
constexpr uint64_t kBoth = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;
constexpr uint64_t kSourceOnly = RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_SRC_ONLY;
constexpr uint64_t kDestinationOnly = RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L4_DST_ONLY;

DpdkBufferPool& Pool() {
  // Never freed: statics would be destroyed after DPDK was stopped.
  static DpdkBufferPool* pool = DpdkBufferPool::Create("spread_test", 4095).value().release();
  return *pool;
}

std::unique_ptr<Port> Open(const PortSpec& spec) {
  auto port = OpenPort(spec, Pool());
  INFO(port.status());
  REQUIRE(port.ok());
  return *std::move(port);
}

}  // namespace

TEST_CASE("a device spreads only when it can do all of it") {
  constexpr uint64_t kAll = kPorts | kBoth | kSourceOnly | kDestinationOnly;
  struct Case {
    const char* name;
    SpreadSpec spec;
    uint64_t offers;
    uint16_t table;
    uint8_t key;
    uint16_t queues;
    uint64_t types;
    const char* why_not;
  };
  const SpreadSpec by_source{SpreadBy::kSource, false}, by_destination{SpreadBy::kDestination, false};
  const auto c = GENERATE_COPY(values<Case>({
      {"by source", by_source, kAll, 128, 40, 2, kPorts | kSourceOnly, ""},
      {"by destination", by_destination, kAll, 128, 40, 2, kPorts | kDestinationOnly, ""},
      {"by source address", {SpreadBy::kSource, true}, kAll, 128, 40, 2, kBoth | RTE_ETH_RSS_L3_SRC_ONLY, ""},
      {"by destination address", {SpreadBy::kDestination, true}, kAll, 128, 40, 2, kBoth | RTE_ETH_RSS_L3_DST_ONLY, ""},
      {"a larger table and key", by_source, kAll, 512, 52, 3, kPorts | kSourceOnly, ""},
      {"a table of two for two queues", by_source, kAll, 2, 40, 2, kPorts | kSourceOnly, ""},
      {"a table of 64 for three queues", by_source, kAll, 64, 40, 3, 0,
       "the device's table has 64 entries, not a multiple of 128"},
      {"a table of two for four queues", by_source, kAll, 2, 40, 4, 0,
       "the device's table has 2 entries, not a multiple of 128"},
      {"no table", by_source, kAll, 0, 40, 2, 0, "the device's table has 0 entries, not a multiple of 128"},
      {"a driver that does not tell its key's size", by_source, kAll, 128, 0, 2, kPorts | kSourceOnly, ""},
      {"a short key", by_source, kAll, 128, 16, 2, 0, "the device's hash key has 16 bytes only"},
      {"no RSS", by_source, 0, 128, 40, 2, 0, "the device spreads nothing"},
      {"both ends only", by_source, kPorts | kBoth, 128, 40, 2, 0, "the device does not hash the source alone"},
      {"the other end only", by_destination, kPorts | kBoth | kSourceOnly, 128, 40, 2, 0,
       "the device does not hash the destination alone"},
      {"no UDP over IPv6", by_source, kAll & ~RTE_ETH_RSS_NONFRAG_IPV6_UDP, 128, 40, 2, 0,
       "the device does not hash ports of TCP and UDP"},
      {"no side", {SpreadBy::kNothing, false}, kAll, 128, 40, 2, 0, "clients and backends are on the same side of it"},
  }));
  CAPTURE(c.name);
  rte_eth_dev_info device = {};
  device.flow_type_rss_offloads = c.offers;
  device.reta_size = c.table;
  device.hash_key_size = c.key;
  const auto types = SpreadHashTypes(c.spec, device, c.queues);
  CHECK(types.value_or(0) == c.types);
  CHECK(types.status().message() == c.why_not);
}

TEST_CASE("key, table and hash types are set and read back") {
  const auto port = Open({.name = "spread", .kind = DeviceKind::kNull, .queues = 2});
  REQUIRE(port->queues() == 2);
  rte_eth_dev_info device;
  REQUIRE(rte_eth_dev_info_get(port->dpdk_id(), &device) == 0);
  REQUIRE((device.flow_type_rss_offloads & kPorts) == kPorts);

  std::string other(device.hash_key_size, '\x6d');
  rte_eth_rss_conf conf = {reinterpret_cast<uint8_t*>(other.data()), static_cast<uint8_t>(other.size()), kPorts};
  REQUIRE(rte_eth_dev_rss_hash_update(port->dpdk_id(), &conf) == 0);
  CHECK(SetSpread(port->dpdk_id(), kPorts, device, 2).message() == "the device has another key than it was given");
  std::string key = SpreadKey(device.hash_key_size);
  conf = {reinterpret_cast<uint8_t*>(key.data()), static_cast<uint8_t>(key.size()), RTE_ETH_RSS_NONFRAG_IPV4_TCP};
  REQUIRE(rte_eth_dev_rss_hash_update(port->dpdk_id(), &conf) == 0);
  CHECK(SetSpread(port->dpdk_id(), kPorts, device, 2).message() == "the device hashes something else than it was told");
  conf.rss_hf = kPorts;
  REQUIRE(rte_eth_dev_rss_hash_update(port->dpdk_id(), &conf) == 0);
  CHECK(SetSpread(port->dpdk_id(), kPorts, device, 2).ok());

  std::vector<rte_eth_rss_reta_entry64> table(device.reta_size / RTE_ETH_RETA_GROUP_SIZE);
  for (auto& group : table) group.mask = UINT64_MAX;
  REQUIRE(rte_eth_dev_rss_reta_query(port->dpdk_id(), table.data(), device.reta_size) == 0);
  bool right = true;
  for (uint16_t i = 0; i < device.reta_size; ++i) right = right && table[i / 64].reta[i % 64] == i % 2;
  CHECK(right);
}

TEST_CASE("a port tells what its device spreads by, or why the workers have to steer") {
  const SpreadSpec by_source{SpreadBy::kSource, false};
  const auto null = Open({.name = "null", .kind = DeviceKind::kNull, .queues = 2, .spread = by_source});
  CHECK(null->queues() == 2);
  CHECK(null->spreading().by == SpreadBy::kNothing);
  CHECK(null->spreading().text == "software steering: the device does not hash the source alone");
  const auto ring =
      Open({.name = "ring", .kind = DeviceKind::kRing, .argument = "few", .queues = 2, .spread = by_source});
  CHECK(ring->spreading().text == "software steering: the device has too few queues");
  const auto alone = Open({.name = "alone", .kind = DeviceKind::kNull, .queues = 1, .spread = by_source});
  CHECK(alone->spreading().text == "");
}

TEST_CASE("the key is as long as the device wants it") {
  CHECK(SpreadKey(0).size() == 40);
  CHECK(SpreadKey(40) == std::string(kSpreadKey.begin(), kSpreadKey.end()));
  CHECK(SpreadKey(52).substr(0, 40) == SpreadKey(40));
  CHECK(SpreadText({SpreadBy::kSource, false}) == "RSS by source address and port");
  CHECK(SpreadText({SpreadBy::kDestination, true}) == "RSS by destination address");
}

}  // namespace baton::dataplane
