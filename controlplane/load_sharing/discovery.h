// Finds the end systems on the LAN of a virtual router: table B of one group and one family (VR-33). It has no socket
// and no clock: Tick gives frames to send, Hear takes frames that came in. One thread. Always: at most `limit` nodes
// besides the static ones; routers, and addresses that no end system can have, are never conditions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/types/span.h>

#include "common/addr.h"
#include "common/time_point.h"

namespace baton::controlplane::load_sharing {

// A row of table B (VR-Q11).
struct Node {
  enum class Kind : uint8_t { kEndSystem, kRouter };  // a router to another subnet is no condition (VR-45)
  enum class Origin : uint8_t { kStatic, kAnswered, kLearned };
  IpAddress address;
  Kind kind = Kind::kEndSystem;
  Origin origin = Origin::kStatic;
  friend bool operator==(const Node&, const Node&) = default;
};

// What is done besides listing the static nodes. Any of them together (VR-Q14).
struct DiscoveryMethods {
  bool icmp_info = false;     // VR-41: IPv4, an information request to everybody; few hosts of today answer
  bool arp_scan = false;      // IPv4: ARP for each address of the prefix; IPv6: a solicitation for each known address,
                              // and an echo request to all nodes
  bool icmp_echo = false;     // an echo request to everybody
  bool passive = false;       // sources of packets, and of ARP and neighbour discovery (VR-48)
  bool whole_subnet = false;  // IPv4: as if each address existed, until the first is registered (VR-47)
};

struct DiscoveryConfig {
  DiscoveryMethods methods = {};
  MacAddress mac;      // the port's own, never the virtual one (VR-Q13)
  uint16_t vlan = 0;   // 0: untagged
  IpAddress own;       // the unit's address within the prefix
  Prefix prefix;       // of the port (VR-Q33); of more than 65536 addresses the first so many are asked
  uint16_t identifier = 0;                 // of ICMP requests; another one for each unit
  std::vector<IpAddress> end_systems = {}; // static
  std::vector<IpAddress> routers = {};     // to other subnets, as they are known from the configuration
  std::vector<IpAddress> not_nodes = {};   // addresses of the units and of the virtual router
  Duration wait = std::chrono::seconds(2);           // for answers to the last request (VR-Q32)
  Duration pace = std::chrono::milliseconds(2);      // between two frames
  Duration repeat = std::chrono::milliseconds(500);  // until who did not answer is asked once more
  Duration forget = std::chrono::minutes(10);        // who was learned, and was not seen for so long
  size_t limit = 65536;
};

inline constexpr int kProbesPerTick = 64;

class Discovery {
 public:
  explicit Discovery(DiscoveryConfig config);

  // Asks again. What answered before and does not answer now is dropped when it is over (VR-Q42).
  void Start(TimePoint now);
  // Frames to send now, at most kProbesPerTick. To be called at NextDeadline.
  std::vector<std::vector<uint8_t>> Tick(TimePoint now);
  TimePoint NextDeadline() const { return deadline_; }  // max: nothing is under way
  bool running() const { return deadline_ != TimePoint::max(); }

  // Any frame that came in at the port. True: it told of a node that was not known.
  bool Hear(absl::Span<const uint8_t> frame, TimePoint now);
  // A worker saw a packet from this source. Counts with `passive` and `whole_subnet` alone.
  bool Saw(const IpAddress& source, TimePoint now);

  // Table B, in address order; without those forgotten.
  std::vector<Node> Nodes(TimePoint now) const;
  std::optional<TimePoint> SeenAt(const IpAddress& node) const;  // nullopt: it is only configured
  // What can be allocated: end systems, or with `whole_subnet` as long as none is known, all addresses (VR-47).
  std::vector<IpAddress> Conditions(TimePoint now) const;
  uint64_t refused() const { return refused_; }  // nodes beyond `limit`

 private:
  struct Row {
    Node::Kind kind = Node::Kind::kEndSystem;
    Node::Origin origin = Node::Origin::kLearned;
    TimePoint seen{};
  };

  bool is_v4() const { return config_.own.is_v4(); }
  bool CanBeNode(const IpAddress& address) const;
  bool Note(const IpAddress& address, Node::Origin origin, bool is_router, TimePoint now);
  bool HearNeighbor(absl::Span<const uint8_t> frame, TimePoint now);
  bool HearProbe(absl::Span<const uint8_t> frame, TimePoint now);
  std::vector<IpAddress> Hosts() const;  // of the prefix; IPv4
  bool HasAnswered(const IpAddress& address) const;
  void AskEverybody(std::vector<std::vector<uint8_t>>& frames);
  std::vector<uint8_t> Question(const IpAddress& target) const;
  void Finish(TimePoint now);
  bool IsForgotten(const Row& row, TimePoint now) const;
  bool HasSpace(TimePoint now);

  DiscoveryConfig config_;
  absl::flat_hash_set<IpAddress> static_, routers_, not_nodes_;
  absl::flat_hash_map<IpAddress, Row> rows_;
  TimePoint next_look_{};  // for forgotten rows, when the table is full
  uint64_t refused_ = 0;

  // The discovery under way: two passes over the targets, then waiting.
  TimePoint deadline_ = TimePoint::max();
  TimePoint started_{};
  int pass_ = 0;  // 0, 1; 2: only waiting
  std::vector<IpAddress> targets_;
  size_t next_target_ = 0;
  bool everybody_asked_ = false;  // in this pass
  uint16_t sequence_ = 0;                       // of the last ICMP request
  uint16_t requests_ = 0;                       // of this discovery: answers to earlier ones do not count
};

}  // namespace baton::controlplane::load_sharing
