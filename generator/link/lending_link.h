// A queue that is used by several cores, because a port has fewer queues than there are cores: its owner's link, through
// which those of others send. A borrower's frames wait in a ring of its own until the owner polls; it receives nothing,
// frames for its flows are handed over (crew.h). Buffers are taken and freed by each core itself: only for links whose
// buffers any core may free, as those of DPDK.
#pragma once

#include <deque>

#include "generator/frame_ring.h"
#include "generator/link/link.h"

namespace baton::generator {

class LendingLink final : public Link {
 public:
  // REQUIRES: `inner` outlives this.
  explicit LendingLink(Link& inner) : inner_(inner) {}
  ~LendingLink() override;

  // A link for one more core. Main, before any core runs.
  Link& Lend() { return borrowers_.emplace_back(inner_); }

  // The owner.
  int Receive(Frame* frames, int max) override { return inner_.Receive(frames, max); }
  int Send(const Frame* frames, int count) override { return inner_.Send(frames, count); }
  bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
  void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }
  void Advance(int64_t now_ns) override;  // sends for the borrowers

 private:
  class Borrower final : public Link {
   public:
    explicit Borrower(Link& inner) : inner_(inner) {}
    int Receive(Frame* /*frames*/, int /*max*/) override { return 0; }
    int Send(const Frame* frames, int count) override;
    bool Allocate(Frame* frames, int count) override { return inner_.Allocate(frames, count); }
    void Free(const Frame* frames, int count) override { inner_.Free(frames, count); }

    FrameRing ring;

   private:
    Link& inner_;
  };

  Link& inner_;
  std::deque<Borrower> borrowers_;
};

}  // namespace baton::generator
