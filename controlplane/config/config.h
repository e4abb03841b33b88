// The configuration as plain structs. ParseConfig (parse.h) makes it from YAML; everybody else gets it by const
// reference. A Config that exists is valid: names resolve, addresses do not overlap, every backend is reachable by a
// route.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/addr.h"
#include "common/route.h"
#include "common/service_table.h"
#include "common/time_point.h"

namespace baton::controlplane {

struct DeviceConfig {
  // kPort: the name of a port, of which this one is a VLAN. kPci: a PCI address; kDpdk: a device that EAL options made;
  // others: what the DPDK driver of that name is told.
  enum class Kind { kPci, kAfPacket, kAfXdp, kTap, kMemif, kPcap, kRing, kNull, kDpdk, kPort } kind = Kind::kNull;
  std::string argument;  // the text behind the colon; for kPci the address itself
};

inline constexpr uint16_t kMostMtu = 9216;  // a frame lies in one buffer

struct PortConfig {
  std::string name;
  DeviceConfig device;
  std::vector<InterfaceAddress> addresses;
  uint16_t mtu = 1500;
  uint16_t mss = 0;       // 0: what fits the MTU
  uint16_t vlan = 0;      // 0: untagged
  MacAddress mac;         // zero: the device's own
  std::string kernel = {};  // the kernel's interface beside it; empty: none
};

struct HoldConfig {
  uint32_t packets = 32768;               // over all addresses of a worker; 0: drop in migration (AM-70)
  uint32_t packets_per_address = 16384;   // AM-Q09
  uint64_t bytes_per_address = 32 << 20;
  Duration time_limit = std::chrono::seconds(2);
};

// Datagrams in pieces that concern a service, per worker.
struct FragmentsConfig {
  uint32_t datagrams = 4096;              // followed at a time
  uint32_t waiting = 1024;                // fragments that came before their first
  Duration time_limit = std::chrono::seconds(1);
};

enum class Polling { kBusy, kAdaptive };

struct DataplaneConfig {
  int workers = 1;
  Polling polling = Polling::kAdaptive;
  uint32_t access_rows = 1'000'000;       // over all workers
  uint32_t access_rows_ipv6 = 0;          // at most this many of them IPv6; 0: as many as access_rows
  uint32_t port_pools = 1024;             // `full`: internal address and backend pairs that can be in use
  uint32_t neighbors = 4096;
  uint32_t neighbor_queue = 1024;         // packets waiting for neighbours, all together
  uint32_t packet_buffers = 65536;
  uint32_t errors_per_second = 1000;      // RST and ICMP errors per worker
  uint32_t control_packets_per_second = 20000;
  uint32_t kernel_packets_per_second = 20000;
  uint32_t conditions = 65'536;           // end systems that load can be shared by, at each worker
  uint32_t hand_over_packets = 4'096;     // that wait while end systems change hands, at each worker
  HoldConfig hold;
  FragmentsConfig fragments;
  Timeouts timeouts;
};

struct AddressGroupConfig {
  std::string name;
  std::vector<IpAddress> external;
  std::vector<IpAddress> internal;
  std::string prefer;   // the node that should be in charge; empty: this one
};

struct BackendConfig {
  std::string name;
  IpAddress address;
  uint16_t port = 0;    // 0 in the file: the listen port
  uint16_t weight = 1;
  MacAddress mac = {};  // `tunnel` with vxlan
};

struct ServiceConfig {
  std::string name;
  Endpoint listen;
  ForwardMethod forward = ForwardMethod::kDestination;
  Tunnel tunnel;        // `tunnel` only
  Application application = Application::kNone;
  Schedule schedule = Schedule::kWeight;
  std::vector<BackendConfig> backends;
  uint16_t first_port = 1024, last_port = 65535;  // `full`: `internal_ports: 1024-65535`
  std::string group;     // resolved: the address group that listen.address is in
};

// What lowers a virtual router's priority while it is down.
struct TrackConfig {
  enum class Kind : uint8_t {
    kPort,     // its link
    kRoute,    // its gateway does not answer; or there is none
    kService,  // no backend takes new connections
  };
  Kind kind = Kind::kPort;
  std::string name;        // kPort, kService
  Prefix route = {};       // kRoute: its destination
  uint8_t lower_by = 254;  // the priority never falls below 1
};

// All routers of the group forward, each for the end systems that it is in charge of (docs/vrrp-load-sharing.md).
struct LoadSharingConfig {
  enum class HandOver : uint8_t { kTimer, kSequence, kExact };
  enum class Delivery : uint8_t { kShared, kDirected };
  enum class AdvertFormat : uint8_t { kRfc, kUnitList };
  std::vector<IpAddress> routers = {};   // the units' own addresses on the port, ours among them
  IpAddress server = {};                 // for substitution; unspecified: none
  Delivery delivery = Delivery::kShared;
  AdvertFormat advert_format = AdvertFormat::kRfc;  // kUnitList: the units and their states, for no standard router
  HandOver hand_over = HandOver::kExact;  // kDirected: there is none
  bool passive = true, arp_scan = false, icmp_echo = false, icmp_info = false, whole_subnet = false;  // discovery
  std::vector<IpAddress> end_systems = {};      // known from the start
  std::vector<IpAddress> other_routers = {};    // to other subnets: no end systems
  std::string key = {};                         // of the messages between the units; empty: anybody can send them
  uint8_t key_id = 1;
  uint32_t imbalance = 5;                // percent: (max - min) / mean of the units' flow that is put up with
  uint64_t flow_threshold = 0;           // bit/s of one end system above which a review is wanted; 0: none
  uint32_t overflow_threshold = 0;       // packets lost for want of room in a second, likewise
  Duration review_every = std::chrono::seconds(60);   // by the active router; 0: only at a threshold
  Duration hold_off = std::chrono::seconds(60);       // between two reviews
  Duration start_delay = std::chrono::milliseconds(200);  // `timer`
  Duration server_start_delay = std::chrono::milliseconds(500);  // `timer`, of what a substitution server allocates
  Duration skew = std::chrono::milliseconds(5);       // by how much a frame may reach one unit later than another
  Duration average_over = std::chrono::seconds(10);   // the measured flow
};

struct VirtualRouterConfig {
  uint8_t id = 0;  // VRID; of its own for each port and family
  std::string port;
  std::vector<IpAddress> addresses = {};  // of one family; IPv6: link-local first (RFC 9568, 5.2.9)
  uint8_t version = 3;
  uint8_t priority = 0;  // 0 in the file: 100, or 255 when an address is the port's own
  Duration advertise_every = std::chrono::seconds(1);
  bool preempt = true;
  Duration preempt_delay{};
  bool accept = true;           // packets to the addresses are for the box (RFC 9568, 6.1: Accept_Mode)
  bool pseudo_header = true;    // version 3 over IPv4: in the checksum (vrrp::ChecksumOver)
  std::string password = {};    // version 2: simple text; empty: none
  std::vector<TrackConfig> track = {};
  PortId port_id = kNoPort;     // resolved
  std::optional<LoadSharingConfig> load_sharing = {};

  Family family() const { return addresses.empty() ? Family::kIpv4 : addresses.front().family(); }
  bool DirectedDelivery() const {
    return load_sharing && load_sharing->delivery == LoadSharingConfig::Delivery::kDirected;
  }
  // Every router takes the frames to the virtual MAC address, and none sends from it.
  bool SharedDelivery() const { return load_sharing && !DirectedDelivery(); }
};

struct ApiConfig {
  std::string socket = "/run/baton/batond.sock";
  std::string metrics = "127.0.0.1:9111";  // empty: no metrics
};

struct Config {
  std::string node = "baton";
  DataplaneConfig dataplane;
  ApiConfig api;
  std::vector<PortConfig> ports;
  RouteList routes;       // static ones and, after validation, the ports' connected ones
  std::vector<AddressGroupConfig> address_groups;  // after validation, also one for each listen address in none
  std::vector<ServiceConfig> services;
  std::vector<VirtualRouterConfig> virtual_routers;
  std::vector<std::string> eal_arguments;  // `dpdk: {eal_arguments: [...]}`; the command line's come after them
};

}  // namespace baton::controlplane
