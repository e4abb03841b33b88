// Virtual routers as a message of the API.
#include "controlplane/api/answers.h"

namespace baton::controlplane {
namespace {

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

void FillRefused(absl::string_view reason, uint64_t packets, v1::Refused* to) {
  to->set_reason(std::string(reason));
  to->set_packets(packets);
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
    if (counters.refused[i] > 0) FillRefused(vrrp::RefusalName(static_cast<vrrp::Refusal>(i)), counters.refused[i], to->add_refused());
  }
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

}  // namespace baton::controlplane
