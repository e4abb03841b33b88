#include "controlplane/config/virtual_routers.h"

#include <algorithm>
#include <tuple>

#include <absl/strings/str_cat.h>

#include "controlplane/config/addresses.h"
#include "controlplane/config/network.h"

namespace baton::controlplane {
namespace {

constexpr uint8_t kOwnerPriority = 255, kUsualPriority = 100;
constexpr size_t kMostPassword = 8;  // RFC 2338, 5.3.10
constexpr auto kHundredth = std::chrono::milliseconds(10);

class Checker {
 public:
  Checker(const Config& config, const Network& network, AddressBook& book, const Reporter& reporter)
      : config_(config), network_(network), book_(book), reporter_(reporter) {}

  void Check(VirtualRouterConfig& router, const std::string& path) {
    FindPort(router, path);
    CheckProtocol(router, path, reporter_);
    if (router.addresses.empty() || router.port_id == kNoPort) return;
    CheckAddresses(router, path);
    for (size_t i = 0; i < router.track.size(); ++i) CheckTrack(router.track[i], absl::StrCat(path, ".track[", i, "]"));
    if (router.load_sharing) CheckLoadSharing(router, *router.load_sharing, path + ".load_sharing");
    if (router.id == 0) return;
    ids_.Claim({router.port_id, router.family(), router.id}, path + ".id", absl::StrCat(router.id), reporter_);
  }

 private:
  void FindPort(VirtualRouterConfig& router, const std::string& path) {
    if (router.port.empty()) return;
    for (size_t i = 0; i < config_.ports.size(); ++i) {
      if (config_.ports[i].name == router.port) router.port_id = static_cast<PortId>(i);
    }
    if (router.port_id == kNoPort) reporter_.Report(path + ".port", Quoted(router.port), "is no port");
  }

  void CheckAddresses(VirtualRouterConfig& router, const std::string& path) {
    const PortConfig& port = config_.ports[router.port_id];
    bool owner = false;
    for (size_t i = 0; i < router.addresses.size(); ++i) {
      const IpAddress& a = router.addresses[i];
      const std::string at = absl::StrCat(path, ".addresses[", i, "]");
      if (a.is_unspecified()) return;  // refused
      if (a.family() != router.family()) {
        reporter_.Report(at, a.ToString(), "is of another family than the first");
        continue;
      }
      const bool own = IsOwn(port, a);
      owner |= own;
      if (!own) CheckShared(router, a, at);
    }
    if (router.family() == Family::kIpv6 && !router.addresses.front().is_link_local()) {
      reporter_.Report(path + ".addresses[0]", router.addresses.front().ToString(),
                       "is not link-local, as the first has to be (RFC 9568, 5.2.9)");
    }
    if (router.family() == Family::kIpv4 && !HasIpv4(port)) {
      reporter_.Report(path + ".port", Quoted(router.port), "has no IPv4 address to send from");
    }
    ResolvePriority(router, owner, path);
  }

  // An address that routers take from each other.
  void CheckShared(const VirtualRouterConfig& router, const IpAddress& a, const std::string& at) {
    if (!a.is_link_local()) {
      if (!network_.CheckUsable(a, at)) return;
      const auto& own = config_.ports[router.port_id].addresses;
      if (std::none_of(own.begin(), own.end(), [&](const InterfaceAddress& o) { return o.prefix().Contains(a); })) {
        reporter_.Report(at, a.ToString(), absl::StrCat("is on no network of port ", router.port));
      }
    }
    book_.Add(a, {at, AddressKind::kOwn, 0});
  }

  void ResolvePriority(VirtualRouterConfig& router, bool owner, const std::string& path) {
    if (router.priority == 0) router.priority = owner ? kOwnerPriority : kUsualPriority;
    const std::string at = path + ".priority", shown = absl::StrCat(router.priority);
    if (owner && router.priority != kOwnerPriority) {
      reporter_.Report(at, shown, "must be 255: an address is the port's own");
    }
    if (!owner && router.priority == kOwnerPriority) reporter_.Report(at, shown, "is for the owner of the address");
    if (owner && !router.track.empty()) {
      reporter_.Report(path + ".track", "", "does not go with an address of the port's own");
    }
  }

  void CheckTrack(const TrackConfig& track, const std::string& path) {
    using Kind = TrackConfig::Kind;
    const auto named = [&](const auto& things) {
      return std::any_of(things.begin(), things.end(), [&](const auto& thing) { return thing.name == track.name; });
    };
    if (track.kind == Kind::kPort && !track.name.empty() && !named(config_.ports)) {
      reporter_.Report(path + ".port", Quoted(track.name), "is no port");
    }
    if (track.kind == Kind::kService && !track.name.empty() && !named(config_.services)) {
      reporter_.Report(path + ".service", Quoted(track.name), "is no service");
    }
    if (track.kind == Kind::kRoute && std::none_of(config_.routes.begin(), config_.routes.end(),
                                                   [&](const Route& r) { return r.to == track.route; })) {
      reporter_.Report(path + ".route", track.route.ToString(), "is the destination of no route");
    }
  }

