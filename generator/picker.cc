#include "generator/picker.h"

namespace baton::generator {

Picker::Picker(Activity activity, uint32_t flows, double exponent, uint64_t seed, uint32_t first, uint32_t step)
    : activity_(activity), flows_(flows), random_(seed) {
  if (activity == Activity::kZipf) BuildAliases(exponent, first, step);
}

void Picker::Pick(uint32_t* picked, int count) {
  switch (activity_) {
    case Activity::kInTurn:
      for (int i = 0; i < count; ++i) {
        picked[i] = turn_;
        if (++turn_ == flows_) turn_ = 0;
      }
      return;
    case Activity::kUniform:
      for (int i = 0; i < count; ++i) picked[i] = random_.Below(flows_);
      return;
    case Activity::kZipf:
      for (int i = 0; i < count; ++i) {
        const uint64_t drawn = random_.Next();
        const auto column = static_cast<uint32_t>((drawn >> 32) * flows_ >> 32);
        const Alias& alias = aliases_[column];
        picked[i] = static_cast<uint32_t>(drawn) < alias.keep ? column : alias.other;
      }
      return;
  }
}

void Picker::BuildAliases(double exponent, uint32_t first, uint32_t step) {
  std::vector<double> weights(flows_);
  double sum = 0;
  for (uint32_t i = 0; i < flows_; ++i) sum += weights[i] = ZipfWeight(first + i * step, exponent);
  std::vector<uint32_t> small, large;
  for (uint32_t i = 0; i < flows_; ++i) {
    weights[i] *= flows_ / sum;  // 1 is the mean
    (weights[i] < 1 ? small : large).push_back(i);
  }
  aliases_.resize(flows_);
  while (!small.empty() && !large.empty()) {
    const uint32_t less = small.back(), more = large.back();
    small.pop_back();
    aliases_[less] = {static_cast<uint32_t>(weights[less] * 0x1p32), more};
    weights[more] -= 1 - weights[less];
    if (weights[more] < 1) {
      large.pop_back();
      small.push_back(more);
    }
  }
  for (const uint32_t rest : small) aliases_[rest] = {UINT32_MAX, rest};
  for (const uint32_t rest : large) aliases_[rest] = {UINT32_MAX, rest};
}

}  // namespace baton::generator
