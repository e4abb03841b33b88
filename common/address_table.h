// Which addresses the box knows as its own, and the mode of each (AM-17): the mode table of the access-migration spec,
// together with the ports' own addresses. Frozen like every snapshot. An address's slot is its index here and is the
// same in every snapshot of the process.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "common/addr.h"
#include "common/service_table.h"

namespace baton {

enum class AddressKind : uint8_t {
  kOwn,       // of a port: answers ARP, ND and echo; always in charge
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
};

class AddressTable {
 public:
  // A slot is the index in `addresses`; an address that no longer exists keeps its place with mode kNone.
  explicit AddressTable(std::vector<LocalAddress> addresses) : addresses_(std::move(addresses)) {
    for (size_t i = 0; i < addresses_.size(); ++i) {
      slots_.emplace(addresses_[i].address, static_cast<Slot>(i));
      all_normal_ &= addresses_[i].mode == AddressMode::kNormal;
    }
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
  bool all_normal() const { return all_normal_; }

 private:
  std::vector<LocalAddress> addresses_;
  absl::flat_hash_map<IpAddress, Slot> slots_;
  bool all_normal_ = true;
};

}  // namespace baton
