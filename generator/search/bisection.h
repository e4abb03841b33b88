// Looks for the largest share of something that still goes well: everything first, then between what went well and what
// did not, until both are close (RFC 2544, 26.1 leaves the way of searching open). Pure.
#pragma once

namespace baton::generator {

class Bisection {
 public:
  // Done when the largest good share and the smallest bad one are this close, as a part of the latter.
  // REQUIRES: 0 < resolution < 1.
  explicit Bisection(double resolution) : resolution_(resolution) {}

  // The share to try, 0 < share <= 1. REQUIRES: !done().
  double next() const { return bad_ > 1 ? 1 : (good_ + bad_) / 2; }
  // How `next` went.
  void Note(bool good) { (good ? good_ : bad_) = next(); }

  bool done() const { return good_ == 1 || (bad_ <= 1 && bad_ - good_ <= resolution_ * bad_) || bad_ < kLeast; }
  double best() const { return good_; }  // 0: nothing went well

  static constexpr double kLeast = 0.001;  // what goes badly down to here goes badly

 private:
  double resolution_;
  double good_ = 0, bad_ = 2;
};

}  // namespace baton::generator
