// Driving engines by the real clock, and watching them: Drive is the whole life of a core, Watch is called by the main
// thread once a second.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "generator/engine.h"
#include "generator/result.h"

namespace baton::generator {

// Polls until the engine is done. `nap`: rests for some ten microseconds when there is nothing to do, for ports of the
// kernel, whose other side needs the CPU too. Returns for how long there was something to do, in cycles of the time stamp
// counter, what others had of the CPU meanwhile included; 0 where there is no such counter.
uint64_t Drive(Engine& engine, bool nap);

// Of all cores.
struct Seen {
  uint64_t sent = 0, arrived = 0, duplicated = 0, reordered = 0, corrupted = 0, connections = 0, unanswered = 0,
           served = 0;

  uint64_t outstanding() const { return sent > arrived ? sent - arrived : 0; }  // sent and not arrived so far
};

class Watch {
 public:
  explicit Watch(std::vector<const Progress*> cores) : cores_(std::move(cores)) {}

  // What happened since the call before. REQUIRES: now_ns grows.
  SecondResult Next(int64_t now_ns);
  // Until the last Next.
  const Seen& seen() const { return seen_; }

 private:
  std::vector<const Progress*> cores_;
  Seen seen_;
  int64_t began_ns_ = 0;
};

// "   3 s  sent 200000  arrived 199998  (in flight or lost: 2)  duplicated 0 ..."
std::string LiveLine(const SecondResult& second, double length_s, uint64_t outstanding);

}  // namespace baton::generator
