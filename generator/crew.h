// What the cores of one run share: whose each flow is, when the sending begins, the next hops that core 0 has learnt for
// all, and the rings through which a frame that arrived at one core gets to the core of its flow. Both ends of a flow
// are at one core, so ledgers and counts are never shared. Made by main before the engines and gone after them; the
// parts and numbers are frozen, the rest is written by one core each.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "common/addr.h"
#include "generator/frame_ring.h"
#include "generator/profile/profile.h"
#include "generator/random.h"

namespace baton::generator {

// A run's own key: the seed alone would give two runs the same one, and packets of the first would count in the second.
uint64_t DrawKey(uint64_t seed);

class Crew {
 public:
  // As many cores as the profile says.
  explicit Crew(const Profile& profile);

  int cores() const { return static_cast<int>(parts_.size()); }
  uint64_t key() const { return key_; }
  // The profile as a core runs it: its part of each class of flows, perhaps none.
  const Profile& part(int core) const { return parts_[static_cast<size_t>(core)]; }
  uint32_t first_flow(int core) const { return first_flows_[static_cast<size_t>(core)]; }

  // Whose a flow is; kNobody: there is no such flow.
  static constexpr int kNobody = -1;
  int OwnerOf(uint32_t flow) const {
    for (size_t core = parts_.size(); core > 0; --core) {
      if (flow < first_flows_[core - 1]) continue;
      return flow < first_flows_[parts_.size()] ? static_cast<int>(core) - 1 : kNobody;
    }
    return kNobody;
  }
  // Whose the flow with this source, of a port and a family, is.
  int OwnerOfSource(size_t port, Family family, uint32_t source) const;

  // Core 0 sets the beginning when each core knows all next hops. 0: not yet; negative: there is none.
  void SetReady(int core) { ready_.fetch_or(1u << core, std::memory_order_relaxed); }
  bool AllReady() const { return ready_.load(std::memory_order_relaxed) + 1 == 1u << cores(); }
  void SetBegin(int64_t ns) { begin_ns_.store(ns, std::memory_order_relaxed); }
  int64_t begin_ns() const { return begin_ns_.load(std::memory_order_relaxed); }

  // Next hops, by port and place: core 0 tells, the others look when the number has changed.
  void TellNextHop(size_t port, size_t place, const MacAddress& mac);
  void HaveTold() { told_.store(told_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
  uint64_t told() const { return told_.load(std::memory_order_acquire); }
  MacAddress NextHop(size_t port, size_t place) const;

  // Frames that arrived at a port, between two different cores.
  FrameRing& ring(int from, int to, size_t port) {
    const auto n = parts_.size();
    return rings_[(static_cast<size_t>(from) * n + static_cast<size_t>(to)) * ports_ + port];
  }

 private:
  uint64_t key_;
  size_t ports_, next_hops_;  // next_hops_: of a port, at most
  std::vector<Profile> parts_;
  std::vector<uint32_t> first_flows_;  // of each core, and behind the last one's
  std::deque<FrameRing> rings_;
  std::vector<std::atomic<uint64_t>> macs_;
  std::atomic<uint64_t> told_{0};
  std::atomic<uint32_t> ready_{0};  // bits, by core
  std::atomic<int64_t> begin_ns_{0};
};

}  // namespace baton::generator
