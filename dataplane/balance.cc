#include "dataplane/balance.h"

namespace baton::dataplane {
namespace {

// a/b < c/d without dividing. REQUIRES: b, d > 0.
bool LessShare(uint64_t a, uint64_t b, uint64_t c, uint64_t d) { return a * d < c * b; }

int ByWeight(const Service& service, const SharedCounts& counts) {
  int best = kNoBackend;
  uint64_t best_rows = 0;
  for (size_t i = 0; i < service.backends.size(); ++i) {
    const Backend& b = service.backends[i];
    if (b.weight == 0) continue;
    const uint64_t rows = counts.Rows(b.slot);
    if (best == kNoBackend || LessShare(rows, b.weight, best_rows, service.backends[best].weight)) {
      best = static_cast<int>(i);
      best_rows = rows;
    }
  }
  return best;
}

int ByLoad(const Service& service, const SharedCounts& counts) {
  int best = kNoBackend;
  uint64_t best_open = 0;
  for (size_t i = 0; i < service.backends.size(); ++i) {
    const Backend& b = service.backends[i];
    if (b.weight == 0) continue;
    const uint64_t open = counts.Open(b.slot);
    const Backend* leader = best == kNoBackend ? nullptr : &service.backends[best];
    if (leader == nullptr || b.load < leader->load ||
        (b.load == leader->load && LessShare(open, b.weight, best_open, leader->weight))) {
      best = static_cast<int>(i);
      best_open = open;
    }
  }
  return best;
}

// The turn, modulo the sum of weights, falls into one backend's stretch.
int InTurn(const Service& service, uint64_t turn) {
  uint64_t sum = 0;
  for (const Backend& b : service.backends) sum += b.weight;
  if (sum == 0) return kNoBackend;
  uint64_t at = turn % sum;
  for (size_t i = 0; i < service.backends.size(); ++i) {
    if (at < service.backends[i].weight) return static_cast<int>(i);
    at -= service.backends[i].weight;
  }
  return kNoBackend;
}

}  // namespace

int ChooseBackend(const Service& service, const SharedCounts& counts, uint32_t flow_hash, uint64_t turn) {
  switch (service.schedule) {
    case Schedule::kWeight: return ByWeight(service, counts);
    case Schedule::kRoundRobin: return InTurn(service, turn);
    case Schedule::kLeastLoad: return ByLoad(service, counts);
    case Schedule::kMaglev: break;
  }
  return service.maglev.empty() ? kNoBackend : service.maglev[flow_hash % service.maglev.size()];
}

}  // namespace baton::dataplane
