// Sends the frames of a recording, at a rate or as far apart as they were, and counts them. They carry no stamp, so
// nobody knows what becomes of them: what arrives is foreign. One core; allocates nothing after construction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/addr.h"
#include "generator/link/link.h"
#include "generator/pace.h"
#include "generator/replay/recording.h"

namespace baton::generator {

struct ReplayProfile {
  std::string name;
  std::string file;  // as the profile has it
  size_t port = 0;
  std::shared_ptr<const Recording> recording;
  bool by_rate = false;
  double rate = 0;        // by_rate: frames per second; 0: as many as the port takes
  double speed = 1;       // otherwise: so many times as fast as recorded
  uint64_t rounds = 1;
  bool keep_macs = false;
};

struct ReplayCounts {
  uint64_t sent = 0, sent_bytes = 0;
  int64_t most_behind_ns = 0;  // not by_rate: how late a frame was at most
};

// Where frames go that are not to keep their MAC addresses: null where there is no gateway of the family, then they keep
// the destination.
struct ReplayMacs {
  MacAddress own;
  const MacAddress* ipv4 = nullptr;
  const MacAddress* ipv6 = nullptr;
};

class ReplaySender {
 public:
  // REQUIRES: profile outlives this.
  explicit ReplaySender(const ReplayProfile& profile)
      : profile_(profile),
        period_ns_(profile.recording->period_ns()),
        last_(profile.rounds * profile.recording->frames.size()),
        pace_(profile.rate) {}

  // What is due, straight to the link: what it does not take is due again. Returns how many frames it took.
  int Send(Link& link, const ReplayMacs& macs, int64_t now_ns);

  const ReplayProfile& profile() const { return profile_; }
  const ReplayCounts& counts() const { return counts_; }
  uint64_t skipped() const { return pace_.skipped(); }
  bool complete() const { return counts_.sent == last_; }

 private:
  int Due(int64_t now_ns);
  // When the number-th frame is due, from the first on.
  int64_t TimeOf(uint64_t number) const;
  const RecordedFrame& FrameAt(uint64_t number) const {
    return profile_.recording->frames[number % profile_.recording->frames.size()];
  }

  const ReplayProfile& profile_;
  const int64_t period_ns_;
  const uint64_t last_;  // frames in all rounds
  Pace pace_;
  int64_t began_ns_ = 0;
  ReplayCounts counts_;
};

}  // namespace baton::generator
