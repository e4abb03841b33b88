// The MAC addresses around one port: answers ARP and neighbour discovery for the hosts that the generator plays there,
// and finds and keeps the next hops of their traffic. A next hop that announces itself anew, such as an address that
// moved to another box, is followed at once, and told with its time. What frames mean is controlplane/neighbor's to say. One core.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/route.h"
#include "generator/hosts.h"

namespace baton::generator {

class Neighbors {
 public:
  // A next hop that was known answers with another MAC address.
  struct Move {
    int64_t at_ns;
    size_t place;
    MacAddress from, to;
  };
  static constexpr size_t kMostMoves = 1000;  // that moves() tells of

  // REQUIRES: `hosts` outlives this.
  Neighbors(const HostMacs& macs, const Hosts& hosts);

  // A next hop that is needed; returns its place for mac().
  size_t Need(const IpAddress& next_hop);
  size_t count() const { return needed_.size(); }
  const IpAddress& address(size_t place) const { return needed_[place].address; }
  // Zero: not known yet.
  const MacAddress& mac(size_t place) const { return needed_[place].mac; }
  // What somebody else has learnt.
  void Adopt(size_t place, const MacAddress& mac);
  bool all_known() const;
  uint64_t changes() const { return changes_; }  // of any MAC address

  uint64_t move_count() const { return move_count_; }
  const std::vector<Move>& moves() const { return moves_; }  // the first kMostMoves

  // A frame of the kind kNeighbor: its answer, if it is to be answered.
  std::optional<std::vector<uint8_t>> Hear(const uint8_t* frame, size_t length, int64_t now_ns);
  // The next question that is due, if any: unknown next hops are asked for ten times a second, known ones every ten.
  std::optional<std::vector<uint8_t>> Ask(int64_t now_ns);

 private:
  struct NextHop {
    IpAddress address;
    MacAddress mac;
    int64_t ask_again_ns = 0;
  };

  void Learn(NextHop& hop, const MacAddress& mac, int64_t now_ns);

  PortInfo port_;
  const HostMacs macs_;
  const Hosts& hosts_;
  std::vector<NextHop> needed_;
  uint64_t changes_ = 0, move_count_ = 0;
  std::vector<Move> moves_;
};

}  // namespace baton::generator
