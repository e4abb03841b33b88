#include "tests/scenarios/chosen_ports.h"

#include <absl/strings/str_cat.h>

namespace baton::scenarios {

std::optional<ChosenPorts::Place> ChosenPorts::PlaceIn(const PacketText& p) const {
  const bool ports = p.src_port.has_value() && p.dst_port.has_value();
  const bool echo = (p.kind == "icmp" || p.kind == "icmp6") && p.has("id");
  if (!ports && !echo) return std::nullopt;
  if (is_internal_(p.src)) {
    return Place{{p.src, p.dst, ports ? *p.dst_port : uint16_t{0}, p.kind}, ports ? absl::StrCat(*p.src_port) : p.Get("id"), true};
  }
  if (is_internal_(p.dst)) {
    return Place{{p.dst, p.src, ports ? *p.src_port : uint16_t{0}, p.kind}, ports ? absl::StrCat(*p.dst_port) : p.Get("id"), false};
  }
  return std::nullopt;
}

void ChosenPorts::Write(const Place& place, const std::string& port, PacketText& p) {
  if (!p.src_port.has_value()) {
    p.fields["id"] = port;
  } else {
    (place.is_source ? p.src_port : p.dst_port) = static_cast<uint16_t>(std::stoul(port));
  }
}

void ChosenPorts::Apply(PacketText& p) const {
  if (p.about != nullptr) {
    auto about = std::make_shared<PacketText>(*p.about);
    Apply(*about);
    p.about = std::move(about);
  }
  const std::optional<Place> place = PlaceIn(p);
  if (!place) return;
  const auto ends = chosen_.find(place->ends);
  if (ends == chosen_.end()) return;
  const auto port = ends->second.find(place->port);
  if (port != ends->second.end()) Write(*place, port->second, p);
}

bool ChosenPorts::Learn(const PacketText& expected, const PacketText& sent) {
  const std::optional<Place> asked = PlaceIn(expected), chosen = PlaceIn(sent);
  if (!asked || !chosen || !asked->is_source || asked->ends != chosen->ends) return false;
  PacketText as_sent = expected;
  Write(*asked, chosen->port, as_sent);
  if (!Difference(as_sent, sent).empty()) return false;
  chosen_[asked->ends][asked->port] = chosen->port;
  return true;
}

}  // namespace baton::scenarios
