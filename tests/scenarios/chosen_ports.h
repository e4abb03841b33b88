// With several workers each chooses ports of `full` translation from its own share: not those that a story names, but
// one for each. Remembers which was chosen for which, towards each end, so that the story's packets can be sent and
// compared with the ports that are in use. Test code only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "tests/scenarios/packet_text.h"

namespace baton::scenarios {

class ChosenPorts {
 public:
  explicit ChosenPorts(std::function<bool(const IpAddress&)> is_internal) : is_internal_(std::move(is_internal)) {}

  // Writes the chosen port, where one is known, instead of the story's: in the packet and in what it quotes.
  void Apply(PacketText& packet) const;
  // When `sent` is what `expected` describes but for the port of an internal address, as its source or in FTP's PORT or
  // EPRT: learns the port.
  bool Learn(const PacketText& expected, const PacketText& sent);

 private:
  using Ends = std::tuple<IpAddress, IpAddress, uint16_t, std::string>;  // internal address, peer, its port, kind
  struct Place {
    Ends ends;
    std::string port;                                              // or identifier of an ICMP echo
    bool is_source = false;
  };
  std::optional<Place> PlaceIn(const PacketText& packet) const;
  const std::string* Find(const Ends& ends, const std::string& port) const;
  static Ends ToldEnds(const Place& place);
  static void Write(const Place& place, const std::string& port, PacketText& packet);

  std::function<bool(const IpAddress&)> is_internal_;
  std::map<Ends, std::map<std::string, std::string>> chosen_;
};

}  // namespace baton::scenarios
