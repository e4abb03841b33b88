// The hash that network cards and the workers have to agree on: against the published vectors and DPDK's own.
#include "dataplane/client_hash.h"

#include <cstring>
#include <random>
#include <vector>

#include <catch2/catch.hpp>
#include <rte_thash.h>

#include "common/counters.h"

namespace baton::dataplane {
namespace {

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }
uint16_t Wire(uint16_t port) { return __builtin_bswap16(port); }

void Append(const IpAddress& address, std::vector<uint8_t>& bytes) {
  const uint8_t* begin = address.is_v4() ? address.v4_bytes() : address.v6_bytes();
  bytes.insert(bytes.end(), begin, begin + (address.is_v4() ? 4 : 16));
}

void Append(uint16_t port, std::vector<uint8_t>& bytes) {
  bytes.push_back(static_cast<uint8_t>(port >> 8));
  bytes.push_back(static_cast<uint8_t>(port));
}

// DPDK's: words in the machine's order, a whole number of them; zeros behind the input change nothing.
uint32_t SoftRss(std::vector<uint8_t> bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4);
  std::vector<uint32_t> words;
  for (size_t i = 0; i < bytes.size(); i += 4) {
    words.push_back(uint32_t{bytes[i]} << 24 | uint32_t{bytes[i + 1]} << 16 | uint32_t{bytes[i + 2]} << 8 |
                    bytes[i + 3]);
  }
  std::vector<uint8_t> key(kSpreadKey.begin(), kSpreadKey.end());
  key.resize(64);  // it reads a word beyond the input
  return rte_softrss(words.data(), static_cast<uint32_t>(words.size()), key.data());
}

int Owner(const ClientHash& hash, const IpAddress& address, uint16_t port) {
  if (!address.is_v4()) return hash.OwnerV6(address.v6_bytes(), Wire(port));
  uint32_t wire;
  std::memcpy(&wire, address.v4_bytes(), 4);
  return hash.OwnerV4(wire, Wire(port));
}

}  // namespace

// learn.microsoft.com, "Verifying the RSS hash calculation".
TEST_CASE("Microsoft's vectors") {
  struct Case {
    const char* source;
    uint16_t src_port;
    const char* destination;
    uint16_t dst_port;
    uint32_t addresses, all;
  };
  const auto c = GENERATE(values<Case>({
      {"66.9.149.187", 2794, "161.142.100.80", 1766, 0x323e8fc2, 0x51ccc178},
      {"199.92.111.2", 14230, "65.69.140.83", 4739, 0xd718262a, 0xc626b0ea},
      {"24.19.198.95", 12898, "12.22.207.184", 38024, 0xd2d0a5de, 0x5c2b394a},
      {"38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xafc7327f},
      {"153.39.163.191", 44251, "202.188.127.2", 1303, 0x5d1809c5, 0x10e828a2},
      {"3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2cc18cd5, 0x40207d3d},
      {"3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0f0c461c, 0xdde51bbf},
      {"3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024, 0x4b61e985, 0x02d1feef},
  }));
  CAPTURE(c.source);
  std::vector<uint8_t> input;
  Append(Ip(c.source), input);
  Append(Ip(c.destination), input);
  CHECK(ToeplitzHash(kSpreadKey, input) == c.addresses);
  CHECK(SoftRss(input) == c.addresses);
  Append(c.src_port, input);
  Append(c.dst_port, input);
  CHECK(ToeplitzHash(kSpreadKey, input) == c.all);
  CHECK(SoftRss(input) == c.all);
}

TEST_CASE("the owner is what a card's hash and table say") {
  const auto workers = GENERATE(uint16_t{1}, uint16_t{2}, uint16_t{3}, uint16_t{7}, uint16_t{16});
  const ClientHash hash(workers);
  std::mt19937 random(4711);
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::array<uint8_t, 16> bytes;
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    const IpAddress address = i % 2 == 0 ? IpAddress::FromV4Bytes(bytes.data()) : IpAddress::FromV6Bytes(bytes.data());
    const uint16_t port = static_cast<uint16_t>(random());
    std::vector<uint8_t> input;
    Append(address, input);
    const uint32_t without_port = SoftRss(input);
    Append(port, input);
    const uint32_t all = SoftRss(input);
    wrong += ToeplitzHash(kSpreadKey, input) == all ? 0 : 1;
    wrong += Owner(hash, address, port) == static_cast<int>(all % 128 % workers) ? 0 : 1;
    wrong += hash.OwnerOfSlot(hash.AddressSlot(address) ^ hash.PortSlot(Wire(port), address.is_v4())) ==
                     Owner(hash, address, port)
                 ? 0
                 : 1;
    // A card that hashes the address alone: port 0 adds nothing.
    wrong += Owner(hash, address, 0) == static_cast<int>(without_port % 128 % workers) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

// port_pools.cc finds a worker's next port in two steps because of it; of 15 workers and with IPv6, in three at times.
TEST_CASE("of 64 ports in a row every worker has some, whatever the address") {
  int without = 0;
  for (uint16_t workers = 2; workers <= kMaxWorkers; ++workers) {
    const ClientHash hash(workers);
    for (const bool ipv4 : {true, false}) {
      if (workers == 15 && !ipv4) continue;
      for (int address = 0; address < kSpreadSlots; ++address) {
        std::array<int, kMaxWorkers> counts{};
        for (uint16_t port = 0; port < 64; ++port) {
          ++counts[hash.OwnerOfSlot(static_cast<uint8_t>(address) ^ hash.PortSlot(Wire(port), ipv4))];
        }
        for (uint16_t worker = 0; worker < workers; ++worker) without += counts[worker] == 0 ? 1 : 0;
      }
    }
  }
  CHECK(without == 0);
}

TEST_CASE("clients and ports in a row spread evenly") {
  const auto workers = GENERATE(uint16_t{2}, uint16_t{3}, uint16_t{16});
  const ClientHash hash(workers);
  std::vector<int> by_port(workers), by_client(workers);
  for (uint16_t i = 0; i < 1024; ++i) {
    ++by_port[static_cast<size_t>(Owner(hash, Ip("192.0.2.7"), static_cast<uint16_t>(32768 + i)))];
    ++by_client[static_cast<size_t>(Owner(hash, IpAddress::V4(0xc0000200u + i), 40000))];
  }
  for (const auto& counts : {by_port, by_client}) {
    for (const int count : counts) CHECK((count * workers > 1024 * 3 / 4 && count * workers < 1024 * 5 / 4));
  }
}

}  // namespace baton::dataplane
