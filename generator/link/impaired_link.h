// A link that harms what is sent through it, by seed: the proof that the ledger counts exactly what happened. A frame
// suffers one thing at most, so that each count has one cause. Wraps one end of a MemoryWire. One core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "generator/link/link.h"
#include "generator/random.h"

namespace baton::generator {

struct Impairment {
  double lost = 0, duplicated = 0, reordered = 0, corrupted = 0;  // shares of the frames; together at most 1
  int64_t delay_ns = 0;                                           // of every frame

  bool any() const { return lost > 0 || duplicated > 0 || reordered > 0 || corrupted > 0 || delay_ns > 0; }
};

struct Injected {
  uint64_t passed = 0;  // frames that were given to the link, all of them
  uint64_t lost = 0;
  uint64_t duplicated = 0;  // two copies went on
  uint64_t reordered = 0;   // went on behind the next frame that nothing else happened to
  uint64_t corrupted = 0;   // one bit behind the IP header was turned

  void Add(const Injected& other) {
    passed += other.passed;
    lost += other.lost;
    duplicated += other.duplicated;
    reordered += other.reordered;
    corrupted += other.corrupted;
  }
};

class ImpairedLink final : public Link {
 public:
  // REQUIRES: `inner` outlives this.
  ImpairedLink(Link& inner, const Impairment& impairment, uint64_t seed)
      : inner_(inner), impairment_(impairment), random_(seed) {}

  int Receive(Frame* frames, int max) override { return inner_.Receive(frames, max); }
  int Send(const Frame* frames, int count) override;
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }
  void Advance(int64_t now_ns) override;

  const Injected& injected() const { return injected_; }

 private:
  static constexpr size_t kMostWaiting = 2048;
  static constexpr int64_t kLongestHeldNs = 10'000'000;  // then the next frame was the last one: nothing to be late behind
  struct Waiting {
    Frame frame;
    int64_t due_ns;
  };

  void Harm(const Frame& frame);
  void Queue(const Frame& frame) { waiting_.push_back({frame, now_ns_ + impairment_.delay_ns}); }
  void Pass(const Frame& frame);
  bool Duplicate(const Frame& frame);
  void TurnBit(const Frame& frame);
  void SendDue();

  Link& inner_;
  Impairment impairment_;
  Random random_;
  Injected injected_;
  std::deque<Waiting> waiting_;  // until it is due, or until there is room
  Frame held_;                   // the one to be reordered; no data: none
  int64_t held_since_ns_ = 0;
  int64_t now_ns_ = 0;
};

}  // namespace baton::generator
