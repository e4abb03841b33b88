// The FIB: longest prefix match over a list of routes of both families. Built by the control thread, frozen, then read
// by workers; freed by the control thread once they have handed it back. Kept in rte_fib and rte_fib6: as a tree while
// there are few routes, as flat tables (tens of megabytes, constant time) beyond kTreeRoutes. The EAL must run.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/route.h"
#include "common/status.h"

struct rte_fib;
struct rte_fib6;

namespace baton {

inline constexpr uint32_t kNoRoute = 0xffffffff;

class RouteTable {
 public:
  // Up to this many routes of a family a tree is as fast as a flat table, which would push other data out of the cache.
  static constexpr size_t kTreeRoutes = 256;

  // AlreadyExists when two routes have one prefix and one source; ResourceExhausted when there is no memory for it.
  static absl::StatusOr<std::unique_ptr<const RouteTable>> Build(const RouteList& routes);
  ~RouteTable();
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  // Of the routes for everybody: the index of the one with the longest prefix that covers the address, or kNoRoute.
  uint32_t Find(const IpAddress& to) const { return FindIn(all_, to); }
  // For a packet: of the routes that are for its source, too. The longest prefix of the destination decides, then the longest
  // of the source. One look-up for each different `from` that covers the source.
  uint32_t Find(const IpAddress& from, const IpAddress& to) const {
    return sources_.empty() ? FindIn(all_, to) : FindForSource(from, to);
  }

  // REQUIRES: index < size().
  const Route& route(uint32_t index) const { return routes_[index]; }
  size_t size() const { return routes_.size(); }
  const RouteList& routes() const { return routes_; }
  bool flat(Family family) const { return family == Family::kIpv4 ? all_.flat_v4 : all_.flat_v6; }

 private:
  // The routes with one `from`. What a look-up yields is an index in routes_.
  struct Set {
    Prefix from;
    rte_fib* v4 = nullptr;
    rte_fib6* v6 = nullptr;
    bool flat_v4 = false, flat_v6 = false;
  };

  explicit RouteTable(const RouteList& routes);
  absl::Status Build(Set& set) const;
  absl::Status BuildV4(const std::vector<uint32_t>& shorter_first, bool flat, Set& set) const;
  absl::Status BuildV6(const std::vector<uint32_t>& shorter_first, bool flat, Set& set) const;
  uint32_t FindIn(const Set& set, const IpAddress& to) const;
  uint32_t FindForSource(const IpAddress& from, const IpAddress& to) const;

  RouteList routes_;
  bool wide_;          // flat tables have entries of 4 bytes instead of 2
  uint64_t no_route_;  // what a look-up yields where no prefix covers the address
  Set all_;
  std::vector<Set> sources_;  // shorter `from` first
};

}  // namespace baton
