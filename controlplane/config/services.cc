#include "controlplane/config/services.h"

#include <absl/strings/str_cat.h>

#include "common/headers.h"
#include "controlplane/config/addresses.h"
#include "controlplane/config/network.h"

namespace baton::controlplane {
namespace {

absl::string_view ProtocolName(uint8_t protocol) {
  if (protocol == kTcp) return "tcp";
  return protocol == kUdp ? "udp" : "icmp";
}

std::string EndpointText(const Endpoint& e) {
  const std::string host = e.address.is_v4() ? e.address.ToString() : absl::StrCat("[", e.address.ToString(), "]");
  if (e.port == 0) return absl::StrCat(host, " ", ProtocolName(e.protocol));
  return absl::StrCat(host, ":", e.port, " ", ProtocolName(e.protocol));
}

std::string ServicePath(size_t index) { return absl::StrCat("services[", index, "]"); }

// Whether address, port and protocol are known: nothing of them was refused.
bool Complete(const Endpoint& e) {
  const bool has_port = e.protocol == kTcp || e.protocol == kUdp;
  return !e.address.is_unspecified() && e.protocol != 0 && (e.port != 0 || !has_port);
}

// AM-54: the addresses that `full` translates to belong to the external address's own group.
void CheckInternals(const ServiceConfig& service, const AddressGroupConfig& group, size_t group_index,
                    const std::string& path, const Reporter& reporter) {
  for (const IpAddress& a : group.internal) {
    if (a.family() == service.listen.address.family()) return;
  }
  // An address that was refused may be the one.
  const std::string internal = absl::StrCat("address_groups[", group_index, "].internal");
  if (reporter.errors.Refused(internal)) return;
  for (size_t i = 0; i < reporter.document.Locate(internal).children.size(); ++i) {
    if (reporter.errors.Refused(absl::StrCat(internal, "[", i, "]"))) return;
  }
  const absl::string_view family = service.listen.address.is_v4() ? "IPv4" : "IPv6";
  reporter.Report(path + ".forward", "\"full\"",
                  absl::StrCat("needs an internal ", family, " address in the address group of ",
                               service.listen.address.ToString()));
}

void ResolveGroup(Config& config, ServiceConfig& service, const std::string& path, const Network& network,
                  AddressBook& book, const Reporter& reporter) {
  const std::string at = path + ".listen.address";
  const IpAddress& address = service.listen.address;
  if (!network.CheckUsable(address, at)) return;
  const AddressBook::Entry* entry = book.Find(address);
  const bool in_written_group = entry != nullptr;
  if (entry == nullptr) {
    if (!book.Add(address, {at, AddressKind::kExternal, config.address_groups.size()})) return;
    config.address_groups.push_back({address.ToString(), {address}, {}, ""});
    entry = book.Find(address);
  } else if (entry->kind != AddressKind::kExternal) {
    reporter.Report(at, address.ToString(), absl::StrCat("is also ", entry->path));
    return;
  }
  const AddressGroupConfig& group = config.address_groups[entry->group];
  service.group = group.name;
  const bool known = in_written_group || book.complete();
  if (known && service.forward == ForwardMethod::kFull) CheckInternals(service, group, entry->group, path, reporter);
}

// What is remembered of the backends seen so far, over all services.
class BackendChecker {
 public:
  BackendChecker(const Network& network, const AddressBook& book, const Reporter& reporter)
      : network_(network), book_(book), reporter_(reporter) {}

  void Check(const ServiceConfig& service, const std::string& path) {
    const bool destination =
        service.forward == ForwardMethod::kDestination && !reporter_.errors.Refused(path + ".forward");
    if (service.forward == ForwardMethod::kTunnel) CheckSource(service.tunnel.source, path + ".tunnel.source");
    FirstUses<std::string> names;
    FirstUses<Endpoint> endpoints;
    for (size_t i = 0; i < service.backends.size(); ++i) {
      const BackendConfig& backend = service.backends[i];
      const std::string at = absl::StrCat(path, ".backends[", i, "]");
      if (++count_ == kMaxOfEach + 1) {
        reporter_.Report(at, "", absl::StrCat("is one backend too many: at most ", kMaxOfEach, " in all services"));
      }
      if (!backend.name.empty()) names.Claim(backend.name, at + ".name", Quoted(backend.name), reporter_);
      if (backend.address.is_unspecified()) continue;
      const Endpoint endpoint{backend.address, backend.port, service.listen.protocol};
      const bool known = Complete(endpoint) && !reporter_.errors.Refused(at + ".port");
      if (known && !endpoints.Claim(endpoint, at + ".address", EndpointText(endpoint), reporter_)) continue;
      if (!CheckAddress(service, backend, at + ".address")) continue;
      if (destination) CheckOwnedOnce(service, endpoint, known, at + ".address");
      if (service.forward == ForwardMethod::kDirect) CheckDirect(service, backend, at);
      CheckMac(service, backend, at);
      if (service.forward == ForwardMethod::kTunnel) CheckListenPort(service, backend, at + ".port");
    }
  }

