// The FIB: longest prefix match over a list of routes of both families. Built by the control thread, frozen, then read
// by workers; freed by the control thread once they have handed it back. Kept in rte_fib and rte_fib6: as a tree while
// there are few routes, as flat tables (tens of megabytes, constant time) beyond kTreeRoutes. The EAL must run.
#pragma once

#include <cstdint>
#include <memory>

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

  // AlreadyExists when two routes have one prefix; ResourceExhausted when there is no memory for it.
  static absl::StatusOr<std::unique_ptr<const RouteTable>> Build(const RouteList& routes);
  ~RouteTable();
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  // The index of the route with the longest prefix that covers the address, or kNoRoute.
  uint32_t Find(const IpAddress& a) const { return a.is_v4() ? FindV4(a.v4()) : FindV6(a.v6_bytes()); }
  uint32_t FindV4(uint32_t address) const;        // host byte order
  uint32_t FindV6(const uint8_t* address) const;  // 16 bytes in network order

  // REQUIRES: index < size().
  const Route& route(uint32_t index) const { return routes_[index]; }
  size_t size() const { return routes_.size(); }
  const RouteList& routes() const { return routes_; }
  bool flat(Family family) const { return family == Family::kIpv4 ? flat_v4_ : flat_v6_; }

 private:
  explicit RouteTable(const RouteList& routes);
  absl::Status BuildV4(size_t count, bool flat);
  absl::Status BuildV6(size_t count, bool flat);

  RouteList routes_;
  bool wide_;          // flat tables have entries of 4 bytes instead of 2
  uint64_t no_route_;  // what a look-up yields where no prefix covers the address
  bool flat_v4_ = false, flat_v6_ = false;
  rte_fib* v4_ = nullptr;
  rte_fib6* v6_ = nullptr;
};

}  // namespace baton
