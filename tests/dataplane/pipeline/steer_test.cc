// Which worker owns a flow: the same for both directions, whatever the method does to the packets in between.
#include "dataplane/steer.h"

#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "common/counters.h"
#include "common/headers.h"

namespace baton::dataplane {
namespace {

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }
uint16_t Wire(uint16_t port) { return __builtin_bswap16(port); }

const AddressTable& Addresses() {
  static const auto* table = new AddressTable({
      {Ip("198.51.100.10"), AddressKind::kExternal},
      {Ip("2001:db8:100::10"), AddressKind::kExternal},
      {Ip("10.0.0.10"), AddressKind::kInternal},
      {Ip("2001:db8:a::10"), AddressKind::kInternal},
      {Ip("198.51.100.2"), AddressKind::kOwn},
  });
  return *table;
}

constexpr HashSeed kSeed = {0x0123456789abcdef, 0xfedcba9876543211};

int Owner(uint16_t workers, const FlowKey& key, bool ipv4) {
  // Whoever is asked gives the same answer.
  const int owner = Steering({0, workers}, kSeed).OwnerOf(Addresses(), key, ipv4);
  CHECK(Steering({static_cast<uint16_t>(workers - 1), workers}, kSeed).OwnerOf(Addresses(), key, ipv4) == owner);
  return owner;
}

}  // namespace

TEST_CASE("both directions of a flow have one owner") {
  struct Case { const char* name; const char* client; const char* external; const char* backend; uint8_t protocol; };
  const auto c = GENERATE(values<Case>({
      {"TCP over IPv4", "192.0.2.7", "198.51.100.10", "10.0.0.11", kTcp},
      {"UDP over IPv4", "192.0.2.7", "198.51.100.10", "10.0.0.11", kUdp},
      {"TCP over IPv6", "2001:db8:7::7", "2001:db8:100::10", "2001:db8:a::11", kTcp},
      {"hairpin: a backend is the client", "10.0.0.12", "198.51.100.10", "10.0.0.11", kTcp},
      {"hairpin: a backend reaches itself", "10.0.0.11", "198.51.100.10", "10.0.0.11", kTcp},
  }));
  CAPTURE(c.name);
  const bool ipv4 = Ip(c.client).is_v4();
  for (const uint16_t workers : {2, 3, 16}) {
    for (uint16_t port = 1024; port < 1124; ++port) {
      const int request =
          Owner(workers, FlowKey::Of(Ip(c.client), Wire(port), Ip(c.external), Wire(80), c.protocol), ipv4);
      // `destination`: the backend answers the client itself; its port may be another than the service's.
      const int reply =
          Owner(workers, FlowKey::Of(Ip(c.backend), Wire(8080), Ip(c.client), Wire(port), c.protocol), ipv4);
      CHECK(request == reply);
      CHECK(request < workers);
    }
  }
}

TEST_CASE("an ICMP echo and its reply have one owner") {
  // The identifier is the port on the requester's side (flow_key.h).
  const auto request = FlowKey::Of(Ip("192.0.2.7"), Wire(77), Ip("198.51.100.10"), 0, kIcmp);
  const auto reply = FlowKey::Of(Ip("10.0.0.11"), 0, Ip("192.0.2.7"), Wire(77), kIcmp);
  CHECK(Owner(16, request, true) == Owner(16, reply, true));
}

TEST_CASE("[AM-50] a reply to an internal address belongs to the worker whose share its port is in") {
  for (uint16_t workers = 2; workers <= kMaxWorkers; ++workers) {
    const Steering steering({0, workers}, kSeed);
    bool right = true;
    for (uint32_t port = 0; port < 65536; ++port) {
      const auto key = FlowKey::Of(Ip("10.0.0.11"), Wire(80), Ip("10.0.0.10"), Wire(static_cast<uint16_t>(port)), kTcp);
      right = right && steering.OwnerOf(Addresses(), key, true) == port % workers;
    }
    CAPTURE(workers);
    CHECK(right);
  }
  CHECK(Owner(3, FlowKey::Of(Ip("2001:db8:a::11"), Wire(80), Ip("2001:db8:a::10"), Wire(2012), kTcp), false) ==
        2012 % 3);
}

TEST_CASE("packets to a port's own address stay where they came in") {
  const auto key = FlowKey::Of(Ip("192.0.2.7"), Wire(4711), Ip("198.51.100.2"), Wire(22), kTcp);
  for (const uint16_t index : {0, 1, 2}) {
    CHECK(Steering({index, 3}, kSeed).OwnerOf(Addresses(), key, true) == index);
  }
}

