#include "generator/run.h"

#include <chrono>
#include <ctime>

#include <absl/strings/str_format.h>

namespace baton::generator {
namespace {

constexpr int kIdlePolls = 64;
constexpr long kNapNs = 20'000;
constexpr auto kRelaxed = std::memory_order_relaxed;

int64_t NowNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

uint64_t Grow(const std::atomic<uint64_t>& counter, uint64_t& before) {
  const uint64_t now = counter.load(kRelaxed);
  const uint64_t grown = now - before;
  before = now;
  return grown;
}

}  // namespace

void Drive(Engine& engine, bool nap) {
  int idle = 0;
  while (engine.phase() != Phase::kDone) {
    if (engine.PollOnce(NowNs()) > 0) {
      idle = 0;
    } else if (nap && ++idle > kIdlePolls) {
      const timespec time{0, kNapNs};
      nanosleep(&time, nullptr);
    }
  }
}

SecondResult Watch::Next(int64_t now_ns) {
  if (began_ns_ == 0) began_ns_ = now_ns;
  SecondResult second;
  second.at_s = static_cast<double>(now_ns - began_ns_) / 1e9;
  second.arrived = Grow(progress_.arrived, total_.arrived);  // before `sent`, so that it is never the larger one
  second.sent = Grow(progress_.sent, total_.sent);
  second.duplicated = Grow(progress_.duplicated, total_.duplicated);
  second.reordered = Grow(progress_.reordered, total_.reordered);
  second.connections = Grow(progress_.connections, total_.connections);
  second.unanswered = Grow(progress_.unanswered, total_.unanswered);
  second.served = Grow(progress_.served, total_.served);
  second.corrupted = Grow(progress_.corrupted, total_.corrupted);
  return second;
}

uint64_t Outstanding(const Progress& progress) {
  const uint64_t arrived = progress.arrived.load(kRelaxed), sent = progress.sent.load(kRelaxed);
  return sent > arrived ? sent - arrived : 0;
}

std::string LiveLine(const SecondResult& second, double length_s, uint64_t outstanding) {
  const double scale = length_s > 0 ? 1 / length_s : 0;
  std::string text = absl::StrFormat("%6.1f s  sent %.0f/s  arrived %.0f/s  in flight or lost %d  duplicated %d  reordered %d  "
                         "corrupted %d",
                         second.at_s, static_cast<double>(second.sent) * scale,
                         static_cast<double>(second.arrived) * scale, outstanding, second.duplicated, second.reordered,
                         second.corrupted);
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
