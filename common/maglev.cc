#include "common/maglev.h"

#include <algorithm>
#include <numeric>

namespace baton {
namespace {

// FNV-1a with a final mix: the same on every box and in every release, which absl::Hash promises not to be.
uint64_t StableHash(const std::string& text, uint64_t seed) {
  uint64_t h = 0xcbf29ce484222325 ^ seed;
  for (const char c : text) h = (h ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccd;
  h ^= h >> 33;
  return h;
}

struct Permutation {
  uint16_t index;
  uint32_t next;  // position in the table that it would like next
  uint32_t skip;
  uint32_t weight;
};

}  // namespace

std::vector<uint16_t> BuildMaglev(absl::Span<const MaglevBackend> backends, uint32_t size) {
  constexpr uint16_t kFree = 0xffff;
  std::vector<Permutation> turns;
  for (size_t i = 0; i < backends.size(); ++i) {
    if (backends[i].weight == 0) continue;
    turns.push_back({static_cast<uint16_t>(i), static_cast<uint32_t>(StableHash(backends[i].name, 1) % size),
                     static_cast<uint32_t>(StableHash(backends[i].name, 2) % (size - 1) + 1), backends[i].weight});
  }
  if (turns.empty()) return {};
  std::sort(turns.begin(), turns.end(), [&](const Permutation& a, const Permutation& b) {
    return backends[a.index].name < backends[b.index].name;
  });
  // Weights 10:20 mean what 1:2 mean; smaller rounds mix better.
  const uint32_t divisor = std::accumulate(turns.begin(), turns.end(), uint32_t{0},
                                           [](uint32_t g, const Permutation& p) { return std::gcd(g, p.weight); });
  std::vector<uint16_t> table(size, kFree);
  uint32_t filled = 0;
  while (true) {
    for (Permutation& p : turns) {
      for (uint32_t turn = 0; turn < p.weight / divisor; ++turn) {
        while (table[p.next] != kFree) p.next = (p.next + p.skip) % size;
        table[p.next] = p.index;
        if (++filled == size) return table;
      }
    }
  }
}

}  // namespace baton
