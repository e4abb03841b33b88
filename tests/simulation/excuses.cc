// When two routers may forward the same packet. There are six reasons, each as long as it holds and no longer:
//
// - Two routers are active. VRRP lets that be for as long as an advertisement takes to the weaker one: after the LAN was
//   in parts, after a stall, when a stronger one starts.
// - Another router has become active, or the LAN has healed or parts anew, or a server that was held for dead is back,
//   and not all mind the active router or have the same allocation yet: it has not heard what others were told, or they
//   have not heard what it told; and until what somebody began to give in that time is given. Who has none forwards
//   nothing.
// - A router that lives is taken for gone, because it did not answer in time or did not confirm: others take over what
//   is its own at once, and it goes on until it has recorded the allocation that says so, or is heard again. Only
//   packets that it forwards itself are excused.
// - A router is asked for a report on what it forwarded a moment ago, but knows nothing of the hand-over: it had missed
//   the allocation, and was told all of it whole by who had not kept that.
// - Mode `sequence`, and the report does not name the flow (VR-84): half of what waited goes, on a guess.
// - Mode `timer`, and a router's control plane stalls or the LAN is in parts: the giver does not hear that it has to
//   stop when the taker begins. It stops by itself later.
//
// A packet is excused if it was sent before the reason ended.
#include <algorithm>

#include "tests/simulation/group.h"

namespace baton::simulation {
namespace {

// The longer start_delay and six times confirmation_wait, and some for the allocation to be heard of after all.
constexpr Duration kStopsByItself = std::chrono::seconds(2);
constexpr Duration kReportsAreKept = std::chrono::seconds(1);
constexpr Duration kPolls = std::chrono::milliseconds(5);    // until what is to stop has, some of them
constexpr Duration kNoted = std::chrono::milliseconds(150);  // before a report, at most

}  // namespace

void Group::NoteOrphans(const ls::Allocation& allocation) {
  Orphans orphans{.generation = allocation.generation};
  for (const ls::Charge& charge : allocation.charges) {
    if (charge.orphan) orphans.heirs.emplace(charge.condition, charge.unit);
  }
  if (!orphans.heirs.empty()) orphans_.push_back(std::move(orphans));
}

// It goes on for `cover` at least, whoever forwards the packets by now.
void Group::NoteGiving(const Node& node, const ls::Action& action) {
  if (!disagree_ || !std::holds_alternative<ls::BeginGiving>(action)) return;
  gives_until_ = now_ + node.config.cover + node.config.linger + kPolls;
}

void Group::NoteGiven(size_t unit, const ls::EventLogged& event) {
  if (event.kind == ls::EventLogged::Kind::kGiven) nodes_[unit]->gave[event.unit] = now_;
}

void Group::NoteReport(size_t unit, const IpAddress& to, const ls::Report& report) {
  Node& node = *nodes_[unit];
  const bool names_any = std::visit([](const auto& list) { return !list.empty(); }, report.records);
  const auto gave = node.gave.find(to);
  const bool gave_it = gave != node.gave.end() && now_ - gave->second < kReportsAreKept;
  if (!names_any && !gave_it) node.knew_nothing = now_;
}

// Somebody else was told to take the packet's end system over at once, and the unit had not recorded that when the
// packet was sent.
bool Group::IsTakenOver(const PacketRecord& packet, size_t unit) const {
  const Node& node = *nodes_[unit];
  return std::any_of(orphans_.begin(), orphans_.end(), [&](const Orphans& orphans) {
    const auto heir = orphans.heirs.find(EndSystem(packet.end_system));
    if (heir == orphans.heirs.end() || heir->second == node.address) return false;
    // What it had last: before that it may have had higher numbers, of the other side of a LAN in parts.
    const auto had = std::find_if(node.recorded.rbegin(), node.recorded.rend(), [&](const auto& record) {
      return record.second != 0 && record.first < packet.at;
    });
    return had == node.recorded.rend() || ls::IsNewer(orphans.generation, had->second);
  });
}

// Everybody minds the active router. Every router that forwards anything by an allocation has the active router's, and
// so has the server: what it made on its side of a LAN in parts it is going to tell them.
bool Group::HaveAgreed() const {
  const size_t a = active();
  if (parted_ || a == units()) return false;
  const ls::Generation generation = nodes_[a]->machine->generation();
  if (generation == 0) return false;
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const std::unique_ptr<Node>& node) {
    if (!node->alive) return true;
    const ls::Generation has = node->machine->generation();
    return node->machine->OwnerOf(IpAddress{}) == a && (has == 0 || has == generation);
  });
}

void Group::NoteMinds() {
  size_t actives = 0;
  bool stalled = false;
  const size_t a = active();
  for (auto& node : nodes_) {
    if (!node->alive) {
      node->held_for_dead = false;
      continue;
    }
    if (node->is_server) continue;
    actives += node->vrrp.role == vr::Role::kActive ? 1 : 0;
    stalled = stalled || now_ < node->stalled_until;
    const ls::Generation generation = node->machine->generation();
    if (node->recorded.empty() || node->recorded.back().second != generation) {
      node->recorded.emplace_back(now_, generation);
    }
    if (node->held_for_dead && a != units() &&
        nodes_[a]->machine->LifeOf(node->address) != ls::Membership::Life::kFault) {
      node->held_for_dead = false;
    }
    if (node->held_for_dead) node->dead_until = now_;
  }
  if (actives > 1) two_active_until_ = now_;
  if (options_.mode == ls::HandOver::kTimer) {
    if (stalled) timer_excused_until_ = std::max(timer_excused_until_, now_);
    if (parted_) timer_excused_until_ = now_ + kStopsByItself;
  }
  // What somebody said who was active for a moment may be under way, and what the server says because of it.
  if (!disagree_ || !HaveAgreed()) agree_since_ = now_;
  const TimePoint heard = agree_since_ + 2 * (options_.delay + options_.more_delay);
  if (now_ > std::max(heard, gives_until_)) disagree_ = false;
  if (disagree_) disagreed_until_ = now_;
}

const char* Group::Excuse(const PacketRecord& packet, size_t unit) const {
  if (packet.at <= two_active_until_) return "two routers are active";
  if (packet.at <= disagreed_until_) return "not all know of the active router's allocation";
  for (const size_t one : {size_t{packet.by}, unit}) {
    if (packet.at <= nodes_[one]->dead_until) return "one of them is held for dead";
    if (packet.at <= nodes_[one]->knew_nothing && packet.at > nodes_[one]->knew_nothing - kNoted) {
      return "one of them knows nothing of the hand-over";
    }
    if (IsTakenOver(packet, one)) return "one of them does not know yet that it was taken over";
  }
  if (packet.at <= timer_excused_until_) return "the mode is timer, and a router stalls or the LAN was in parts";
  return nullptr;
}

}  // namespace baton::simulation
