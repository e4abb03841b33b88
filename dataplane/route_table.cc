#include "dataplane/route_table.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_memory.h>

namespace baton {
namespace {

// A flat table keeps the index in 15 or 31 bits of an entry, and its largest value must mean "no route".
constexpr uint64_t kNoRouteNarrow = 0x7fff;
constexpr uint64_t kNoRouteWide = 0x7fffffff;

// Names must differ between tables that live at the same time: the one in use and its successor.
std::string NextName(const char* prefix) {
  static std::atomic<uint32_t> next{0};
  return absl::StrCat(prefix, next.fetch_add(1, std::memory_order_relaxed));
}

// A flat table resolves 24 bits at once and then 8 bits in each second-level group: how many groups the prefixes need.
uint32_t GroupsNeeded(const RouteList& routes, Family family) {
  absl::flat_hash_set<std::pair<IpAddress, int>> groups;
  for (const Route& route : routes) {
    if (route.to.address.family() != family) continue;
    for (int bits = 24; bits < route.to.length; bits += 8) {
      groups.emplace(Prefix::Of(route.to.address, bits).address, bits);
    }
  }
  return static_cast<uint32_t>(groups.size());
}

// The routes of a family, shorter prefixes first. The order matters: rte_fib of DPDK 22.11 overwrites the whole table
// when a prefix is added that ends at the last address and holds a longer one which ends there too (224.0.0.0/3 after
// 240.0.0.0/4). In this order a new prefix never holds another one.
std::vector<uint32_t> ShorterFirst(const RouteList& routes, Family family) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < routes.size(); ++i) {
    if (routes[i].to.address.family() == family) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return routes[a].to.length < routes[b].to.length; });
  return order;
}

absl::Status NoMemory(const char* family, size_t count) {
  return absl::ResourceExhaustedError(
      absl::StrCat("routes: no memory for a table of ", count, " ", family, " routes: ", rte_strerror(rte_errno)));
}

absl::Status Refused(const Route& route, int error) {
  return absl::ResourceExhaustedError(absl::StrCat("routes: no room for ", route.to.ToString(), ": ",
                                                   rte_strerror(-error)));
}

}  // namespace

RouteTable::RouteTable(const RouteList& routes)
    : routes_(routes), wide_(routes.size() >= kNoRouteNarrow), no_route_(wide_ ? kNoRouteWide : kNoRouteNarrow) {}

RouteTable::~RouteTable() {
  rte_fib_free(v4_);
  rte_fib6_free(v6_);
}

absl::StatusOr<std::unique_ptr<const RouteTable>> RouteTable::Build(const RouteList& routes) {
  absl::flat_hash_set<std::pair<IpAddress, int>> seen;
  size_t v4 = 0, v6 = 0;
  for (const Route& route : routes) {
    if (!seen.emplace(route.to.address, route.to.length).second) {
      return absl::AlreadyExistsError(absl::StrCat("routes: more than one route to ", route.to.ToString()));
    }
    ++(route.to.address.is_v4() ? v4 : v6);
  }
  std::unique_ptr<RouteTable> table(new RouteTable(routes));
  // A flat table that finds no memory is given up for a tree, which is slower and needs a hundredth of it.
  if (v4 > 0 && (v4 <= kTreeRoutes || !table->BuildV4(v4, true).ok())) RETURN_IF_ERROR(table->BuildV4(v4, false));
  if (v6 > 0 && (v6 <= kTreeRoutes || !table->BuildV6(v6, true).ok())) RETURN_IF_ERROR(table->BuildV6(v6, false));
  return table;
}

absl::Status RouteTable::BuildV4(size_t count, bool flat) {
  rte_fib_free(v4_);
  rte_fib_conf conf = {};
  conf.type = flat ? RTE_FIB_DIR24_8 : RTE_FIB_DUMMY;
  conf.default_nh = no_route_;
  conf.max_routes = static_cast<int>(count);
  conf.dir24_8.nh_sz = wide_ ? RTE_FIB_DIR24_8_4B : RTE_FIB_DIR24_8_2B;
  conf.dir24_8.num_tbl8 = GroupsNeeded(routes_, Family::kIpv4) + 1;
  v4_ = rte_fib_create(NextName("baton4_").c_str(), SOCKET_ID_ANY, &conf);
  if (v4_ == nullptr) return NoMemory("IPv4", count);
  flat_v4_ = flat;
  for (const uint32_t i : ShorterFirst(routes_, Family::kIpv4)) {
    const Prefix& to = routes_[i].to;
    if (const int error = rte_fib_add(v4_, to.address.v4(), to.length, i); error != 0) {
      return Refused(routes_[i], error);
    }
  }
  return absl::OkStatus();
}

absl::Status RouteTable::BuildV6(size_t count, bool flat) {
  rte_fib6_free(v6_);
  rte_fib6_conf conf = {};
  conf.type = flat ? RTE_FIB6_TRIE : RTE_FIB6_DUMMY;
  conf.default_nh = no_route_;
  conf.max_routes = static_cast<int>(count);
  conf.trie.nh_sz = wide_ ? RTE_FIB6_TRIE_4B : RTE_FIB6_TRIE_2B;
  // rte_fib6 reserves for each route what it would need alone below the next shorter one: more than it then uses.
  const uint64_t groups = 2 * uint64_t{GroupsNeeded(routes_, Family::kIpv6)} + 64;
  conf.trie.num_tbl8 = static_cast<uint32_t>(std::min(groups, no_route_));
  v6_ = rte_fib6_create(NextName("baton6_").c_str(), SOCKET_ID_ANY, &conf);
  if (v6_ == nullptr) return NoMemory("IPv6", count);
  flat_v6_ = flat;
  for (const uint32_t i : ShorterFirst(routes_, Family::kIpv6)) {
    const Prefix& to = routes_[i].to;
    if (const int error = rte_fib6_add(v6_, to.address.v6_bytes(), to.length, i); error != 0) {
      return Refused(routes_[i], error);
    }
  }
  return absl::OkStatus();
}

uint32_t RouteTable::FindV4(uint32_t address) const {
  if (v4_ == nullptr) return kNoRoute;
  uint64_t found;
  rte_fib_lookup_bulk(v4_, &address, &found, 1);
  return found == no_route_ ? kNoRoute : static_cast<uint32_t>(found);
}

uint32_t RouteTable::FindV6(const uint8_t* address) const {
  if (v6_ == nullptr) return kNoRoute;
  uint8_t key[1][RTE_FIB6_IPV6_ADDR_SIZE];
  std::memcpy(key[0], address, sizeof(key[0]));
  uint64_t found;
  rte_fib6_lookup_bulk(v6_, key, &found, 1);
  return found == no_route_ ? kNoRoute : static_cast<uint32_t>(found);
}

}  // namespace baton
