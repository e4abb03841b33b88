#include "controlplane/slots.h"

namespace baton::controlplane {
namespace {

template <typename Map>
absl::StatusOr<Slot> FindOrGive(Map& slots, const typename Map::key_type& key, size_t limit, const char* what) {
  const auto at = slots.find(key);
  if (at != slots.end()) return at->second;
  if (slots.size() >= limit) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": all ", limit, " slots were given since the start"));
  }
  const Slot slot = static_cast<Slot>(slots.size());
  slots.emplace(key, slot);
  return slot;
}

}  // namespace

absl::StatusOr<Slot> SlotRegistry::Service(const std::string& name) {
  return FindOrGive(services_, name, limits_.services, "services");
}

absl::StatusOr<Slot> SlotRegistry::Backend(const std::string& service, const std::string& name,
                                           const IpAddress& address, uint16_t port) {
  return FindOrGive(backends_, BackendKey(service, name, address, port), limits_.backends, "backends");
}

absl::StatusOr<Slot> SlotRegistry::Address(const IpAddress& address) {
  ASSIGN_OR_RETURN(const Slot slot, FindOrGive(by_address_, address, limits_.addresses, "addresses"));
  if (slot == addresses_.size()) addresses_.push_back(address);
  return slot;
}

}  // namespace baton::controlplane
