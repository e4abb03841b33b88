#include "programs/batonctl/print.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <google/protobuf/util/json_util.h>

#include "programs/batonctl/text_table.h"

namespace baton::batonctl {
namespace {

std::string Num(uint64_t n) { return absl::StrCat(n); }

std::string Of(uint64_t used, uint64_t capacity) { return absl::StrCat(used, "/", capacity); }

std::string Dash(const std::string& text) { return text.empty() ? "-" : text; }

// 192.0.2.1:80, [2001:db8::1]:80; without the port when it is 0 (ICMP echo).
std::string EndpointText(const std::string& address, uint32_t port) {
  if (port == 0) return address;
  return absl::StrContains(address, ':') ? absl::StrCat("[", address, "]:", port) : absl::StrCat(address, ":", port);
}

std::string RowsText(int rows, bool truncated) {
  return absl::StrCat(rows, rows == 1 ? " row" : " rows", truncated ? "; there are more (--limit)\n" : "\n");
}

std::string DurationText(double seconds) {
  if (seconds < 60) return absl::StrFormat("%.1fs", seconds);
  const auto whole = static_cast<uint64_t>(seconds);
  if (whole < 3600) return absl::StrFormat("%dm%02ds", whole / 60, whole % 60);
  if (whole < 86400) return absl::StrFormat("%dh%02dm", whole / 3600, whole / 60 % 60);
  return absl::StrFormat("%dd%02dh", whole / 86400, whole / 3600 % 24);
}

std::string BalanceText(const v1::Balance& b) {
  std::string text = absl::StrFormat(
      "received %d + originated %d + from kernel %d = %d\n"
      "sent %d + dropped %d + held %d + waiting %d + to control %d + to kernel %d = %d\n",
      b.received(), b.originated(), b.from_kernel(), b.received() + b.originated() + b.from_kernel(),
      b.sent(), b.dropped(), b.held(), b.waiting(), b.to_control(), b.to_kernel(),
      b.sent() + b.dropped() + b.held() + b.waiting() + b.to_control() + b.to_kernel());
  if (b.steered_out() != 0) {
    absl::StrAppendFormat(&text, "between workers %d of %d\n", static_cast<int64_t>(b.steered_out() - b.steered_in()),
                          b.steered_out());
  }
  if (b.difference() != 0) {
    absl::StrAppend(&text, "difference ", b.difference(), ": packets that passed while the counters were read\n");
  }
  return text;
}

std::string ChangeText(const v1::Change& c) {
  if (c.action() != "changed") {
    return absl::StrCat(c.action(), " ", c.object(), ": ", c.action() == "added" ? c.to() : c.from());
  }
  return absl::StrCat(c.object(), c.key().empty() ? "" : ": ", c.key(), ": ", c.from(), " -> ", c.to());
}

}  // namespace

std::string ToText(const v1::StatusResponse& s) {
  TextTable table({"node", s.node()});
  table.Add({"version", s.version()});
  table.Add({"up", DurationText(s.uptime_seconds())});
  table.Add({"ports", absl::StrCat(s.ports_up(), " of ", s.ports(), " up")});
  table.Add({"workers", Num(s.workers())});
  table.Add({"services", Num(s.services())});
  table.Add({"backends", absl::StrCat(s.backends_in_use(), " of ", s.backends(), " in use")});
  table.Add({"access rows", absl::StrCat(s.rows(), " of ", s.rows_capacity())});
  table.Add({"packet buffers", absl::StrCat(s.buffers(), " of ", s.buffers_capacity())});
  const bool settled = s.committed_generation() == s.generation();
  table.Add({"generation", settled ? Num(s.generation())
                                   : absl::StrCat(s.generation(), ", workers still at ", s.committed_generation())});
  if (!s.reload_refusal().empty()) {
    table.Add({"last reload", absl::StrCat("refused: ", s.reload_refusal())});
  } else if (s.reloads_applied() > 0) {
    table.Add({"reloads", Num(s.reloads_applied())});
  }
  return absl::StrCat(table.ToString(), BalanceText(s.balance()));
}

std::string ToText(const v1::ShowPortsResponse& answer) {
  TextTable table({"port", "link", "device", "mac", ">mtu", ">vlan", ">received", ">bytes", ">sent", ">bytes",
                   ">missed", ">errors", ">no buffers", "kernel", ">to", ">from", "spread", "addresses"});
  for (const v1::Port& p : answer.ports()) {
    table.Add({p.name(), p.link_up() ? "up" : "down", p.device(), p.mac(), Num(p.mtu()),
               p.vlan() == 0 ? "-" : Num(p.vlan()), Num(p.received()), Num(p.received_bytes()), Num(p.sent()),
               Num(p.sent_bytes()), Num(p.missed()), Num(p.receive_errors() + p.transmit_errors()), Num(p.no_buffers()),
               Dash(p.kernel()), p.kernel().empty() ? "-" : Num(p.to_kernel()),
               p.kernel().empty() ? "-" : Num(p.from_kernel()), Dash(p.spread()),
               absl::StrJoin(p.addresses(), " ")});
  }
  return table.ToString();
}

std::string ToText(const v1::ShowWorkersResponse& answer) {
  TextTable table({">worker", ">lcore", ">busy", ">received", ">steered in", ">steered out", ">sent", ">dropped",
                   ">held", ">waiting", ">rows", ">ipv6", ">pools", ">neighbors", ">updates", ">events", ">lost",
                   ">generation"});
  for (const v1::Worker& w : answer.workers()) {
    table.Add({Num(w.index()), Num(w.lcore()), absl::StrFormat("%.1f%%", w.busy_share() * 100),
               Num(w.balance().received()), Num(w.balance().steered_in()), Num(w.balance().steered_out()),
               Num(w.balance().sent()), Num(w.balance().dropped()),
               Of(w.balance().held(), w.hold_capacity()), Num(w.balance().waiting()), Of(w.rows(), w.rows_capacity()),
               Of(w.rows_ipv6(), w.rows_capacity_ipv6()), Of(w.port_pools(), w.port_pools_capacity()),
               Of(w.neighbors(), w.neighbors_capacity()), Of(w.updates_waiting() + w.outbox(), w.ring_capacity()),
               Of(w.events_waiting(), w.ring_capacity()), Num(w.events_lost()), Num(w.generation())});
  }
  return table.ToString();
}

std::string ToText(const v1::ShowServicesResponse& answer) {
  TextTable table({"service", "listen", "protocol", "forward", "schedule", ">backends", ">rows", ">open", ">created",
                   ">packets to", ">bytes to", ">packets from", ">bytes from"});
  for (const v1::Service& s : answer.services()) {
    const v1::Load& l = s.load();
    table.Add({s.name(), EndpointText(s.address(), s.port()), s.protocol(), s.forward(), s.schedule(),
               Of(s.backends_in_use(), s.backends()), Num(l.rows()), Num(l.open()), Num(l.created()),
               Num(l.packets_to()), Num(l.bytes_to()), Num(l.packets_from()), Num(l.bytes_from())});
  }
  return table.ToString();
}

std::string ToText(const v1::ShowBackendsResponse& answer) {
  TextTable table({"service", "backend", "address", ">weight", "state", ">rows", ">open", ">created", ">packets to",
                   ">bytes to", ">packets from", ">bytes from"});
  for (const v1::Backend& b : answer.backends()) {
    const v1::Load& l = b.load();
    const std::string weight = b.weight() == b.configured_weight()
                                   ? Num(b.weight()) : absl::StrCat(b.weight(), " (of ", b.configured_weight(), ")");
    table.Add({b.service(), b.name(), EndpointText(b.address(), b.port()), weight,
               b.drained() ? "drained" : b.weight() == 0 ? "no weight" : "in use", Num(l.rows()), Num(l.open()),
               Num(l.created()), Num(l.packets_to()), Num(l.bytes_to()), Num(l.packets_from()), Num(l.bytes_from())});
  }
  return table.ToString();
}

std::string ToText(const v1::ShowAccessResponse& answer) {
  TextTable table({"service", "protocol", "client", "external", "internal", "backend", "name", "state", ">idle",
                   ">from client", ">from backend", ">worker"});
  for (const v1::AccessRow& r : answer.rows()) {
    table.Add({Dash(r.service()), r.protocol(), EndpointText(r.client(), r.client_port()),
               EndpointText(r.external(), r.external_port()), EndpointText(r.internal(), r.internal_port()),
               EndpointText(r.backend(), r.backend_port()), Dash(r.backend_name()), r.state(),
               DurationText(r.idle_ms() / 1000.0), Num(r.packets_from_client()), Num(r.packets_from_backend()),
               Num(r.worker())});
  }
  return absl::StrCat(table.ToString(), RowsText(answer.rows_size(), answer.truncated()));
}

std::string ToText(const v1::ShowRoutesResponse& answer) {
  TextTable table({"to", "via", "port", "from"});
  for (const v1::Route& r : answer.routes()) {
    table.Add({r.to(), r.via().empty() ? "connected" : r.via(), r.port(), Dash(r.from())});
  }
  return table.ToString();
}

std::string ToText(const v1::ShowNeighborsResponse& answer) {
  TextTable table({"address", "port", "mac", "state", ">confirmed"});
  for (const v1::Neighbor& n : answer.neighbors()) {
    table.Add({n.address(), n.port(), Dash(n.mac()), n.state(),
               n.mac().empty() ? "-" : absl::StrCat(DurationText(n.age_seconds()), " ago")});
  }
  return table.ToString();
}

std::string SharingText(const v1::VirtualRouter& router) {
  const v1::LoadSharing& s = router.load_sharing();
  TextTable units({"router", "state", ">end systems", ">overflows/s"});
  for (const v1::RouterUnit& u : s.units()) {
    units.Add({u.address(), u.state(), Num(u.end_systems()), absl::StrCat(u.overflows())});
  }
  std::string text =
      absl::StrCat("\n", router.id(), " ", router.port(), " ", router.family(), " shares its load: hand-over ",
                   s.hand_over(), ", allocation ", s.generation(), ", ", s.settled() ? "settled" : "changing", ", ",
                   Num(s.end_systems()), " end systems known\n", units.ToString());
  for (const v1::Refused& reason : s.refused()) {
    absl::StrAppend(&text, "messages refused: ", Num(reason.packets()), " for ", reason.reason(), "\n");
  }
  return text;
}

std::string ToText(const v1::ShowVirtualRoutersResponse& answer) {
  TextTable table({">id", "port", "family", "role", ">for", ">priority", "active router", ">sent", ">heard", ">refused",
                   "addresses"});
  for (const v1::VirtualRouter& r : answer.virtual_routers()) {
    uint64_t refused = 0;
    for (const v1::Refused& reason : r.refused()) refused += reason.packets();
    const std::string priority = r.priority() == r.configured_priority()
                                     ? absl::StrCat(r.priority())
                                     : absl::StrCat(r.priority(), " of ", r.configured_priority());
    const std::string active = r.role() == "active" ? "this one"
                               : r.active().empty() ? "-"
                                                    : absl::StrCat(r.active(), " (", r.active_priority(), ")");
    table.Add({absl::StrCat(r.id()), r.port(), r.family(), r.role(), DurationText(r.role_seconds()), priority, active,
               Num(r.sent()), Num(r.heard()), Num(refused), absl::StrJoin(r.addresses(), " ")});
  }
  std::string text = table.ToString();
  for (const v1::VirtualRouter& r : answer.virtual_routers()) {
    for (const v1::Refused& reason : r.refused()) {
      absl::StrAppend(&text, r.id(), " ", r.port(), " ", r.family(), ": refused ", Num(reason.packets()), " for ",
                      reason.reason(), "\n");
    }
  }
  for (const v1::VirtualRouter& r : answer.virtual_routers()) {
    if (r.has_load_sharing()) absl::StrAppend(&text, SharingText(r));
  }
  for (const v1::Refused& stray : answer.strays()) {
    absl::StrAppend(&text, "of no virtual router here: ", Num(stray.packets()), " ", stray.reason(), "\n");
  }
  return text;
}

std::string ToText(const v1::ShowConditionsResponse& answer) {
  TextTable table({"port", ">id", "end system", "in charge", "here", ">bit/s", ">packets", ">bytes", ">allocation"});
  for (const v1::Condition& c : answer.conditions()) {
    table.Add({c.port(), absl::StrCat(c.id()), c.address(), c.unit(), c.here(), Num(c.bits_per_second()),
               Num(c.packets()), Num(c.bytes()), absl::StrCat(c.generation())});
  }
  return absl::StrCat(table.ToString(), RowsText(answer.conditions_size(), answer.truncated()));
}

std::string ToText(const v1::ShowEndSystemsResponse& answer) {
  TextTable table({"port", ">id", "end system", "kind", "found", ">seen", "in charge"});
  for (const v1::EndSystem& e : answer.end_systems()) {
    table.Add({e.port(), absl::StrCat(e.id()), e.address(), e.kind(), e.found(),
               e.has_seen_seconds_ago() ? absl::StrCat(DurationText(e.seen_seconds_ago()), " ago") : "-",
               Dash(e.unit())});
  }
  return absl::StrCat(table.ToString(), RowsText(answer.end_systems_size(), answer.truncated()));
}

std::string ToText(const v1::ResignVirtualRouterResponse& answer) {
  if (answer.resigned() == 0) return "was not active\n";
  return absl::StrCat("resigned: ", answer.resigned(), "\n");
}

std::string ToText(const v1::ReviewVirtualRouterResponse& answer) {
  std::string text;
  for (const v1::Reviewing& r : answer.reviews()) {
    absl::StrAppend(&text, r.port(), " ", r.family(), ": ", r.is_this() ? "this router" : r.unit(),
                    " reviews the load\n");
  }
  return text;
}

std::string ToText(const v1::MoveConditionsResponse& answer) {
  return absl::StrCat("moved: ", answer.moved(), ", allocation ", answer.generation(), "\n");
}

std::string ToText(const v1::ShowDropsResponse& answer) {
  std::string text = "nothing dropped\n";
  if (answer.drops_size() > 0) {
    TextTable table({">packets", "reason", "explanation"});
    for (const v1::Drop& d : answer.drops()) table.Add({Num(d.packets()), d.reason(), d.explanation()});
    text = table.ToString();
  }
  return absl::StrCat(text, "\n", BalanceText(answer.balance()));
}

std::string ToText(const v1::ShowModesResponse& answer) {
  TextTable table({"address", "kind", "mode", "announced", "group", "port"});
  for (const v1::Address& a : answer.addresses()) {
    table.Add({a.address(), a.kind(), a.mode(), a.announced() ? "yes" : "no", Dash(a.group()), Dash(a.port())});
  }
  return table.ToString();
}

std::string ToText(const v1::SetModeResponse& answer) {
  return absl::StrCat(answer.address(), " is now in mode ", answer.mode(), "\n");
}

std::string ToText(const v1::ChangeBackendResponse& answer) {
  return absl::StrCat("backend ", answer.backend(), " of service ", answer.service(), " changed\n");
}

std::string ToText(const v1::ReloadResponse& answer) {
  std::string text = answer.result();
  if (answer.result() == "applied" || answer.result() == "unchanged") {
    absl::StrAppend(&text, ", generation ", answer.generation());
  }
  absl::StrAppend(&text, "\n");
  for (const std::string& error : answer.errors()) absl::StrAppend(&text, error, "\n");
  for (const v1::Change& c : answer.needs_restart()) absl::StrAppend(&text, ChangeText(c), " needs a restart\n");
  for (const v1::Change& c : answer.changes()) absl::StrAppend(&text, ChangeText(c), "\n");
  return text;
}

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::StrCat("{\"error\": \"answer is not JSON: ", status.message().ToString(), "\"}\n");
  if (!absl::EndsWith(json, "\n")) json += "\n";
  return json;
}

}  // namespace baton::batonctl
