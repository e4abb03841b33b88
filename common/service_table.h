// What the box balances: services with their backends, as the workers look them up. Frozen: the control thread builds a
// table whole, publishes it, and frees it when every worker has handed it back; workers only read it. `slot`s are the
// names that live state (rows, counters) uses for a service, a backend or an address: they are the same in every
// snapshot as long as the thing exists, and are not reused while a row may name them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "common/addr.h"
#include "common/time_point.h"

namespace baton {

using Slot = uint16_t;
inline constexpr Slot kNoSlot = 0xffff;

enum class ForwardMethod : uint8_t {
  kDestination,  // AM-04 (embodiment 1)
  kFull,         // AM-49 (embodiment 2)
  kDirect,       // only the MAC addresses change: the backend has the service's address itself and answers past the box
  kTunnel,       // the same, in an outer header: the backend may be anywhere
};
enum class Application : uint8_t { kNone, kFtp };  // what the box has to know of what it carries
enum class Schedule : uint8_t { kWeight, kRoundRobin, kLeastLoad, kMaglev };

// An address with an L4 port. For ICMP echo the port is 0. Ports in host byte order.
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;
  uint8_t protocol = 0;  // kTcp, kUdp, kIcmp, kIcmpv6

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Endpoint& e) {
    return H::combine(std::move(h), e.address, e.port, e.protocol);
  }
};

// How `tunnel` reaches a service's backends.
struct Tunnel {
  enum class Type : uint8_t { kIp, kVxlan } type = Type::kIp;  // RFC 2003 and RFC 2473; RFC 7348
  IpAddress source;      // of the outer header; backends are of its family
  uint32_t vni = 0;      // kVxlan: the network's identifier, 24 bits
  uint16_t port = 4789;  // kVxlan: the UDP port that backends listen on
};

struct Backend {
  std::string name;
  IpAddress address;
  uint16_t port = 0;    // host byte order; 0 for ICMP echo
  uint16_t weight = 1;  // share of new connections; 0: none (drained, failed or set so)
  uint8_t load = 0;     // 0..100 as reported by the backend; 0 until something reports it (FE-Q09)
  Slot slot = kNoSlot;
  MacAddress tunnel_mac = {};  // kTunnel with VXLAN: of the backend's VXLAN device
};

// Where `full` translation takes its source from: one of the box's internal addresses (AM-50, AM-54).
struct InternalAddress {
  IpAddress address;
  Slot address_slot = kNoSlot;
};

struct Service {
  std::string name;
  Endpoint listen;
  ForwardMethod method = ForwardMethod::kDestination;
  Schedule schedule = Schedule::kWeight;
  Slot slot = kNoSlot;
  Slot address_slot = kNoSlot;  // of listen.address in the AddressTable
  std::vector<Backend> backends;
  std::vector<InternalAddress> internals;   // kFull; kDestination: for clients in a backend's network
  uint16_t first_port = 1024;               // ports chosen on an internal address, both included
  uint16_t last_port = 65535;
  Application application = Application::kNone;
  Tunnel tunnel;                            // kTunnel only
  std::vector<uint16_t> maglev;             // kMaglev only: indices into `backends`; empty when none has weight
};

// What a row's age is compared with (AM-Q22; RFC 5382 REQ-5, RFC 4787 REQ-5, RFC 5508 REQ-2 give the least values of
// NATs).
enum class RowState : uint8_t { kTcpSyn, kTcpEstablished, kTcpFin, kTcpTimeWait, kTcpReset, kUdp, kIcmp };
inline constexpr size_t kRowStates = 7;

struct Timeouts {
  std::array<Millis, kRowStates> ms = {30'000, 300'000, 60'000, 60'000, 2'000, 60'000, 30'000};
  Millis of(RowState s) const { return ms[static_cast<size_t>(s)]; }
};

class ServiceTable {
 public:
  // REQUIRES: listen endpoints are all different (the configuration was validated).
  ServiceTable(std::vector<Service> services, const Timeouts& timeouts);
  ServiceTable(const ServiceTable&) = delete;
  ServiceTable& operator=(const ServiceTable&) = delete;

  // The service that listens on `e`, or nullptr.
  const Service* FindListener(const Endpoint& e) const;
  // A `destination` service that has a backend at `e`, or nullptr: a packet *from* `e` is then a reply (AM-08).
  const Service* FindByBackend(const Endpoint& e) const;
  // Whether a `destination` service has a backend at this address, on whatever port.
  bool HasBackend(const IpAddress& address) const { return backends_.contains(address); }

  const std::vector<Service>& services() const { return services_; }
  const Timeouts& timeouts() const { return timeouts_; }

 private:
  std::vector<Service> services_;
  Timeouts timeouts_;
  absl::flat_hash_map<Endpoint, uint32_t> by_listen_;
  absl::flat_hash_map<Endpoint, uint32_t> by_backend_;
  absl::flat_hash_set<IpAddress> backends_;
};

}  // namespace baton
