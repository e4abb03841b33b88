// Driving an engine by the real clock, and watching it: Drive is the whole life of the core, Watch is called by the main
// thread once a second.
#pragma once

#include <string>

#include "generator/engine.h"
#include "generator/result.h"

namespace baton::generator {

// Polls until the engine is done. `nap`: rests for some ten microseconds when there is nothing to do, for ports of the
// kernel, whose other side needs the CPU too.
void Drive(Engine& engine, bool nap);

class Watch {
 public:
  explicit Watch(const Progress& progress) : progress_(progress) {}

  // What happened since the call before. REQUIRES: now_ns grows.
  SecondResult Next(int64_t now_ns);

 private:
  const Progress& progress_;
  SecondResult total_;
  int64_t began_ns_ = 0;
};

// "   3 s  sent 200000  arrived 199998  (in flight or lost: 2)  duplicated 0 ..."
std::string LiveLine(const SecondResult& second, double length_s, uint64_t outstanding);
// Sent and not arrived so far.
uint64_t Outstanding(const Progress& progress);

}  // namespace baton::generator
