// The tables of a small box, made by hand, and a mailbox that hands updates out as slowly as a test wants: what a test
// needs that runs one real Worker over ports in memory and comes in between two of its updates. Test code only; one
// thread; the EAL must run.
//
//     wan   198.51.100.2/24   2001:db8:100::2/64     clients, behind 198.51.100.1 and 2001:db8:100::1
//     lan   10.0.0.2/24       2001:db8:a::2/64       backends
//     tag   172.16.0.2/24     VLAN 100, mtu 600
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "common/address_table.h"
#include "common/route.h"
#include "common/service_table.h"
#include "dataplane/worker.h"
#include "dataplane/worker_mailbox.h"

namespace baton::dataplane {

inline constexpr PortId kWan = 0, kLan = 1, kTag = 2;

// The two rings as queues.
class SlowMailbox : public Mailbox {
 public:
  bool Take(Update* update) override;
  bool Post(const Event& event) override;

  std::deque<Update> updates;
  std::deque<Event> events;
  size_t ready = SIZE_MAX;       // how many more updates Take yields
  size_t event_room = SIZE_MAX;  // how many more events Post takes
};

// REQUIRES: `text` is an address.
IpAddress Ip(absl::string_view text);

// Nothing but the rows: 64, half of them IPv6, few neighbours, a small hold.
WorkerConfig SmallWorker(const std::string& name);
// Connected ones, and the default routes of both families by way of `wan`.
RouteList SmallRoutes();

// Slots are the order below.
enum SmallSlot : Slot { kBothWays, kBothWaysV6, kMoving, kNobodys, kInside, kInsideV6, kFirstOwn };
// Externals 198.51.100.10 and 2001:db8:100::10 in charge, .20 with mode `moving`, .30 with mode none; internals
// 10.0.0.10 and 2001:db8:a::10; then the ports' own.
std::vector<LocalAddress> SmallAddresses(AddressMode moving);

// On 198.51.100.10 and 2001:db8:100::10: `destination` on TCP 80, UDP 53 and echo, `full` on TCP 81 and UDP 54, FTP with
// `destination` on 21 and `full` on 2121, `direct` on TCP 82, `tunnel` on UDP 55 (IP in IP) and TCP 83 (VXLAN); on
// 198.51.100.20 `destination` on UDP 53. Backends are 10.0.0.11 and .12, 2001:db8:a::11 and ::12; `weight` is that of
// all of them.
std::vector<Service> SmallServices(uint16_t weight);

}  // namespace baton::dataplane
