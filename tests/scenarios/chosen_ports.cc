#include "tests/scenarios/chosen_ports.h"

#include <absl/strings/str_cat.h>

namespace baton::scenarios {
namespace {

const uint16_t kAnyPort = 0;  // a port that an FTP command told, until somebody connects to it

// The port in an FTP command: its place in the text, and how it is written.
struct Told {
  size_t begin = 0, length = 0;
  bool extended = false;  // EPRT: as a number; PORT: in two halves
  uint16_t port = 0;

  std::string Write(uint16_t other) const {
    return extended ? absl::StrCat(other) : absl::StrCat(other / 256, ",", other % 256);
  }
};

// The numbers and what is between them: "PORT 10,0,0,10,7,219" or "EPRT |1|10.0.0.10|2011|". No std::regex: g++ 12
// warns of it where it sanitizes.
std::optional<Told> ToldIn(const PacketText& p) {
  const std::string data = p.Get("data");
  const bool extended = data.find("EPRT |") != std::string::npos;
  size_t begin = data.find(extended ? "EPRT |" : "PORT ");
  if (begin == std::string::npos) return std::nullopt;
  begin += 5;
  const char between = extended ? '|' : ',';
  for (int fields = extended ? 3 : 4; fields > 0; --fields) {
    begin = data.find(between, begin);
    if (begin++ == std::string::npos) return std::nullopt;
  }
  const size_t end = data.find_first_not_of(extended ? "0123456789" : "0123456789,", begin);
  if (end == std::string::npos || end == begin) return std::nullopt;
  const std::string text = data.substr(begin, end - begin);
  const size_t comma = text.find(',');
  if (extended) return Told{begin, text.size(), true, static_cast<uint16_t>(std::stoi(text))};
  if (comma == std::string::npos || comma + 1 == text.size()) return std::nullopt;
  const int port = std::stoi(text) * 256 + std::stoi(text.substr(comma + 1));
  return Told{begin, text.size(), false, static_cast<uint16_t>(port)};
}

void Tell(const Told& told, uint16_t port, PacketText& p) {
  p.fields["data"] = p.fields["data"].replace(told.begin, told.length, told.Write(port));
}

}  // namespace

std::optional<ChosenPorts::Place> ChosenPorts::PlaceIn(const PacketText& p) const {
  const bool ports = p.src_port.has_value() && p.dst_port.has_value();
  const bool echo = (p.kind == "icmp" || p.kind == "icmp6") && p.has("id");
  if (!ports && !echo) return std::nullopt;
  if (is_internal_(p.src)) {
    return Place{{p.src, p.dst, ports ? *p.dst_port : uint16_t{0}, p.kind},
                 ports ? absl::StrCat(*p.src_port) : p.Get("id"),
                 true};
  }
  if (is_internal_(p.dst)) {
    return Place{{p.dst, p.src, ports ? *p.src_port : uint16_t{0}, p.kind},
                 ports ? absl::StrCat(*p.dst_port) : p.Get("id"),
                 false};
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
  if (const std::string* port = Find(place->ends, place->port)) Write(*place, *port, p);
  const std::optional<Told> told = place->is_source ? ToldIn(p) : std::nullopt;
  if (!told) return;
  const std::string* port = Find(ToldEnds(*place), absl::StrCat(told->port));
  if (port != nullptr) Tell(*told, static_cast<uint16_t>(std::stoul(*port)), p);
}

ChosenPorts::Ends ChosenPorts::ToldEnds(const Place& place) {
  return {std::get<0>(place.ends), std::get<1>(place.ends), kAnyPort, std::get<3>(place.ends)};
}

// Towards these ends, or told in a command to the same peer.
const std::string* ChosenPorts::Find(const Ends& ends, const std::string& port) const {
  for (const Ends& known : {ends, Ends{std::get<0>(ends), std::get<1>(ends), kAnyPort, std::get<3>(ends)}}) {
    const auto at = chosen_.find(known);
    if (at == chosen_.end()) continue;
    const auto chosen = at->second.find(port);
    if (chosen != at->second.end()) return &chosen->second;
  }
  return nullptr;
}

bool ChosenPorts::Learn(const PacketText& expected, const PacketText& sent) {
  const std::optional<Place> asked = PlaceIn(expected), chosen = PlaceIn(sent);
  if (!asked || !chosen || !asked->is_source || asked->ends != chosen->ends) return false;
  PacketText as_sent = expected;
  Write(*asked, chosen->port, as_sent);
  const std::optional<Told> told = ToldIn(expected), told_instead = ToldIn(sent);
  if (told && told_instead) Tell(*told, told_instead->port, as_sent);
  if (!Difference(as_sent, sent).empty()) return false;
  if (told && told_instead) chosen_[ToldEnds(*asked)][absl::StrCat(told->port)] = absl::StrCat(told_instead->port);
  chosen_[asked->ends][asked->port] = chosen->port;
  return true;
}

}  // namespace baton::scenarios
