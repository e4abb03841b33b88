// A link that harms frames by the clock of the test and counts that by when the request was sent: a second count of
// what the engine attributes by stamps.
#pragma once

#include <cstring>
#include <vector>

#include <catch2/catch.hpp>

#include "generator/counts.h"
#include "generator/link/link.h"
#include "generator/stamp.h"

namespace baton::generator {

inline constexpr int64_t kBeganNs = 1'000'000'000;  // of a simulation
inline constexpr int64_t kMs = 1'000'000;

// Requests were sent `delay_ns` before they, or their responses, come here. Each frame suffers what its place in the
// sequence says, at another rate in each part of the run.
class Harm final : public Link {
 public:
  Harm(Link& inner, std::vector<int64_t> events_ms, int64_t delay_ns) : inner_(inner), delay_ns_(delay_ns) {
    for (const int64_t ms : events_ms) events_ns_.push_back(kBeganNs + ms * kMs);
    counts.resize(events_ns_.size() + 1);
  }

  int Receive(Frame* frames, int max) override { return inner_.Receive(frames, max); }
  int Send(const Frame* frames, int count) override {
    size_t part = 0;
    while (part < events_ns_.size() && now_ns_ - delay_ns_ >= events_ns_[part]) ++part;
    for (int i = 0; i < count; ++i) SendOne(frames[i], part);
    return count;
  }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }
  void Advance(int64_t now_ns) override {
    now_ns_ = now_ns;
    inner_.Advance(now_ns);
  }

  struct Count {
    uint64_t sent = 0, lost = 0, duplicated = 0, corrupted = 0;
  };
  std::vector<Count> counts;

 private:
  void SendOne(const Frame& frame, size_t part) {
    Count& count = counts[part];
    ++count.sent;
    const uint64_t place = ++seen_ % (20 + 7 * part);
    if (place == 3) {
      ++count.lost;
      inner_.Free(&frame, 1);
      return;
    }
    if (place == 8) {
      ++count.corrupted;
      frame.data[14 + 20 + 8 + kStampSize] ^= 0x10;  // behind the stamp
    } else if (place == 11) {
      ++count.duplicated;
      Frame copy;
      REQUIRE(inner_.Allocate(&copy, 1));
      std::memcpy(copy.data, frame.data, frame.length);
      copy.length = frame.length;
      REQUIRE(inner_.Send(&copy, 1) == 1);
    }
    REQUIRE(inner_.Send(&frame, 1) == 1);
  }

  Link& inner_;
  std::vector<int64_t> events_ns_;
  int64_t delay_ns_;
  int64_t now_ns_ = 0;
  uint64_t seen_ = 0;
};

inline void CheckPart(const DirectionCounts& counted, const Harm::Count& done) {
  CHECK(counted.sent == done.sent);
  CHECK(counted.lost() == done.lost + done.corrupted);
  CHECK(counted.duplicated == done.duplicated);
  CHECK(counted.corrupted == done.corrupted);
  CHECK(counted.reordered + counted.late == 0);
}

}  // namespace baton::generator
