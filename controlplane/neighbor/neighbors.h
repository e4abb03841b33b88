// Neighbours of all ports: answers ARP and neighbour discovery for the addresses the box is in charge of, finds the MAC
// addresses that workers need and tells them. The driver of codec.h, machine.h and responder.h: it has no socket and no
// clock, so tests and the simulator run it as it is. Control thread only. Always: at most `limit` neighbours; a frame
// heard sends one at most; Tick sends kDeadlinesPerTick at most, and announcements.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include "common/addr.h"
#include "common/route.h"
#include "common/time_point.h"
#include "common/update.h"
#include "controlplane/neighbor/codec.h"
#include "controlplane/neighbor/machine.h"
#include "controlplane/neighbor/responder.h"

namespace baton::controlplane::neighbor {

// IsUsed asks about this many seconds. More than Timers::use_check, so that no use falls between two looks.
inline constexpr int kUsedSeconds = 10;
inline constexpr int kDeadlinesPerTick = 64;

// What the driver asks of its owner. Called only from within the methods of Neighbors; must not call back into it.
class Callbacks {
 public:
  virtual ~Callbacks() = default;
  // A whole frame, to be sent as it is. May be lost: solicitations are repeated, questions are asked again.
  virtual void SendFrame(PortId port, absl::Span<const uint8_t> frame) = 0;
  // For every worker, in order.
  virtual void Tell(const SetNeighbor& update) = 0;
  // Whether a worker sent packets to this neighbour in the last kUsedSeconds.
  virtual bool IsUsed(PortId port, const IpAddress& address) const = 0;
  // Whether the box answers for `address` on this port: a port's own address, or one it is in charge of. The port's
  // link-local IPv6 address need not be known: it is always answered for.
  virtual bool IsAnnounced(PortId port, const IpAddress& address) const = 0;
  // What `asker` is told, or everybody when it has no address, when that is not the port's MAC address: a virtual
  // router's (RFC 9568, 7.3). Also for an address that is not announced, when this one asker is to have an answer.
  virtual std::optional<Station> VirtualStation(PortId port, const IpAddress& address, const Asker& asker) const = 0;
};

struct Config {
  std::vector<PortInfo> ports;  // by PortId
  size_t limit = 4096;          // neighbours; the last quarter is kept for those that workers need
  Timers timers;
  int announcements = 2;                                    // RFC 5227, 1.1 ANNOUNCE_NUM; RFC 4861, 7.2.6: at most 3
  Duration announce_interval = std::chrono::seconds(2);     // RFC 5227, 1.1 ANNOUNCE_INTERVAL
};

struct Counters {
  uint64_t answered = 0;       // replies and solicited advertisements sent
  uint64_t solicited = 0;      // requests and solicitations sent
  uint64_t announced = 0;      // gratuitous requests and unsolicited advertisements sent
  std::array<uint64_t, kKinds> malformed = {};  // by Kind
  uint64_t ignored = 0;        // well-formed, but nothing for us: other ND messages, our own frames come back
  uint64_t wrong_vlan = 0;
  uint64_t conflicts = 0;      // another station claims an address that we announce (RFC 5227, 2.4)
  uint64_t table_full = 0;     // neighbours refused
  uint64_t failed = 0;         // neighbours that did not answer
};

// One line of `show neighbors`.
struct ListedNeighbor {
  PortId port = 0;
  IpAddress address;
  MacAddress mac;             // zero: not known
  absl::string_view state;    // incomplete, reachable, stale, probe, failed
  Duration age{};             // since it was last confirmed, or since it was made if it never was
};

class Neighbors {
 public:
  // `callbacks` outlives this.
  Neighbors(Config config, Callbacks& callbacks);

  // A frame heard on `port`, from its Ethernet header on. Any bytes.
  void OnFrame(PortId port, absl::Span<const uint8_t> frame, TimePoint now);
  void OnNeed(const NeedNeighbor& need, TimePoint now);
  // Does what is due, at most kDeadlinesPerTick of it; when more is due NextDeadline is not later than `now`.
  void Tick(TimePoint now);
  // `address` became ours on `port`, or the box starts: tells the network at once, and again after a while if it still
  // is ours then. What was known of a neighbour with that address is forgotten.
  // `repeats`: false when each neighbour will be told something of its own right after.
  void Announce(const IpAddress& address, PortId port, TimePoint now, bool repeats = true);

  // nullopt: not known.
  std::optional<MacAddress> MacOf(PortId port, const IpAddress& address) const;
  // It was asked, lately, and did not answer.
  bool Failed(PortId port, const IpAddress& address) const;
  TimePoint NextDeadline() const;  // TimePoint::max(): nothing to wait for
  size_t size() const { return states_.size(); }
  const Counters& counters() const { return counters_; }
  std::vector<ListedNeighbor> List(TimePoint now) const;  // ordered by port, address

 private:
  using Key = std::pair<PortId, IpAddress>;
  struct Repeat {
    int left;
    TimePoint at;
  };

  bool Announces(PortId port, const IpAddress& address) const;
  Station StationOf(PortId port, const IpAddress& address) const;
  // Runs the machine of `key` and performs its actions. `room`: how many neighbours there may be if it makes one.
  void Drive(const Key& key, const Event& event, size_t room, TimePoint now);
  void Store(const Key& key, const State& before, const State& after);
  void Perform(const Key& key, const Action& action);
  void SendAnnouncement(const Key& key);
  void RepeatAnnouncements(TimePoint now);

  const Config config_;
  Callbacks& callbacks_;
  Counters counters_;
  absl::flat_hash_map<Key, State> states_;
  std::set<std::pair<TimePoint, Key>> deadlines_;  // one for each of states_
  std::map<Key, Repeat> repeats_;                  // as many as there are local addresses
};

}  // namespace baton::controlplane::neighbor
