#include "generator/loopback.h"

namespace baton::generator {
namespace {

MacAddress MacOf(size_t wire, int end) {
  return {{0x02, 0, 0, 0, static_cast<uint8_t>(wire), static_cast<uint8_t>(1 + end)}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Loopback>> Loopback::Create(const Profile& profile) {
  std::unique_ptr<Loopback> loopback(new Loopback);
  size_t used[2] = {};  // wires, by role
  for (const PortProfile& port : profile.ports) {
    const int end = port.role == Role::kServers ? 1 : 0;
    const size_t wire = used[end]++;
    if (wire == loopback->wires_.size()) loopback->wires_.push_back(std::make_unique<MemoryWire>());
    Link* link = &loopback->wires_[wire]->end(end);
    if (profile.impair.any()) {
      // Not the seed of a class's picker: what is drawn to be lost would be drawn from a few flows only.
      const uint64_t seed = ~(profile.seed + loopback->links_.size());
      link = &loopback->links_.emplace_back(Impaired{port.role, ImpairedLink(*link, profile.impair, seed)}).link;
    }
    loopback->uses_.push_back({.link = link, .mac = MacOf(wire, end), .peer = MacOf(wire, 1 - end)});
  }
  if (used[0] == used[1]) return loopback;
  return absl::InvalidArgumentError(
      absl::StrCat("--loopback joins each port of clients with one of servers: there are ", used[0], " and ", used[1]));
}

Injected Loopback::InjectedBy(Role role) const {
  Injected sum;
  for (const Impaired& impaired : links_) {
    if (impaired.role == role) sum.Add(impaired.link.injected());
  }
  return sum;
}

}  // namespace baton::generator
