// Gives services, backends and addresses their slots (common/service_table.h) and remembers them, so that a thing has
// the same slot in every snapshot of the process. A slot is never given to another thing: rows and counters may still
// name it. Control thread only.
#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "common/addr.h"
#include "common/service_table.h"
#include "common/status.h"

namespace baton::controlplane {

class SlotRegistry {
 public:
  struct Limits {
    size_t services = 60'000, backends = 60'000, addresses = 60'000;  // each below kNoSlot
  };
  SlotRegistry() : SlotRegistry(Limits{}) {}
  explicit SlotRegistry(const Limits& limits) : limits_(limits) {}

  // Find or give. ResourceExhausted when the limit is reached; nothing changes then.
  absl::StatusOr<Slot> Service(const std::string& name);
  // Another endpoint makes another backend: rows go on to the one they were made for.
  absl::StatusOr<Slot> Backend(const std::string& service, const std::string& name, const IpAddress& address,
                               uint16_t port);
  absl::StatusOr<Slot> Address(const IpAddress& address);

  // Every address that ever had a slot; an address's index is its slot.
  const std::vector<IpAddress>& addresses() const { return addresses_; }
  size_t backends() const { return backends_.size(); }

 private:
  using BackendKey = std::tuple<std::string, std::string, IpAddress, uint16_t>;

  Limits limits_;
  absl::flat_hash_map<std::string, Slot> services_;
  absl::flat_hash_map<BackendKey, Slot> backends_;
  absl::flat_hash_map<IpAddress, Slot> by_address_;
  std::vector<IpAddress> addresses_;
};

}  // namespace baton::controlplane
