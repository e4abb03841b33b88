// What a run is to do: the profile file as a plain value. docs/baton-gen.md describes the keys. Immutable once read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/addr.h"
#include "common/time_point.h"
#include "controlplane/config/config.h"
#include "generator/esp/associations.h"
#include "generator/link/impaired_link.h"
#include "generator/fragments/split.h"
#include "generator/mobile/terminals.h"
#include "generator/picker.h"
#include "generator/replay/sender.h"
#include "generator/tcp/connection.h"
#include "generator/unanswered/profile.h"

namespace baton::generator {

enum class Role : uint8_t { kClients, kServers };

// What servers answer to clients that are not ours.
struct ServeProfile {
  bool echo = false;   // UDP
  uint16_t page = 0;   // HTTP: bytes of each body; 0: none
};

struct PortProfile {
  std::string name;
  Role role = Role::kClients;
  controlplane::DeviceConfig device;
  std::vector<IpAddress> addresses;  // of the hosts behind it
  bool own_macs = false;             // each host has a MAC address of its own (hosts.h); else the port's
  std::vector<IpAddress> also;       // that each of them accepts
  std::vector<IpAddress> gateways;   // host i uses number i of its family, and round again; none: destinations are on the link
  uint16_t mtu = 1500;
  ServeProfile serve;                // of servers, in a profile without flows
};

struct FlowProfile {
  std::string name;
  uint8_t protocol = kUdp;
  size_t port = 0;  // of its clients, in Profile::ports
  IpAddress to;
  uint16_t to_port = 0;
  uint32_t count = 1;         // flows; TCP: connections at a time
  double rate = 0;            // packets, or connections, per second of all of them; 0: as many as the port takes
  std::vector<uint16_t> sizes = {64};  // of the frame with its FCS: each in turn
  uint16_t answer_size = 0;   // 0: as the request's
  uint16_t fragments = 0;     // longest IP packet, what is longer is cut up; 0: nothing is
  FragmentOrder fragment_order = FragmentOrder::kInOrder;
  Activity activity = Activity::kInTurn;
  double exponent = 1;        // kZipf
  TcpPlan tcp;
  std::string request_text;   // tcp.http
  EspProfile esp;
  MobileProfile mobile;
  uint32_t first_source = 0;  // place of its first flow among the sources of its port: no two classes share one
  // With several cores each has a part: the flows number part, part + parts, ... of the class; `count` and `rate` are theirs.
  uint32_t part = 0, parts = 1;

  // In the class, of a core's flow number `i`.
  uint32_t NumberOf(uint32_t i) const { return part + i * parts; }
};

// How much of something is allowed: a number, or a share of the packets that were sent.
struct Limit {
  bool is_share = false;
  double value = 0;
  friend bool operator==(const Limit&, const Limit&) = default;
};

struct Limits {
  std::optional<Limit> lost = {}, duplicated = {}, reordered = {}, corrupted = {}, wrong_server = {}, wrong_address = {},
                       failed = {};
  friend bool operator==(const Limits&, const Limits&) = default;
};

enum class SearchFor : uint8_t {
  kThroughput,  // the highest part of the rates that keeps the limits
  kCapacity,    // the highest part of the flows of which each is answered
  kBackToBack,  // the longest burst at the profile's rates that keeps the limits
};

struct SearchProfile {
  SearchFor what = SearchFor::kThroughput;
  double resolution = 0.01;   // as a part of the result
  std::vector<double> loads;  // kThroughput: parts of it at which latency is measured
  uint16_t repeat = 50;       // kBackToBack: searches, whose mean is the result
};

// A command that /bin/sh runs during the sending.
struct EventProfile {
  Duration at{};  // from its beginning
  std::string run;
};

inline constexpr size_t kMostEvents = 64;
inline constexpr int kMostCores = 16;

struct Profile {
  std::string name;  // of its file
  std::vector<PortProfile> ports;
  std::vector<FlowProfile> flows;
  std::vector<UnansweredProfile> unanswered;  // from the same list in the file
  std::vector<ReplayProfile> replays;         // these, too
  Duration duration = std::chrono::seconds(10);
  Duration settle = std::chrono::seconds(1);  // after the last packet, for what is still on its way
  uint64_t seed = 1;
  uint16_t cores = 1;
  Duration catch_up = std::chrono::milliseconds(1);  // how much of a pause of the machine is made up for
  std::vector<EventProfile> events;  // in the order of their times
  Limits limits;
  Impairment impair;  // with --loopback
  std::optional<SearchProfile> search;  // each trial takes `duration`

  uint64_t flow_count() const;
  bool has_tcp() const;
};

// Sources of flows: host number i % hosts, port kFirstSourcePort + i / hosts.
inline constexpr uint16_t kFirstSourcePort = 1024;
inline constexpr uint32_t kSourcePorts = 65536 - kFirstSourcePort;

}  // namespace baton::generator