 private:
  bool CheckAddress(const ServiceConfig& service, const BackendConfig& backend, const std::string& at) const {
    const std::string shown = backend.address.ToString();
    if (const AddressBook::Entry* own = book_.Find(backend.address)) {
      reporter_.Report(at, shown, absl::StrCat("is an address of this box: ", own->path));
      return false;
    }
    if (!network_.CheckUsable(backend.address, at)) return false;
    // A tunnel carries either family in either.
    const bool tunnel = service.forward == ForwardMethod::kTunnel;
    const IpAddress& listen = tunnel ? service.tunnel.source : service.listen.address;
    if (!listen.is_unspecified() && listen.family() != backend.address.family()) {
      reporter_.Report(at, shown,
                       absl::StrCat("is of another family than ", listen.ToString(), ", which is not supported yet"));
      return false;
    }
    if (!network_.Reaches(backend.address)) reporter_.Report(at, shown, "is outside of every route");
    return true;
  }

  // The packet goes to the backend's MAC address as the client sent it.
  void CheckDirect(const ServiceConfig& service, const BackendConfig& backend, const std::string& at) const {
    if (network_.Reaches(backend.address) && !network_.Connects(backend.address)) {
      reporter_.Report(at + ".address", backend.address.ToString(),
                       "is on no port's network, which \"forward: direct\" needs");
    }
    CheckListenPort(service, backend, at + ".port");
  }

  // Replies to what is sent from it, ICMP errors too, must come here.
  void CheckSource(const IpAddress& source, const std::string& at) const {
    if (source.is_unspecified()) return;
    const AddressBook::Entry* own = book_.Find(source);
    if (own == nullptr || own->kind != AddressKind::kOwn) {
      reporter_.Report(at, source.ToString(), "is no port's address");
    }
  }

  void CheckMac(const ServiceConfig& service, const BackendConfig& backend, const std::string& at) const {
    const bool vxlan = service.forward == ForwardMethod::kTunnel && service.tunnel.type == Tunnel::Type::kVxlan;
    if (vxlan && backend.mac.is_zero() && !reporter_.errors.Refused(at + ".mac")) {
      reporter_.Report(at, "", "needs a mac, that of its VXLAN device");
    }
    if (!vxlan && !backend.mac.is_zero()) {
      reporter_.Report(at + ".mac", Quoted(backend.mac.ToString()), "is of use only with a tunnel of type vxlan");
    }
  }

  void CheckListenPort(const ServiceConfig& service, const BackendConfig& backend, const std::string& at) const {
    if (backend.port == service.listen.port || reporter_.errors.Refused(at)) return;
    reporter_.Report(at, absl::StrCat(backend.port),
                     absl::StrCat("is not the listen port ", service.listen.port, ", and nothing is translated"));
  }

  // AM-13: with `destination` translation a server belongs to one external address. And since a reply is known by where
  // it comes from, it belongs to one service on that address, too.
  void CheckOwnedOnce(const ServiceConfig& service, const Endpoint& endpoint, bool known, const std::string& at) {
    const IpAddress& external = service.listen.address;
    if (external.is_unspecified()) return;
    const auto [owner, inserted] = externals_.emplace(endpoint.address, external);
    if (!inserted && owner->second != external) {
      reporter_.Report(at, endpoint.address.ToString(),
                       absl::StrCat("belongs to ", owner->second.ToString(),
                                    " already; with \"forward: destination\" a ", "backend has one external address"));
    } else if (known) {
      destinations_.Claim(endpoint, at, EndpointText(endpoint), reporter_);
    }
  }

  const Network& network_;
  const AddressBook& book_;
  const Reporter& reporter_;
  absl::flat_hash_map<IpAddress, IpAddress> externals_;  // backend of a `destination` service -> its external address
  FirstUses<Endpoint> destinations_;
  size_t count_ = 0;
};

}  // namespace

void ResolveListeners(Config& config, const Network& network, AddressBook& book, const Reporter& reporter) {
  if (config.services.size() > kMaxOfEach) {
    reporter.Report(ServicePath(kMaxOfEach), "", absl::StrCat("is one service too many: at most ", kMaxOfEach));
  }
  FirstUses<std::string> names;
  FirstUses<Endpoint> listeners;
  for (size_t i = 0; i < config.services.size(); ++i) {
    ServiceConfig& service = config.services[i];
    const std::string path = ServicePath(i);
    if (!service.name.empty()) names.Claim(service.name, path + ".name", Quoted(service.name), reporter);
    if (Complete(service.listen)) {
      listeners.Claim(service.listen, path + ".listen", EndpointText(service.listen), reporter);
    }
    if (!service.listen.address.is_unspecified()) ResolveGroup(config, service, path, network, book, reporter);
  }
}

void CheckBackends(const Config& config, const Network& network, const AddressBook& book, const Reporter& reporter) {
  BackendChecker checker(network, book, reporter);
  for (size_t i = 0; i < config.services.size(); ++i) checker.Check(config.services[i], ServicePath(i));
}

}  // namespace baton::controlplane
