// `--loopback`: the profile's ports joined in memory, each port of clients with one of servers, through impaired links
// when the profile asks for harm. Shows what the tool itself does to packets. Owned by main, its links used by one core.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "generator/engine.h"
#include "generator/link/impaired_link.h"
#include "generator/link/memory_link.h"

namespace baton::generator {

class Loopback {
 public:
  // InvalidArgument: not as many ports of servers as of clients.
  static absl::StatusOr<std::unique_ptr<Loopback>> Create(const Profile& profile);

  // In the profile's order of ports, for Engine::Create.
  const std::vector<PortUse>& uses() const { return uses_; }
  bool impaired() const { return !links_.empty(); }
  // Of all ports of that role. REQUIRES: impaired(), and the engine has ended.
  Injected InjectedBy(Role role) const;

 private:
  struct Impaired {
    Role role;
    ImpairedLink link;
  };
  std::vector<std::unique_ptr<MemoryWire>> wires_;
  std::deque<Impaired> links_;
  std::vector<PortUse> uses_;
};

}  // namespace baton::generator
