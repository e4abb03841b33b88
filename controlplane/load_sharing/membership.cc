#include "controlplane/load_sharing/membership.h"

#include <algorithm>

namespace baton::controlplane::load_sharing {

void Membership::Start(const std::vector<IpAddress>& others, TimePoint now) {
  units_.clear();
  for (const IpAddress& address : others) units_.push_back({address, Life::kUnknown, now + response_period_});
}

bool Membership::Heard(const IpAddress& unit, TimePoint now) {
  for (Unit& u : units_) {
    if (u.address != unit) continue;
    const bool is_new = u.life != Life::kAlive;
    u.life = Life::kAlive;
    u.deadline = now + response_period_;
    return is_new;
  }
  return false;
}

void Membership::SetFault(const IpAddress& unit) {
  for (Unit& u : units_) {
    if (u.address == unit) u.life = Life::kFault, u.deadline = TimePoint::max();
  }
}

std::vector<IpAddress> Membership::Elapse(TimePoint now) {
  std::vector<IpAddress> late;
  for (Unit& u : units_) {
    if (now < u.deadline) continue;
    u.life = Life::kFault;
    u.deadline = TimePoint::max();
    late.push_back(u.address);
  }
  return late;
}

TimePoint Membership::NextDeadline() const {
  TimePoint next = TimePoint::max();
  for (const Unit& u : units_) next = std::min(next, u.deadline);
  return next;
}

Membership::Life Membership::LifeOf(const IpAddress& unit) const {
  for (const Unit& u : units_) {
    if (u.address == unit) return u.life;
  }
  return Life::kUnknown;
}

}  // namespace baton::controlplane::load_sharing
