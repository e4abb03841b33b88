// What a group's driver shows to operators: tables C and B with what was measured. In the order of addresses, so that a
// limit cuts at the end.
#include <algorithm>

#include "controlplane/load_sharing/sharer.h"

namespace baton::controlplane::load_sharing {

std::vector<ListedCondition> Sharer::Conditions(size_t limit) const {
  const Tables& tables = machine_.tables();
  std::vector<ListedCondition> list;
  list.reserve(tables.conditions().size());
  for (const auto& [address, row] : tables.conditions()) {
    ListedCondition condition{.address = address, .unit = tables.unit(row.unit).address};
    condition.bits_per_second = row.bits_per_second;
    condition.moved = row.moved;
    list.push_back(condition);
  }
  const auto before = [](const ListedCondition& a, const ListedCondition& b) { return a.address < b.address; };
  const size_t count = std::min(limit, list.size());
  std::partial_sort(list.begin(), list.begin() + static_cast<ptrdiff_t>(count), list.end(), before);
  list.resize(count);
  for (ListedCondition& condition : list) {
    condition.here =
        directed() ? Here::kPasses : machine_.HereOf(condition.address);  // then whatever comes is forwarded
  }
  for (const Measured& measured : measured_) {
    const auto at =
        std::lower_bound(list.begin(), list.end(), ListedCondition{.address = measured.condition, .unit = {}}, before);
    if (at == list.end() || at->address != measured.condition) continue;
    at->packets = measured.packets;
    at->bytes = measured.bytes;
  }
  return list;
}

std::vector<ListedEndSystem> Sharer::EndSystems(size_t limit, TimePoint now) const {
  std::vector<ListedEndSystem> list;
  for (const Node& node : discovery_.Nodes(now)) {
    if (list.size() == limit) break;
    ListedEndSystem shown{.node = node, .seen_ago = {}, .unit = {}};
    if (const auto seen = discovery_.SeenAt(node.address)) shown.seen_ago = now - *seen;
    const UnitIndex owner = machine_.OwnerOf(node.address);
    if (node.kind == Node::Kind::kEndSystem && owner != kNobody) shown.unit = machine_.tables().unit(owner).address;
    list.push_back(shown);
  }
  return list;
}

}  // namespace baton::controlplane::load_sharing
