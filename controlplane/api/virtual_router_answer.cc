// Virtual routers as a message of the API.
#include "controlplane/api/answers.h"

namespace baton::controlplane {
namespace {

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

void FillRefused(absl::string_view reason, uint64_t packets, v1::Refused* to) {
  to->set_reason(std::string(reason));
  to->set_packets(packets);
}

constexpr const char* kStates[] = {"working", "suspended", "fault", "server", "server-fault"};
constexpr const char* kModes[] = {"timer", "sequence", "exact"};

void Fill(const SharingView& from, v1::LoadSharing* to) {
  to->set_generation(from.generation);
  to->set_hand_over(kModes[static_cast<size_t>(from.hand_over)]);
  to->set_settled(from.settled);
  to->set_end_systems(from.end_systems);
  to->set_conditions(from.conditions);
  for (const UnitView& unit : from.units) {
    v1::RouterUnit* shown = to->add_units();
    shown->set_address(unit.address.ToString());
    shown->set_state(kStates[static_cast<size_t>(unit.state)]);
    shown->set_end_systems(unit.conditions);
    shown->set_overflows(unit.overflows);
  }
  to->set_messages_sent(from.sent);
  to->set_messages_heard(from.heard);
  to->set_messages_unsent(from.unsent);
  to->set_hand_overs_taken(from.handed_over);
  to->set_incomplete_reports(from.incomplete_reports);
  to->set_hand_overs_put_off(from.put_off);
  for (const auto& [reason, messages] : from.refused) {
    if (messages > 0) FillRefused(reason, messages, to->add_refused());
  }
}

void Fill(const View& view, const VirtualRouterView& from, v1::VirtualRouter* to) {
  const vrrp::RouterConfig& machine = from.settings.machine;
  const vrrp::State& state = from.status.state;
  const vrrp::Counters& counters = from.status.counters;
  if (from.settings.port < view.ports.size()) to->set_port(view.ports[from.settings.port].info.name);
  to->set_family(from.settings.family() == Family::kIpv4 ? "ipv4" : "ipv6");
  to->set_id(machine.vrid);
  for (const IpAddress& address : machine.addresses) to->add_addresses(address.ToString());
  to->set_version(machine.version);
  to->set_role(std::string(vrrp::RoleName(state.role)));
  to->set_role_seconds(Seconds(view.made - from.status.since));
  to->set_priority(state.role == vrrp::Role::kInitialize ? machine.priority : state.priority);
  to->set_configured_priority(machine.priority);
  if (!state.active.is_unspecified()) to->set_active(state.active.ToString());
  to->set_active_priority(state.active_priority);
  to->set_advertise_every_seconds(Seconds(machine.interval));
  to->set_sent(counters.sent);
  to->set_heard(counters.heard);
  to->set_resignations_heard(counters.resigned);
  to->set_became_active(counters.became_active);
  to->set_became_backup(counters.became_backup);
  to->set_rivals(counters.rivals);
  for (size_t i = 1; i < vrrp::kRefusals; ++i) {
    if (counters.refused[i] > 0) {
      FillRefused(vrrp::RefusalName(static_cast<vrrp::Refusal>(i)), counters.refused[i], to->add_refused());
    }
  }
  if (from.sharing) Fill(*from.sharing, to->mutable_load_sharing());
}

}  // namespace

v1::ShowVirtualRoutersResponse AnswerVirtualRouters(const View& view) {
  v1::ShowVirtualRoutersResponse answer;
  for (const VirtualRouterView& router : view.virtual_routers) Fill(view, router, answer.add_virtual_routers());
  const auto add = [&](absl::string_view reason, uint64_t packets) {
    if (packets > 0) FillRefused(reason, packets, answer.add_strays());
  };
  const vrrp::StrayCounters& strays = view.vrrp_strays;
  for (size_t i = 1; i < vrrp::kMalformed; ++i) {
    add(vrrp::MalformedName(static_cast<vrrp::Malformed>(i)), strays.malformed[i]);
  }
  add("unknown_vrid", strays.unknown_vrid);
  add("not_multicast", strays.not_multicast);
  add("wrong_vlan", strays.wrong_vlan);
  return answer;
}

v1::ShowConditionsResponse AnswerConditions(const std::vector<SharedCondition>& rows, size_t limit) {
  constexpr const char* kHere[] = {"block", "pass", "hold"};
  v1::ShowConditionsResponse answer;
  for (const SharedCondition& from : rows) {
    if (static_cast<size_t>(answer.conditions_size()) == limit) break;
    v1::Condition* shown = answer.add_conditions();
    shown->set_port(from.port);
    shown->set_id(from.id);
    shown->set_address(from.row.address.ToString());
    shown->set_unit(from.row.unit.ToString());
    shown->set_here(kHere[static_cast<size_t>(from.row.here)]);
    shown->set_bits_per_second(from.row.bits_per_second);
    shown->set_packets(from.row.packets);
    shown->set_bytes(from.row.bytes);
    shown->set_generation(from.row.moved);
  }
  answer.set_truncated(rows.size() > limit);
  return answer;
}

v1::ShowEndSystemsResponse AnswerEndSystems(const std::vector<SharedEndSystem>& rows, size_t limit) {
  constexpr const char* kKinds[] = {"end-system", "router"};
  constexpr const char* kFound[] = {"configured", "answered", "seen"};
  v1::ShowEndSystemsResponse answer;
  for (const SharedEndSystem& from : rows) {
    if (static_cast<size_t>(answer.end_systems_size()) == limit) break;
    v1::EndSystem* shown = answer.add_end_systems();
    shown->set_port(from.port);
    shown->set_id(from.id);
    shown->set_address(from.row.node.address.ToString());
    shown->set_kind(kKinds[static_cast<size_t>(from.row.node.kind)]);
    shown->set_found(kFound[static_cast<size_t>(from.row.node.origin)]);
    if (from.row.seen_ago) shown->set_seen_seconds_ago(Seconds(*from.row.seen_ago));
    if (!from.row.unit.is_unspecified()) shown->set_unit(from.row.unit.ToString());
  }
  answer.set_truncated(rows.size() > limit);
  return answer;
}

}  // namespace baton::controlplane