  void CheckLoadSharing(const VirtualRouterConfig& router, const LoadSharingConfig& sharing, const std::string& path) {
    if (router.priority == kOwnerPriority) {
      reporter_.Report(path, "", "does not go with an address of the port's own: it would not be the group's");
    }
    if (router.DirectedDelivery()) {  // what they send to the port's own MAC address does not say which one is meant
      directed_.Claim({router.port_id, router.family()}, path + ".delivery",
                      absl::StrCat("directed on port ", router.port), reporter_);
    }
    CheckUnits(router, path, reporter_);
    const PortConfig& port = config_.ports[router.port_id];
    const auto& units = sharing.routers;
    // Over IPv6 it is link-local, and made of the MAC address; the device's own is known when that is open
    // (Control::CheckUnits).
    const bool is_ipv6 = router.family() == Family::kIpv6;
    if (units.empty() || (is_ipv6 && port.mac.is_zero())) return;
    const IpAddress own = is_ipv6 ? LinkLocalFrom(port.mac) : FirstIpv4(port);
    if (std::find(units.begin(), units.end(), own) != units.end()) return;
    reporter_.Report(path + ".routers", own.ToString(), absl::StrCat("is missing, the address of port ", port.name));
  }

  static IpAddress FirstIpv4(const PortConfig& port) {
    for (const InterfaceAddress& own : port.addresses) {
      if (own.address.is_v4()) return own.address;
    }
    return {};
  }
  static bool IsOwn(const PortConfig& port, const IpAddress& a) {
    return std::any_of(port.addresses.begin(), port.addresses.end(),
                       [&](const InterfaceAddress& own) { return own.address == a; });
  }
  static bool HasIpv4(const PortConfig& port) {
    return std::any_of(port.addresses.begin(), port.addresses.end(),
                       [](const InterfaceAddress& own) { return own.address.is_v4(); });
  }

  const Config& config_;
  const Network& network_;
  AddressBook& book_;
  const Reporter& reporter_;
  FirstUses<std::tuple<PortId, Family, uint8_t>> ids_;
  FirstUses<std::tuple<PortId, Family>> directed_;
};

}  // namespace

void CheckProtocol(const VirtualRouterConfig& router, const std::string& path, const Reporter& reporter) {
  const Duration every = router.advertise_every;
  const std::string shown = reporter.document.Locate(path + ".advertise_every").text;
  if (router.version == 2) {
    if (router.family() == Family::kIpv6) reporter.Report(path + ".version", "2", "is for IPv4 only");
    if (every % std::chrono::seconds(1) != Duration{} || every > std::chrono::seconds(255)) {
      reporter.Report(path + ".advertise_every", shown, "is none of 1s..255s, whole seconds, as version 2 wants");
    }
    if (router.password.size() > kMostPassword) {
      reporter.Report(path + ".password", Quoted(router.password), "has more than 8 characters");
    }
    return;
  }
  if (every % kHundredth != Duration{} || every > 4095 * kHundredth) {
    reporter.Report(path + ".advertise_every", shown, "is none of 10ms..40950ms, in steps of 10ms");
  }
  if (!router.password.empty()) {
    reporter.Report(path + ".password", Quoted(router.password), "is for version 2 only");
  }
}

void CheckUnits(const VirtualRouterConfig& router, const std::string& path, const Reporter& reporter) {
  const LoadSharingConfig& sharing = *router.load_sharing;
  const auto check = [&](const std::vector<IpAddress>& addresses, absl::string_view name) {
    for (size_t i = 0; i < addresses.size(); ++i) {
      if (addresses[i].is_unspecified() || addresses[i].family() == router.family()) continue;
      reporter.Report(absl::StrCat(path, ".", name, "[", i, "]"), addresses[i].ToString(),
                      "is of another family than the virtual router");
    }
  };
  check(sharing.routers, "routers");
  check(sharing.end_systems, "end_systems");
  check(sharing.other_routers, "other_routers");
  const IpAddress& server = sharing.server;
  if (server.is_unspecified()) return;
  if (server.family() != router.family()) {
    reporter.Report(path + ".server", server.ToString(), "is of another family than the virtual router");
  }
  for (size_t i = 0; i < sharing.routers.size(); ++i) {
    if (sharing.routers[i] == server) {
      reporter.Report(path + ".server", server.ToString(), absl::StrCat("is also ", path, ".routers[", i, "]"));
    }
  }
}

void ResolveVirtualRouters(Config& config, const Network& network, AddressBook& book, const Reporter& reporter) {
  Checker checker(config, network, book, reporter);
  for (size_t i = 0; i < config.virtual_routers.size(); ++i) {
    checker.Check(config.virtual_routers[i], absl::StrCat("virtual_routers[", i, "]"));
  }
}

}  // namespace baton::controlplane
