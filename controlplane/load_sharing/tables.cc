#include "controlplane/load_sharing/tables.h"

#include <algorithm>
#include <utility>

namespace baton::controlplane::load_sharing {

Tables::Tables(std::vector<IpAddress> routers, const std::vector<IpAddress>& servers) {
  std::sort(routers.begin(), routers.end());
  for (const IpAddress& address : routers) units_.push_back({.address = address});
  for (const IpAddress& address : servers) {
    units_.push_back({.address = address, .is_server = true, .state = UnitState::kServer});
  }
}

UnitIndex Tables::IndexOf(const IpAddress& unit) const {
  for (size_t i = 0; i < units_.size(); ++i) {
    if (units_[i].address == unit) return static_cast<UnitIndex>(i);
  }
  return kNobody;
}

const ConditionRow* Tables::Find(const IpAddress& condition) const {
  const auto found = conditions_.find(condition);
  return found == conditions_.end() ? nullptr : &found->second;
}

void Tables::Assign(const IpAddress& condition, UnitIndex unit, Generation generation, bool orphan, UnitIndex before) {
  ConditionRow& row = conditions_[condition];
  if (row.unit != kNobody) --units_[row.unit].conditions;
  ++units_[unit].conditions;
  if (row.unit != unit) {
    row.previous = row.unit == kNobody ? before : row.unit;
    row.moved = generation;
    row.unit = unit;
    row.orphan = orphan;
  } else {
    row.orphan = row.orphan && orphan;  // until it is given to somebody as it should be
  }
}

void Tables::SetRate(const IpAddress& condition, uint64_t bits_per_second) {
  const auto found = conditions_.find(condition);
  if (found != conditions_.end()) found->second.bits_per_second = bits_per_second;
}

void Tables::ClearRates(UnitIndex unit) {
  for (auto& entry : conditions_) {
    if (entry.second.unit == unit) entry.second.bits_per_second = 0;
  }
}

std::vector<IpAddress> Tables::ConditionsOf(UnitIndex unit) const {
  std::vector<IpAddress> list;
  list.reserve(units_[unit].conditions);
  for (const auto& entry : conditions_) {
    if (entry.second.unit == unit) list.push_back(entry.first);
  }
  std::sort(list.begin(), list.end());
  return list;
}

void Tables::ClearConditions() {
  conditions_.clear();
  for (UnitRow& row : units_) row.conditions = 0;
}

}  // namespace baton::controlplane::load_sharing
