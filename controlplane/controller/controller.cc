#include "controlplane/controller/controller.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/sharing_settings.h"
#include "controlplane/vrrp/frame.h"

namespace baton::controlplane {
namespace {

constexpr PortId kPort = 0;  // the interface

// The address that discovery asks from comes first: over IPv4 the server's own, whose network it looks through; over
// IPv6 one of that network, since the server's own is link-local.
PortInfo AsSeenBy(const IpAddress& server, PortInfo port) {
  std::stable_partition(port.addresses.begin(), port.addresses.end(), [&](const InterfaceAddress& own) {
    return server.is_v4() ? own.address == server : !own.address.is_link_local();
  });
  return port;
}

absl::string_view StateName(load_sharing::UnitState state) {
  using load_sharing::UnitState;
  switch (state) {
    case UnitState::kWorking: return "working";
    case UnitState::kSuspended: return "suspended";
    case UnitState::kFault: return "fault";
    case UnitState::kServer: return "server";
    case UnitState::kServerFault: return "server at fault";
  }
  return "?";
}

}  // namespace

Controller::Controller(const ControllerConfig& config, const PortInfo& port, uint64_t start_us,
                       ControllerCallbacks& callbacks)
    : callbacks_(callbacks), port_(port), neighbors_({.ports = {port}, .limit = 4096, .timers = {}}, *this),
      workers_({}, *this) {
  for (VirtualRouterConfig router : config.virtual_routers) {
    router.port_id = kPort;
    const IpAddress server = router.load_sharing->server;
    const PortInfo seen = AsSeenBy(server, port_);
    vrrp::Settings vrrp = VrrpSettings(router, seen);
    vrrp.machine.own = server;
    load_sharing::SharerSettings settings = SharingSettings(router, vrrp, seen, start_us);
    settings.group = static_cast<ConditionGroup>(groups_.size());
    groups_.push_back({std::move(vrrp), router.load_sharing->routers,
                       std::make_unique<load_sharing::Sharer>(std::move(settings), workers_,
                                                              static_cast<load_sharing::SharerCallbacks&>(*this))});
  }
}

void Controller::Start(TimePoint now) {
  turn_ = now;
  for (const Group& group : groups_) {
    for (const IpAddress& router : group.routers) neighbors_.OnNeed({router, kPort}, now);
    group.sharer->OnRole(load_sharing::Role::kServer, 0, now);
  }
}

void Controller::OnFrame(absl::Span<const uint8_t> frame, TimePoint now) {
  turn_ = now;
  const std::optional<vrrp::Unwrapped> message = vrrp::Unwrap(frame);
  if (!message) {
    // The kernel answers questions for our addresses; and who only asks is no neighbour that we need.
    if (!neighbor::IsQuestion(frame)) neighbors_.OnFrame(kPort, frame, now);
    for (const Group& group : groups_) group.sharer->OnFrame(frame, now);
    return;
  }
  const vrrp::Ends& ends = message->envelope.ends;
  const vrrp::Decoded decoded = vrrp::Decode(message->message, ends);
  const bool other_type = decoded.malformed == vrrp::Malformed::kType;
  const bool is_list = decoded.malformed == vrrp::Malformed::kLength &&
                       load_sharing::IsUnitAdvert(message->message, ends);
  if (decoded.malformed != vrrp::Malformed::kNothing && !other_type && !is_list) {
    ++malformed_;
    return;
  }
  Group* group = Find(ends.src.family(), decoded.advert.vrid);
  if (group == nullptr || message->envelope.vlan != port_.vlan) {
    ++strays_;
  } else if (other_type) {
    group->sharer->OnMessage(*message, now);
  } else if (ends.dst == vrrp::MulticastAddress(ends.src.family())) {
    HearAdvert(*group, *message, is_list ? std::nullopt : std::optional(decoded.advert), now);
  } else {
    ++strays_;
  }
}

// VR-109, VR-110: each is answered; the first begins it all. What is refused is told once for each reason.
// nullopt: it has a list of units.
void Controller::HearAdvert(Group& group, const vrrp::Unwrapped& message, std::optional<vrrp::Advert> advert,
                            TimePoint now) {
  const IpAddress& from = message.envelope.ends.src;
  const bool is_list = !advert.has_value();
  vrrp::Refusal refusal = vrrp::Refusal::kFormat;
  if (is_list == group.vrrp.unit_list) {
    if (is_list) {
      advert = group.sharer->ReadUnitList(message);
      if (!advert) return;
      advert->addresses = group.vrrp.machine.addresses;
    }
    refusal = vrrp::Check(group.vrrp.machine, *advert, from, message.envelope.ttl);
  }
  const uint64_t before = group.adverts[static_cast<size_t>(refusal)]++;
  if (refusal == vrrp::Refusal::kNothing) {
    group.sharer->OnAdvertHeard(from, now);
  } else if (before == 0) {
    callbacks_.OnEvent(absl::StrCat(NameOf(group), ": advertisements of ", from.ToString(), " are refused: ",
                                    std::string(vrrp::RefusalName(refusal))));
  }
}

void Controller::Tick(TimePoint now) {
  turn_ = now;
  neighbors_.Tick(now);
  for (const Group& group : groups_) group.sharer->Tick(now);
}

TimePoint Controller::NextDeadline() const {
  TimePoint next = neighbors_.NextDeadline();
  for (const Group& group : groups_) next = std::min(next, group.sharer->NextDeadline());
  return next;
}

std::vector<std::string> Controller::State() const {
  std::vector<std::string> lines;
  for (const Group& group : groups_) {
    const load_sharing::Machine& machine = group.sharer->machine();
    const char* under_way = machine.UnderWay();
    lines.push_back(absl::StrCat(NameOf(group), ": allocation ", machine.generation(), ", ",
                                 machine.tables().end_systems().size(), " end systems, ",
                                 under_way == nullptr ? "settled" : under_way, "; messages: ", group.sharer->sent(),
                                 " sent, ", group.sharer->unsent(), " unsent, ",
                                 group.sharer->inbox().heard(), " heard"));
    for (const load_sharing::UnitRow& unit : machine.tables().units()) {
      if (unit.is_server) continue;
      const bool fault = machine.LifeOf(unit.address) == load_sharing::Membership::Life::kFault;
      const std::string state = fault ? "fault" : std::string(StateName(unit.state));
      lines.push_back(absl::StrCat("  ", unit.address.ToString(), ": ", state, ", ", unit.conditions, " end systems"));
    }
    for (size_t i = 1; i < group.adverts.size(); ++i) {
      if (group.adverts[i] == 0) continue;
      const std::string reason(vrrp::RefusalName(static_cast<vrrp::Refusal>(i)));
      lines.push_back(absl::StrCat("  advertisements refused, ", reason, ": ", group.adverts[i]));
    }
    for (const load_sharing::Inbox::Count& count : group.sharer->inbox().Refused()) {
      lines.push_back(absl::StrCat("  messages refused, ", count.reason, ": ", count.messages));
    }
  }
  lines.push_back(absl::StrCat("malformed: ", malformed_, "; of other virtual routers: ", strays_));
  return lines;
}

Controller::Group* Controller::Find(Family family, uint8_t vrid) {
  const auto at = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) {
    return group.vrrp.family() == family && group.vrrp.machine.vrid == vrid;
  });
  return at == groups_.end() ? nullptr : &*at;
}

std::string Controller::NameOf(const Group& group) const {
  return absl::StrCat("virtual router ", group.vrrp.machine.vrid, " (", port_.name, ", ",
                      group.vrrp.family() == Family::kIpv4 ? "IPv4" : "IPv6", ")");
}

void Controller::SendFrame(PortId, absl::Span<const uint8_t> frame) { callbacks_.SendFrame(frame); }

bool Controller::IsAnnounced(PortId, const IpAddress& address) const {
  return std::any_of(port_.addresses.begin(), port_.addresses.end(),
                     [&](const InterfaceAddress& own) { return own.address == address; });
}

std::optional<MacAddress> Controller::MacOf(PortId port, const IpAddress& unit) {
  const std::optional<MacAddress> mac = neighbors_.MacOf(port, unit);
  if (!mac) neighbors_.OnNeed({unit, port}, turn_);
  return mac;
}

void Controller::OnSharingEvent(ConditionGroup group, const std::string& text) {
  callbacks_.OnEvent(absl::StrCat(NameOf(groups_[group]), ": ", text));
}

}  // namespace baton::controlplane
