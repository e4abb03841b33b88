// What a unit knows of its virtual router: the units and their states (table A), the end systems (table B), and who is
// in charge of which with what is measured (table C). The one way to all three (VR-36, VR-53). One thread.
#pragma once

#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "controlplane/load_sharing/allocation.h"
#include "controlplane/load_sharing/message.h"

namespace baton::controlplane::load_sharing {

// A row of table A (VR-31), but for what is configured and never changes here.
struct UnitRow {
  IpAddress address;
  bool is_server = false;
  UnitState state = UnitState::kSuspended;
  uint32_t overflows = 0;  // per unit of time
  size_t conditions = 0;   // that it is in charge of by table C
};

// A row of table C (VR-34); the overflow count is the unit's.
struct ConditionRow {
  UnitIndex unit = kNobody;
  UnitIndex previous = kNobody;  // who it came from last
  Generation moved = 0;          // with which allocation
  bool orphan = false;           // it came from one that was gone
  uint64_t bits_per_second = 0;
};

class Tables {
 public:
  // The routers in address order (VR-Q30), then the server.
  Tables(std::vector<IpAddress> routers, const std::vector<IpAddress>& servers);

  const std::vector<UnitRow>& units() const { return units_; }
  UnitIndex IndexOf(const IpAddress& unit) const;  // kNobody: none of ours
  UnitRow& unit(UnitIndex index) { return units_[index]; }
  const UnitRow& unit(UnitIndex index) const { return units_[index]; }

  // Table B. True when it is new.
  bool AddEndSystem(const IpAddress& address) { return end_systems_.insert(address).second; }
  void ClearEndSystems() { end_systems_.clear(); }
  const absl::flat_hash_set<IpAddress>& end_systems() const { return end_systems_; }

  // Table C. Null: nobody was given it, so it is the active router's.
  const ConditionRow* Find(const IpAddress& condition) const;
  // `before`: who was in charge if it had no row.
  void Assign(const IpAddress& condition, UnitIndex unit, Generation generation, bool orphan,
              UnitIndex before = kNobody);
  void SetRate(const IpAddress& condition, uint64_t bits_per_second);  // of what has no row, nothing is kept
  void ClearRates(UnitIndex unit);
  const absl::flat_hash_map<IpAddress, ConditionRow>& conditions() const { return conditions_; }
  std::vector<IpAddress> ConditionsOf(UnitIndex unit) const;  // in address order
  void ClearConditions();

 private:
  std::vector<UnitRow> units_;
  absl::flat_hash_set<IpAddress> end_systems_;
  absl::flat_hash_map<IpAddress, ConditionRow> conditions_;
};

}  // namespace baton::controlplane::load_sharing