TEST_CASE("flows spread over the workers, and not alike with another seed") {
  const bool ipv4 = GENERATE(true, false);
  constexpr uint16_t kWorkers = 4;
  std::vector<int> counts(kWorkers);
  int elsewhere = 0;
  for (uint16_t port = 0; port < 4000; ++port) {  // one client, one port after the other: what is hardest to spread
    const auto key = ipv4 ? FlowKey::Of(Ip("192.0.2.7"), Wire(port), Ip("198.51.100.10"), Wire(80), kTcp)
                          : FlowKey::Of(Ip("2001:db8:7::7"), Wire(port), Ip("2001:db8:100::10"), Wire(80), kTcp);
    const int owner = Steering({0, kWorkers}, kSeed).OwnerOf(Addresses(), key, ipv4);
    ++counts[static_cast<size_t>(owner)];
    elsewhere +=
        Steering({0, kWorkers}, {0x9f1d36c4a7b2e853, 0x5c3b0e71d94f268b}).OwnerOf(Addresses(), key, ipv4) != owner ? 1
                                                                                                                   : 0;
  }
  for (const int count : counts) CHECK((count > 850 && count < 1150));  // 1000 each; five standard deviations are 137
  CHECK(elsewhere > 2500);  // three quarters by chance
}

TEST_CASE("with whole clients, all flows of a client have one owner, and clients spread") {
  const Steering steering({0, 4}, kSeed, true);
  std::vector<int> counts(4);
  for (uint32_t client = 0; client < 400; ++client) {
    const IpAddress address = IpAddress::V4(0xc0000200 + client);
    const auto owner = [&](uint16_t port) {
      return steering.OwnerOf(Addresses(), FlowKey::Of(address, Wire(port), Ip("198.51.100.10"), Wire(21), kTcp), true);
    };
    CHECK(owner(1024) == owner(50000));
    // a connection that a backend opens to the client, as FTP's active mode does
    CHECK(owner(1024) ==
          steering.OwnerOf(Addresses(), FlowKey::Of(Ip("10.0.0.11"), Wire(20), address, Wire(1025), kTcp), true));
    ++counts[owner(1024)];
  }
  for (const int count : counts) CHECK((count > 50 && count < 150));  // 100 each; five standard deviations are 43
}

TEST_CASE("where a card spreads, the hash of client_hash.h tells the owner, of an internal address's ports too") {
  const auto workers = GENERATE(uint16_t{2}, uint16_t{3});
  const bool whole_clients = GENERATE(false, true);
  const ClientHash hash(workers);
  const Steering steering({0, workers}, kSeed, whole_clients, &hash);
  const auto of = [](const char* address, uint16_t port) {
    const IpAddress a = Ip(address);
    const uint8_t* bytes = a.is_v4() ? a.v4_bytes() : a.v6_bytes();
    std::vector<uint8_t> input(bytes, bytes + (a.is_v4() ? 4 : 16));
    input.push_back(static_cast<uint8_t>(port >> 8));
    input.push_back(static_cast<uint8_t>(port));
    return ToeplitzHash(kSpreadKey, input) % kSpreadSlots;
  };
  bool right = true;
  for (uint16_t port = 1024; port < 2048; ++port) {
    const uint16_t hashed = whole_clients ? uint16_t{0} : port;
    const auto owner = [&](const char* src, uint16_t src_port, const char* dst, uint16_t dst_port) {
      return steering.OwnerOf(Addresses(), FlowKey::Of(Ip(src), Wire(src_port), Ip(dst), Wire(dst_port), kUdp),
                              Ip(src).is_v4());
    };
    right = right && owner("192.0.2.7", port, "198.51.100.10", 53) == of("192.0.2.7", hashed) % workers;
    right = right && owner("10.0.0.11", 53, "192.0.2.7", port) == of("192.0.2.7", hashed) % workers;
    right = right && owner("10.0.0.11", 53, "10.0.0.10", port) == of("10.0.0.10", port) % workers;
    right = right && owner("2001:db8:7::7", port, "2001:db8:100::10", 53) == of("2001:db8:7::7", hashed) % workers;
    right = right && owner("2001:db8:a::11", 53, "2001:db8:7::7", port) == of("2001:db8:7::7", hashed) % workers;
    right = right && owner("2001:db8:a::11", 53, "2001:db8:a::10", port) == of("2001:db8:a::10", port) % workers;
  }
  CHECK(right);
}

}  // namespace baton::dataplane
