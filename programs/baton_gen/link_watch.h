// Watches the ports' links while a run lasts: who says that nothing was lost must know whether a cable was pulled. Main
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/dpdk/port.h"

namespace baton::generator {

class LinkWatch {
 public:
  struct Seen {
    uint64_t times_down = 0;
    int64_t down_ns = 0;
  };
  using Ports = std::vector<std::unique_ptr<dataplane::Port>>;

  // `ports` outlives this.
  explicit LinkWatch(const Ports& ports) : ports_(ports), links_(ports.size()) {}

  // Looks at most every 20 ms; says on standard error what has changed.
  void Look(int64_t now_ns);
  const Seen& seen(size_t port) const { return links_[port].seen; }

 private:
  struct Link {
    bool up = true;
    Seen seen;
  };
  const Ports& ports_;
  std::vector<Link> links_;
  int64_t looked_ns_ = 0;
};

}  // namespace baton::generator
