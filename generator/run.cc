#include "generator/run.h"

#include <chrono>
#include <ctime>

#include <absl/strings/str_format.h>

namespace baton::generator {
namespace {

constexpr int kIdlePolls = 64;
constexpr long kNapNs = 20'000;
constexpr auto kRelaxed = std::memory_order_relaxed;

uint64_t Cycles() {
#ifdef __x86_64__
  return __builtin_ia32_rdtsc();
#else
  return 0;
#endif
}

int64_t NowNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

Seen See(const std::vector<const Progress*>& cores) {
  Seen seen;
  for (const Progress* core : cores) {
    seen.arrived += core->arrived.load(kRelaxed);  // before `sent`, so that it is never the larger one
    seen.sent += core->sent.load(kRelaxed);
    seen.duplicated += core->duplicated.load(kRelaxed);
    seen.reordered += core->reordered.load(kRelaxed);
    seen.corrupted += core->corrupted.load(kRelaxed);
    seen.connections += core->connections.load(kRelaxed);
    seen.unanswered += core->unanswered.load(kRelaxed);
    seen.served += core->served.load(kRelaxed);
  }
  return seen;
}

}  // namespace

uint64_t Drive(Engine& engine, bool nap) {
  int idle = 0;
  uint64_t busy_cycles = 0;
  while (engine.phase() != Phase::kDone) {
    const uint64_t began = Cycles();
    if (engine.PollOnce(NowNs()) > 0) {
      busy_cycles += Cycles() - began;
      idle = 0;
    } else if (nap && ++idle > kIdlePolls) {
      const timespec time{0, kNapNs};
      nanosleep(&time, nullptr);
    }
  }
  return busy_cycles;
}

SecondResult Watch::Next(int64_t now_ns) {
  if (began_ns_ == 0) began_ns_ = now_ns;
  SecondResult second;
  second.at_s = static_cast<double>(now_ns - began_ns_) / 1e9;
  const Seen before = seen_;
  seen_ = See(cores_);
  second.sent = seen_.sent - before.sent;
  second.arrived = seen_.arrived - before.arrived;
  second.duplicated = seen_.duplicated - before.duplicated;
  second.reordered = seen_.reordered - before.reordered;
  second.corrupted = seen_.corrupted - before.corrupted;
  second.connections = seen_.connections - before.connections;
  second.unanswered = seen_.unanswered - before.unanswered;
  second.served = seen_.served - before.served;
  return second;
}

std::string LiveLine(const SecondResult& second, double length_s, uint64_t outstanding) {
  const double scale = length_s > 0 ? 1 / length_s : 0;
  std::string text = absl::StrFormat(
      "%6.1f s  sent %.0f/s  arrived %.0f/s  in flight or lost %d  duplicated %d  reordered %d  "
      "corrupted %d",
      second.at_s, static_cast<double>(second.sent) * scale, static_cast<double>(second.arrived) * scale, outstanding,
      second.duplicated, second.reordered, second.corrupted);
  if (second.connections > 0) {
    absl::StrAppendFormat(&text, "  connections %.0f/s", static_cast<double>(second.connections) * scale);
  }
  if (second.unanswered > 0) {
    absl::StrAppendFormat(&text, "  unanswered %.0f/s", static_cast<double>(second.unanswered) * scale);
  }
  if (second.served > 0) absl::StrAppendFormat(&text, "  served %.0f/s", static_cast<double>(second.served) * scale);
  return text;
}

}  // namespace baton::generator
