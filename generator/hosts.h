// The hosts that the generator plays behind one port: which addresses there are, in the order of the profile, which of
// them an address is, and the MAC addresses that they have. Frozen after construction, so any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "common/addr.h"

namespace baton::generator {

class Hosts {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  Hosts() = default;
  // REQUIRES: no address twice.
  explicit Hosts(std::vector<IpAddress> addresses);

  const std::vector<IpAddress>& all() const { return all_; }
  const std::vector<IpAddress>& of(Family family) const { return family == Family::kIpv4 ? v4_ : v6_; }
  // Where an address stands in all(), and in of() its family; kNone: it is no host's.
  struct Place {
    uint32_t in_all = kNone, in_family = kNone;
  };
  Place Find(const IpAddress& address) const {
    const Halves a = HalvesOf(address);
    for (const Run& run : runs_) {
      if (a.high == run.first.high && a.low - run.first.low < run.count) {
        const auto behind = static_cast<uint32_t>(a.low - run.first.low);
        return {run.place.in_all + behind, run.place.in_family + behind};
      }
    }
    return {};
  }

 private:
  struct Halves {
    uint64_t high, low;
  };
  // Addresses that follow each other, as ranges of a profile do: there are few of these, and every request is looked up.
  struct Run {
    Halves first;
    uint64_t count;
    Place place;
  };
  static Halves HalvesOf(const IpAddress& address) {
    uint64_t halves[2];
    std::memcpy(halves, address.v6_bytes(), 16);
    return {__builtin_bswap64(halves[0]), __builtin_bswap64(halves[1])};
  }

  std::vector<IpAddress> all_, v4_, v6_;
  std::vector<Run> runs_;
};

// Which MAC address each host has: the port's, or its own. The n-th IPv4 and the n-th IPv6 address of a port belong to
// one host, so hosts are counted within a family. Own addresses are locally administered (the second bit of 06): three
// bytes tell the port's card, two the host.
class HostMacs {
 public:
  HostMacs() = default;
  HostMacs(const MacAddress& port, bool own)
      : own_(own), first_(own ? MacAddress{{0x06, port.bytes[3], port.bytes[4], port.bytes[5], 0, 0}} : port) {}

  bool own() const { return own_; }
  MacAddress Of(uint32_t host) const {
    MacAddress mac = first_;
    if (own_) {
      mac.bytes[4] = static_cast<uint8_t>(host >> 8);
      mac.bytes[5] = static_cast<uint8_t>(host);
    }
    return mac;
  }
  // The host that an own MAC address belongs to, of `count` hosts; Hosts::kNone: of none.
  uint32_t Find(const uint8_t* mac, size_t count) const {
    if (!own_ || std::memcmp(mac, first_.bytes.data(), 4) != 0) return Hosts::kNone;
    const uint32_t host = static_cast<uint32_t>(mac[4]) << 8 | mac[5];
    return host < count ? host : Hosts::kNone;
  }

 private:
  bool own_ = false;
  MacAddress first_;
};

}  // namespace baton::generator
