#include "programs/baton_gen/link_watch.h"

#include <cstdio>

namespace baton::generator {

void LinkWatch::Look(int64_t now_ns) {
  constexpr int64_t kPauseNs = 20'000'000;
  const int64_t since_ns = now_ns - looked_ns_;
  if (looked_ns_ != 0 && since_ns < kPauseNs) return;
  for (size_t i = 0; i < links_.size(); ++i) {
    Link& link = links_[i];
    const bool up = ports_[i]->link().up;
    if (!link.up && looked_ns_ != 0) link.seen.down_ns += since_ns;
    if (up == link.up) continue;
    link.up = up;
    link.seen.times_down += !up;
    std::fprintf(stderr, "port %s: link %s\n", ports_[i]->name().c_str(), up ? "up" : "down");
  }
  looked_ns_ = now_ns;
}

}  // namespace baton::generator
