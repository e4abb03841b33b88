// What an operator asks for: a review now, or that a unit has these conditions. Refused where it could not be done.
#include <algorithm>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "controlplane/load_sharing/machine.h"

namespace baton::controlplane::load_sharing {
namespace {

absl::Status NotNow(const char* under_way) {
  return absl::UnavailableError(absl::StrCat("load sharing: ", under_way, " is under way, ask again soon"));
}

}  // namespace

absl::Status Machine::IsRunning() const {
  if (role_ == Role::kStopped) {
    return absl::FailedPreconditionError(
        "load sharing: is not running: the router has no link, or one that shares no load is active");
  }
  if (active_ == kNobody) return absl::UnavailableError("load sharing: no active router is known yet, ask again soon");
  return absl::OkStatus();
}

// An operator's is not held off (VR-104, VR-105 keep routers from asking again and again by themselves), but it holds
// off those that this unit would ask for next.
absl::StatusOr<IpAddress> Machine::ReviewBy() const {
  RETURN_IF_ERROR(IsRunning());
  const bool learns = learn_until_ != TimePoint::max();
  if (IsMaker() && (learns || collection_ || pending_)) return NotNow(UnderWay());
  return Maker();
}

absl::StatusOr<std::vector<IpAddress>> Machine::ToMove(const std::vector<IpAddress>& end_systems,
                                                       const IpAddress& to, TimePoint now) const {
  RETURN_IF_ERROR(IsRunning());
  if (!IsMaker()) {
    return absl::FailedPreconditionError(absl::StrCat("load sharing: ", Maker().ToString(), " allocates: ask there"));
  }
  const UnitIndex unit = tables_.IndexOf(to);
  if (unit == kNobody || tables_.unit(unit).is_server) {
    std::vector<std::string> names;
    for (const UnitRow& row : tables_.units()) {
      if (!row.is_server) names.push_back(row.address.ToString());
    }
    return absl::NotFoundError(
        absl::StrCat("unit: ", to.ToString(), " is no router of the group: ", absl::StrJoin(names, ", ")));
  }
  if (membership_.LifeOf(to) == Membership::Life::kFault) {
    return absl::FailedPreconditionError(absl::StrCat("unit: ", to.ToString(), " is at fault"));
  }
  if (learn_until_ != TimePoint::max() || collection_ || pending_) return NotNow(UnderWay());
  if (now < settled_at_) {  // of hand-overs between two others this unit would not know
    return absl::UnavailableError("load sharing: the last allocation has not settled yet, ask again soon");
  }
  if (!Eligible()[unit] || !CanAllocate()) {
    return absl::UnavailableError("load sharing: not every router has the last allocation yet, ask again soon");
  }
  return end_systems.empty() ? AllToMove(unit) : TheseToMove(end_systems, unit);
}

absl::StatusOr<std::vector<IpAddress>> Machine::TheseToMove(std::vector<IpAddress> end_systems, UnitIndex to) const {
  std::sort(end_systems.begin(), end_systems.end());
  end_systems.erase(std::unique(end_systems.begin(), end_systems.end()), end_systems.end());
  const IpAddress& unit = tables_.unit(to).address;
  for (const IpAddress& condition : end_systems) {
    const std::string name = condition.ToString();
    if (tables_.Find(condition) == nullptr && !tables_.end_systems().contains(condition)) {
      return absl::NotFoundError(absl::StrCat("end system: ", name, " is not known"));
    }
    if (OwnerOf(condition) == to) {
      return absl::FailedPreconditionError(absl::StrCat("end system: ", name, " is ", unit.ToString(), "'s already"));
    }
    if (hand_overs_.IsUnderWay(condition)) return NotNow("hand-over");
  }
  return end_systems;
}

absl::StatusOr<std::vector<IpAddress>> Machine::AllToMove(UnitIndex to) const {
  std::vector<IpAddress> moved;
  for (const IpAddress& condition : SortedConditions()) {
    if (OwnerOf(condition) == to) continue;
    if (hand_overs_.IsUnderWay(condition)) return NotNow("hand-over");
    moved.push_back(condition);
  }
  if (moved.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("end system: all are ", tables_.unit(to).address.ToString(), "'s already"));
  }
  return moved;
}

void Machine::MoveNow(const MoveAsked& event, TimePoint now, Out& out) {
  const auto moved = ToMove(event.end_systems, event.to, now);
  if (!moved.ok()) return;  // whoever asks has looked before
  std::vector<Charge> charges;
  charges.reserve(moved->size());
  for (const IpAddress& condition : *moved) charges.push_back({condition, event.to, false});
  Make(std::move(charges), false, now, out);
}

}  // namespace baton::controlplane::load_sharing
