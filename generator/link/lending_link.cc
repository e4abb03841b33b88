#include "generator/link/lending_link.h"

#include <algorithm>

namespace baton::generator {

LendingLink::~LendingLink() {
  Frame frames[kBurst];
  for (Borrower& borrower : borrowers_) {
    while (const int count = borrower.ring.Take(frames, kBurst)) inner_.Free(frames, count);
  }
}

void LendingLink::Advance(int64_t now_ns) {
  inner_.Advance(now_ns);
  Frame frames[kBurst];
  for (Borrower& borrower : borrowers_) {
    const int count = borrower.ring.Look(frames, kBurst);
    if (count > 0) borrower.ring.Drop(inner_.Send(frames, count));
  }
}

int LendingLink::Borrower::Send(const Frame* frames, int count) {
  const int taken = std::min(count, static_cast<int>(ring.Room()));
  for (int i = 0; i < taken; ++i) ring.Put(frames[i]);
  return taken;
}

}  // namespace baton::generator
