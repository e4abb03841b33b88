#include "generator/profile/mobile_reader.h"

#include <algorithm>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "common/headers.h"
#include "controlplane/config/values.h"

namespace baton::generator {

using controlplane::ErrorList;
using controlplane::MapReader;
using controlplane::Node;
using controlplane::Refuse;
using controlplane::RefuseValue;

namespace {

struct Homes {
  IpAddress first;
  uint64_t count = 0;  // or more
};

// "2001:db8:f::/64", from its second address on, for the first is that of routers (RFC 4291, 2.6.1); or a range.
absl::StatusOr<Homes> ParseHomes(absl::string_view text) {
  const uint64_t kEnough = uint64_t{1} << 32;
  if (absl::StrContains(text, "/")) {
    ASSIGN_OR_RETURN(const Prefix prefix, Prefix::Parse(text));
    const int bits = prefix.address.bits() - prefix.length;
    return Homes{controlplane::Next(prefix.address), bits >= 32 ? kEnough : (uint64_t{1} << bits) - 1};
  }
  ASSIGN_OR_RETURN(const controlplane::AddressRange range, controlplane::ParseAddressRange(text));
  return Homes{range.first, range.Count(kEnough)};
}

}  // namespace

void ReadMobile(const Node& node, ErrorList& errors, FlowProfile& flow) {
  MapReader map(node, errors);
  if (const Node* home = map.Required("home")) {
    const Homes homes = controlplane::ReadValue(*home, errors, ParseHomes).value_or(Homes{});
    const IpAddress& first = homes.first;
    if (homes.count == 0 && !errors.Refused(home->Path())) {
      RefuseValue(*home, errors, home->text, "has no address for a terminal");
    } else if (homes.count != 0 && (first.is_v4() || first.is_multicast() || first.is_link_local())) {
      RefuseValue(*home, errors, home->text, "are no IPv6 addresses that a home can have (RFC 6275, 6.3)");
    } else if (homes.count != 0 && homes.count < flow.count) {
      RefuseValue(*home, errors, home->text,
                  absl::StrCat("has ", homes.count, " addresses for ", flow.count, " flows"));
    }
    flow.mobile.home = first;
  }
  if (const Node* every = map.Optional("moves_every")) {
    const Duration time =
        controlplane::ReadValue(*every, errors, controlplane::ParseDuration).value_or(std::chrono::seconds(1));
    if (time < std::chrono::milliseconds(10)) RefuseValue(*every, errors, every->text, "is below 10ms");
    flow.mobile.moves_ns = time.count();
  }
  map.Finish();
  if (flow.protocol != kUdp || flow.to.is_v4()) Refuse(node, errors, "is for protocol: udp over IPv6 only");
}

void CheckMobile(const Node& node, const Profile& profile, const FlowProfile& flow, ErrorList& errors) {
  const bool servers = std::any_of(profile.ports.begin(), profile.ports.end(),
                                   [](const PortProfile& port) { return port.role == Role::kServers; });
  const auto& addresses = profile.ports[flow.port].addresses;
  const auto hosts = std::count_if(addresses.begin(), addresses.end(), [](const IpAddress& a) { return !a.is_v4(); });
  if (flow.fragments != 0) Refuse(node, errors, "does not go with fragments");
  if (!servers) Refuse(node, errors, "needs a port with role: servers: others know no bindings");
  if (flow.mobile.moves_ns != 0 && hosts < 2) {
    Refuse(node, errors, absl::StrCat("moves need two IPv6 addresses of port ", profile.ports[flow.port].name));
  }
  if (uint64_t{flow.first_source} + flow.count > kSourcePorts) {
    Refuse(node, errors,
           absl::StrCat("more than ", kSourcePorts, " flows on the port together: each has a source port"));
  }
}

}  // namespace baton::generator
