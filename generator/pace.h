// How many packets of a class are due: open-loop, by the clock alone, whatever is answered. After a pause of the machine
// at most `catch_up_ns` is made up for at once (and 32 at least), or the catching-up would be a burst that the
// profile did not ask for; the rest is `skipped`, and reported. One core.
#pragma once

#include <algorithm>
#include <cstdint>

namespace baton::generator {

class Pace {
 public:
  // `per_second` 0: as fast as the port takes them.
  explicit Pace(double per_second, int64_t catch_up_ns = 1'000'000)
      : per_ns_(per_second / 1e9), most_due_(std::max(32.0, per_ns_ * static_cast<double>(catch_up_ns))) {}

  bool unlimited() const { return per_ns_ == 0; }

  // None is due before; then this part of the first packet is: cores that send parts of a class take turns. REQUIRES:
  // now_ns > 0.
  void Begin(int64_t now_ns, double part) {
    last_ns_ = now_ns;
    due_ = part;
  }

  // Packets due by now. REQUIRES: time does not run backwards.
  int Due(int64_t now_ns, int most) {
    if (unlimited()) return most;
    if (last_ns_ != 0) due_ += static_cast<double>(now_ns - last_ns_) * per_ns_;
    last_ns_ = now_ns;
    if (due_ > most_due_) {
      const auto skip = static_cast<uint64_t>(due_ - most_due_);
      skipped_ += skip;
      due_ -= static_cast<double>(skip);
    }
    return due_ < most ? static_cast<int>(due_) : most;
  }
  void Sent(int count) {
    if (!unlimited()) due_ -= count;
  }

  uint64_t skipped() const { return skipped_; }

 private:
  double per_ns_;
  double most_due_;
  double due_ = 0;
  int64_t last_ns_ = 0;
  uint64_t skipped_ = 0;
};

}  // namespace baton::generator
