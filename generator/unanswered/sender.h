// Sends one class of traffic that expects no answer, and counts what became of it: what was sent, what reached our own
// servers, what came back. Keeps nothing for a single packet: a flood of any length takes the same memory. One core;
// allocates nothing after construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "generator/hosts.h"
#include "generator/ledger.h"
#include "generator/link/link.h"
#include "generator/pace.h"
#include "generator/random.h"
#include "generator/unanswered/malformed.h"
#include "generator/unanswered/profile.h"
#include "generator/unanswered/returned.h"

namespace baton::generator {

struct UnansweredCounts {
  uint64_t sent = 0, sent_bytes = 0;  // taken by the port, bytes without FCS
  uint64_t arrived = 0;               // first copies, at our servers
  uint64_t duplicated = 0;            // further copies, and what came too late to tell
  std::array<uint64_t, kMostMalformed> sent_of{}, arrived_of{};  // kMalformed: by kind
  std::array<uint64_t, kReturnedKinds> returned{};
};

class UnansweredSender {
 public:
  // `place`: of the class, for its mark. REQUIRES: profile and hosts outlive this; without `sources` there is a host of
  // the family.
  UnansweredSender(const UnansweredProfile& profile, uint32_t place, const Hosts& hosts, uint16_t mss,
                   const MacAddress& mac, uint64_t seed, uint64_t key);

  // What is due, straight to the link: what it does not take was not sent. Returns how many frames it took.
  int Send(Link& link, const MacAddress& next_hop, int64_t now_ns);

  void NoteArrival(const Stamp& mark);
  // False: it was no answer to this class.
  bool NoteReturned(const Returned& returned);

  const UnansweredProfile& profile() const { return profile_; }
  const UnansweredCounts& counts() const { return counts_; }
  uint64_t skipped() const { return pace_.skipped(); }

 private:
  void Write(Frame& frame, uint32_t number, const MacAddress& next_hop);
  IpAddress DrawSource();
  uint16_t DrawPort();
  Malformed KindAt(uint32_t number) const { return profile_.kinds[number % profile_.kinds.size()]; }

  const UnansweredProfile& profile_;
  const uint32_t place_;
  const Hosts& hosts_;
  const uint16_t mss_;
  const uint64_t key_;
  FrameTemplate syn_;
  MalformedWriter malformed_;
  Pace pace_;
  Random random_;
  uint32_t next_number_ = 0;
  Ledger arrivals_;
  UnansweredCounts counts_;
};

}  // namespace baton::generator
