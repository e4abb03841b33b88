#include "generator/profile/esp_reader.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "common/headers.h"
#include "controlplane/config/values.h"
#include "generator/frame_layout.h"

namespace baton::generator {

using controlplane::ErrorList;
using controlplane::MapReader;
using controlplane::Node;
using controlplane::Refuse;
using controlplane::RefuseValue;

namespace {

constexpr uint64_t kMostRekeyings = 1000;
constexpr int64_t kFirstSpi = 256, kLastSpi = 0x7fffffff;  // the rest are those of responses

uint64_t Rekeyings(const FlowProfile& flow, Duration duration) {
  return flow.esp.rekey_ns == 0 ? 0 : static_cast<uint64_t>(duration.count() / flow.esp.rekey_ns);
}

uint64_t EndOfSpis(const FlowProfile& flow, Duration duration) {
  return flow.esp.first_spi + (Rekeyings(flow, duration) + 1) * flow.count;
}

}  // namespace

EspNodes ReadEspKeys(MapReader& map, ErrorList& errors, EspProfile& esp) {
  EspNodes nodes{.first_spi = map.Optional("first_spi"), .rekey = map.Optional("rekey")};
  map.Number("first_spi", {kFirstSpi, kLastSpi}, esp.first_spi);
  if (nodes.rekey != nullptr) {
    const Duration rekey =
        controlplane::ReadValue(*nodes.rekey, errors, controlplane::ParseDuration).value_or(std::chrono::seconds(1));
    if (rekey < std::chrono::milliseconds(10)) RefuseValue(*nodes.rekey, errors, nodes.rekey->text, "is below 10ms");
    esp.rekey_ns = rekey.count();
  }
  return nodes;
}

bool IsUnevenEsp(uint16_t size, Family family) {
  const size_t ip = family == Family::kIpv4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  return (size - kFcs - sizeof(EthernetHeader) - ip) % 4 != 0;
}

void CheckEsp(const std::vector<EspNodes>& nodes, ErrorList& errors, Profile& profile) {
  const bool servers = std::any_of(profile.ports.begin(), profile.ports.end(),
                                   [](const PortProfile& port) { return port.role == Role::kServers; });
  for (size_t i = 0; i < nodes.size() && !errors.Refused("duration"); ++i) {
    FlowProfile& flow = profile.flows[i];
    if (flow.protocol != kEsp) continue;
    flow.esp.step = flow.count;
    if (!servers) Refuse(*nodes[i].flow, errors, "protocol: esp needs a port with role: servers");
    const uint64_t first = flow.esp.first_spi, end = EndOfSpis(flow, profile.duration);
    const Node& at = nodes[i].first_spi != nullptr ? *nodes[i].first_spi : *nodes[i].flow;
    if (const uint64_t times = Rekeyings(flow, profile.duration); times > kMostRekeyings) {
      RefuseValue(*nodes[i].rekey, errors, nodes[i].rekey->text,
                  absl::StrCat("is ", times, " times within the duration, at most ", kMostRekeyings));
      continue;
    }
    if (end - 1 > static_cast<uint64_t>(kLastSpi)) {
      Refuse(nodes[i].rekey != nullptr ? *nodes[i].rekey : at, errors,
             absl::StrCat("the SPIs run out: ", first, " to ", end - 1, ", above ", kLastSpi));
    }
    for (size_t j = 0; j < i; ++j) {
      const FlowProfile& other = profile.flows[j];
      if (other.protocol != kEsp || other.to != flow.to) continue;
      if (first < EndOfSpis(other, profile.duration) && other.esp.first_spi < end) {
        Refuse(at, errors, absl::StrCat("SPIs ", first, " to ", end - 1, " are those of ", other.name,
                                        " to the same address, in part"));
      }
    }
  }
}

}  // namespace baton::generator
