// The networks that the ports are on, and the routes: what the box can reach. One thread.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "controlplane/config/validate.h"

namespace baton::controlplane {

class AddressBook;

// Most different values of `from`: a packet without a row is compared with each of them.
inline constexpr size_t kMaxRouteSources = 64;

class Network {
 public:
  // Checks the ports and enters their addresses into the book.
  Network(const std::vector<PortConfig>& ports, AddressBook& book, const Reporter& reporter);

  // Checks the routes; the result begins with them and ends with the connected ones.
  RouteList ResolveRoutes(const std::vector<RouteDraft>& drafts, const AddressBook& book);

  // Reports an address that no host can have on the network it belongs to; false then.
  bool CheckUsable(const IpAddress& address, const std::string& path) const;
  // Whether a route covers the address. True, too, when a part of the network was refused and nobody can know.
  bool Reaches(const IpAddress& address) const;
  // Whether the address is on a port's own network; true, too, when a part of the network was refused.
  bool Connects(const IpAddress& address) const;

 private:
  struct PortNetwork {
    Prefix prefix;
    PortId port;
    std::string path;
  };

  void CheckDevice(const PortConfig& port, PortId id, const std::string& path);
  void CheckPort(const PortConfig& port, PortId id, AddressBook& book);
  void AddNetwork(const InterfaceAddress& address, PortId port, const std::string& path);
  // Fills port and via; false when it was reported that it cannot.
  bool ResolveRoute(const RouteDraft& draft, const std::string& path, const AddressBook& book, Route& route) const;
  bool CheckVia(const IpAddress& via, const std::string& path, const AddressBook& book, Route& route) const;
  PortId FindPort(absl::string_view name) const;
  void Cover(const Prefix& prefix);

  const Reporter& reporter_;
  const std::vector<PortConfig>& ports_;
  std::vector<PortNetwork> networks_;
  absl::flat_hash_map<IpAddress, std::string> unusable_;  // of a network itself and its broadcast -> what it is
  // Prefixes with a route, and which lengths occur: so many look-ups, not one per route.
  absl::flat_hash_set<std::pair<IpAddress, uint8_t>> covered_;
  std::array<bool, 33> lengths_v4_{};
  std::array<bool, 129> lengths_v6_{};
  bool complete_ = true;  // no network or destination was refused
  FirstUses<std::string> port_names_, devices_, interfaces_;
};

}  // namespace baton::controlplane
