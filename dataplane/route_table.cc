#include "dataplane/route_table.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>
#include <string>
#include <tuple>
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
uint32_t GroupsNeeded(const RouteList& routes, const std::vector<uint32_t>& of) {
  absl::flat_hash_set<std::pair<IpAddress, int>> groups;
  for (const uint32_t i : of) {
    const Prefix& to = routes[i].to;
    for (int bits = 24; bits < to.length; bits += 8) groups.emplace(Prefix::Of(to.address, bits).address, bits);
  }
  return static_cast<uint32_t>(groups.size());
}

// The routes of a family with this source, shorter prefixes first. The order matters: rte_fib of DPDK 22.11 overwrites
// the whole table when a prefix is added that ends at the last address and holds a longer one which ends there too
// (224.0.0.0/3 after 240.0.0.0/4). In this order a new prefix never holds another one.
std::vector<uint32_t> ShorterFirst(const RouteList& routes, const Prefix& from, Family family) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < routes.size(); ++i) {
    if (routes[i].to.address.family() == family && routes[i].from == from) order.push_back(i);
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
  sources_.push_back(all_);
  for (const Set& set : sources_) {
    rte_fib_free(set.v4);
    rte_fib6_free(set.v6);
  }
}

absl::StatusOr<std::unique_ptr<const RouteTable>> RouteTable::Build(const RouteList& routes) {
  absl::flat_hash_set<std::tuple<IpAddress, int, IpAddress, int>> seen;
  std::set<std::pair<int, Prefix>> sources;
  for (const Route& route : routes) {
    if (!seen.emplace(route.to.address, route.to.length, route.from.address, route.from.length).second) {
      return absl::AlreadyExistsError(absl::StrCat("routes: more than one route to ", route.to.ToString()));
    }
    if (route.from.length > 0) sources.emplace(route.from.length, route.from);
  }
  std::unique_ptr<RouteTable> table(new RouteTable(routes));
  RETURN_IF_ERROR(table->Build(table->all_));
  for (const auto& source : sources) {
    table->sources_.push_back({.from = source.second});
    RETURN_IF_ERROR(table->Build(table->sources_.back()));
  }
  return table;
}

// A flat table that finds no memory is given up for a tree, which is slower and needs a hundredth of it.
absl::Status RouteTable::Build(Set& set) const {
  const auto v4 = ShorterFirst(routes_, set.from, Family::kIpv4), v6 = ShorterFirst(routes_, set.from, Family::kIpv6);
  const auto small = [](const auto& routes) { return routes.size() <= kTreeRoutes; };
  if (!v4.empty() && (small(v4) || !BuildV4(v4, true, set).ok())) RETURN_IF_ERROR(BuildV4(v4, false, set));
  if (!v6.empty() && (small(v6) || !BuildV6(v6, true, set).ok())) RETURN_IF_ERROR(BuildV6(v6, false, set));
  return absl::OkStatus();
}

absl::Status RouteTable::BuildV4(const std::vector<uint32_t>& shorter_first, bool flat, Set& set) const {
  rte_fib_free(set.v4);
  rte_fib_conf conf = {};
  conf.type = flat ? RTE_FIB_DIR24_8 : RTE_FIB_DUMMY;
  conf.default_nh = no_route_;
  conf.max_routes = static_cast<int>(shorter_first.size());
  conf.dir24_8.nh_sz = wide_ ? RTE_FIB_DIR24_8_4B : RTE_FIB_DIR24_8_2B;
  conf.dir24_8.num_tbl8 = GroupsNeeded(routes_, shorter_first) + 1;
  set.v4 = rte_fib_create(NextName("baton4_").c_str(), SOCKET_ID_ANY, &conf);
  if (set.v4 == nullptr) return NoMemory("IPv4", shorter_first.size());
  set.flat_v4 = flat;
  for (const uint32_t i : shorter_first) {
    const Prefix& to = routes_[i].to;
    if (const int error = rte_fib_add(set.v4, to.address.v4(), to.length, i); error != 0) {
      return Refused(routes_[i], error);
    }
  }
  return absl::OkStatus();
}

absl::Status RouteTable::BuildV6(const std::vector<uint32_t>& shorter_first, bool flat, Set& set) const {
  rte_fib6_free(set.v6);
  rte_fib6_conf conf = {};
  conf.type = flat ? RTE_FIB6_TRIE : RTE_FIB6_DUMMY;
  conf.default_nh = no_route_;
  conf.max_routes = static_cast<int>(shorter_first.size());
  conf.trie.nh_sz = wide_ ? RTE_FIB6_TRIE_4B : RTE_FIB6_TRIE_2B;
  // rte_fib6 reserves for each route what it would need alone below the next shorter one: more than it then uses.
  const uint64_t groups = 2 * uint64_t{GroupsNeeded(routes_, shorter_first)} + 64;
  conf.trie.num_tbl8 = static_cast<uint32_t>(std::min(groups, no_route_));
  set.v6 = rte_fib6_create(NextName("baton6_").c_str(), SOCKET_ID_ANY, &conf);
  if (set.v6 == nullptr) return NoMemory("IPv6", shorter_first.size());
  set.flat_v6 = flat;
  for (const uint32_t i : shorter_first) {
    const Prefix& to = routes_[i].to;
    if (const int error = rte_fib6_add(set.v6, to.address.v6_bytes(), to.length, i); error != 0) {
      return Refused(routes_[i], error);
    }
  }
  return absl::OkStatus();
}

uint32_t RouteTable::FindIn(const Set& set, const IpAddress& to) const {
  uint64_t found = no_route_;
  if (to.is_v4()) {
    uint32_t key = to.v4();
    if (set.v4 != nullptr) rte_fib_lookup_bulk(set.v4, &key, &found, 1);
  } else if (set.v6 != nullptr) {
    uint8_t key[1][RTE_FIB6_IPV6_ADDR_SIZE];
    std::memcpy(key[0], to.v6_bytes(), sizeof(key[0]));
    rte_fib6_lookup_bulk(set.v6, key, &found, 1);
  }
  return found == no_route_ ? kNoRoute : static_cast<uint32_t>(found);
}

uint32_t RouteTable::FindForSource(const IpAddress& from, const IpAddress& to) const {
  uint32_t best = FindIn(all_, to);
  for (const Set& set : sources_) {
    if (!set.from.Contains(from)) continue;
    const uint32_t found = FindIn(set, to);
    if (found != kNoRoute && (best == kNoRoute || routes_[found].to.length >= routes_[best].to.length)) best = found;
  }
  return best;
}

}  // namespace baton
