// Which addresses the box knows as its own, and the mode of each (AM-17): the mode table of the access-migration spec,
// together with the ports' own addresses. Frozen like every snapshot. An address's slot is its index here and is the
// same in every snapshot of the process.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "common/addr.h"
#include "common/service_table.h"

namespace baton {

enum class AddressKind : uint8_t {
  kOwn,       // of a port, always in charge, or of a virtual router on it: answers ARP, ND and echo
  kExternal,  // clients connect to it
  kInternal,  // source of `full` translation; moves with the external address it belongs to (AM-54, AM-55)
};

enum class AddressMode : uint8_t {
  kNone,       // not in charge: packets are refused with an error (AM-21)
  kNormal,     // in charge
  kMigration,  // about to be in charge: packets are held (AM-19)
};

struct LocalAddress {
  IpAddress address;
  AddressKind kind = AddressKind::kOwn;
  AddressMode mode = AddressMode::kNormal;
  // ARP and neighbour discovery are answered for it. Differs from the mode only in migration: an address that was ours
  // when it entered migration stays announced, one that is still served by another box does not (AM-33).
  bool announced = true;
  uint16_t port = 0;  // kOwn: the port it is on
  // kOwn: packets to it are for the box; false: it is only a gateway (RFC 9568, 6.1: Accept_Mode).
  bool accepts = true;
};

// A MAC address that frames are taken for besides the port's own: 00-00-5E-00-01-{VRID}, or -02- for IPv6 (RFC 9568,
// 7.3). The position says which virtual router it is of.
struct VirtualMac {
  uint8_t port = 0xff;
  Family family = Family::kIpv4;
  uint8_t vrid = 0;
  bool taken = false;  // by us at present
  // It shares load in `directed` delivery: frames that end systems send to the port's own MAC address are its, too.
  bool directed = false;
};
inline constexpr uint8_t kNoVirtualRouter = 0xff;

class AddressTable {
 public:
  // A slot is the index in `addresses`; an address that no longer exists keeps its place with mode kNone.
  // REQUIRES: fewer than kNoVirtualRouter MAC addresses.
  explicit AddressTable(std::vector<LocalAddress> addresses, const std::vector<VirtualMac>& macs = {})
      : addresses_(std::move(addresses)) {
    for (size_t i = 0; i < addresses_.size(); ++i) {
      slots_.emplace(addresses_[i].address, static_cast<Slot>(i));
      // No row belongs to a port's own address.
      all_normal_ &= addresses_[i].mode == AddressMode::kNormal || addresses_[i].kind == AddressKind::kOwn;
    }
    for (size_t i = 0; i < macs.size(); ++i) AddVirtualMac(macs[i], static_cast<uint8_t>(i));
  }
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  // kNoSlot when `a` is not one of ours.
  Slot Find(const IpAddress& a) const {
    const auto at = slots_.find(a);
    return at == slots_.end() ? kNoSlot : at->second;
  }
  // REQUIRES: slot < size().
  const LocalAddress& at(Slot slot) const { return addresses_[slot]; }
  size_t size() const { return addresses_.size(); }
  bool all_normal() const { return all_normal_; }  // of the external and internal ones

  // The virtual router that takes frames to this MAC address on this port; kNoVirtualRouter: none does.
  uint8_t VirtualRouterOf(uint8_t port, const uint8_t* mac) const {
    static constexpr uint8_t kPrefix[] = {0x00, 0x00, 0x5e, 0x00};
    if (port >= routers_.size() || routers_[port].empty()) return kNoVirtualRouter;
    if (std::memcmp(mac, kPrefix, sizeof kPrefix) != 0 || (mac[4] != 1 && mac[4] != 2)) return kNoVirtualRouter;
    return routers_[port][static_cast<size_t>(mac[4] - 1) * 256 + mac[5]];
  }
  // The virtual router whose end systems send to the port's own MAC address; kNoVirtualRouter: none.
  uint8_t DirectedRouterOf(uint8_t port, bool ipv4) const {
    return port < directed_.size() ? directed_[port][ipv4 ? 0 : 1] : kNoVirtualRouter;
  }
  // Whether there are virtual routers on the port, so that what others advertise concerns us.
  bool HearsVrrp(uint8_t port) const { return port < routers_.size() && !routers_[port].empty(); }

 private:
  void AddVirtualMac(const VirtualMac& mac, uint8_t router) {
    if (mac.port >= routers_.size()) routers_.resize(mac.port + size_t{1});
    std::vector<uint8_t>& of_port = routers_[mac.port];
    if (of_port.empty()) of_port.assign(size_t{2} * 256, kNoVirtualRouter);
    if (mac.directed) {
      if (mac.port >= directed_.size()) directed_.resize(mac.port + size_t{1}, {kNoVirtualRouter, kNoVirtualRouter});
      directed_[mac.port][mac.family == Family::kIpv4 ? 0 : 1] = router;
    }
    if (mac.taken) of_port[(mac.family == Family::kIpv4 ? 0U : 256U) + mac.vrid] = router;
  }

  std::vector<LocalAddress> addresses_;
  absl::flat_hash_map<IpAddress, Slot> slots_;
  bool all_normal_ = true;
  std::vector<std::vector<uint8_t>> routers_;  // by port: by family and VRID; empty: none
  std::vector<std::array<uint8_t, 2>> directed_;  // by port: IPv4, IPv6
};

}  // namespace baton
