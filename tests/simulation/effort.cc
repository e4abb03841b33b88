// How many control messages (types 3 to 8) a group may need: as many as what changed accounts for, whatever the number
// of end systems that did not. Every allocation is multicast and confirmed, and brings a confirmation and a report for
// each pair of routers at most; a review asks each router and has all rates; a failure may make each router miss an
// allocation, ask for what it misses and be told all of it.
#include "tests/simulation/group.h"

namespace baton::simulation {
namespace {

constexpr size_t kOfAllocation = 2;  // by router: confirmation, and its relay or a report
constexpr size_t kOfReview = 2;      // by router: request and response
constexpr size_t kOfFailure = 2;     // by router: questions while it is not answered

}  // namespace

// `changed` is counted from who is in charge before and after, not from what is sent.
void Group::AccountFor(size_t unit, const ls::EventLogged& event) {
  using Kind = ls::EventLogged::Kind;
  const ls::Machine& machine = *nodes_[unit]->machine;
  if (event.kind == Kind::kReviewStarted) {
    accounted_for_ += units() * (kOfReview + Fragments(end_systems_, nodes_[unit]->config.flows_per_packet));
  }
  if (event.kind != Kind::kAllocated) return;
  size_t changed = 0;
  for (const auto& [condition, row] : machine.tables().conditions()) {
    IpAddress& in_charge = in_charge_[condition];
    if (in_charge == machine.tables().unit(row.unit).address) continue;
    in_charge = machine.tables().unit(row.unit).address;
    ++changed;
  }
  const size_t fragments = Fragments(changed, nodes_[unit]->config.charges_per_packet) + 1;
  accounted_for_ += fragments + units() * kOfAllocation + Fragments(changed, 1) / 4;
}

void Group::AccountForFailure() {
  accounted_for_ += units() * (kOfFailure + Fragments(end_systems_, nodes_[0]->config.charges_per_packet));
}

}  // namespace baton::simulation
