// What names a flow in one direction: the key of the access table. IPv4 keys take 16 bytes and IPv6 keys 40, because
// the index is most of a row's memory and of a look-up's time. Numbers lie as on the wire; unused bytes are zero.
#pragma once

#include <cstdint>
#include <cstring>

#include "common/addr.h"

namespace baton::dataplane {

struct FlowKey4 {
  uint32_t src, dst;            // as on the wire
  uint16_t src_port, dst_port;  // as on the wire; ICMP echo: the identifier on the requester's side, 0 on the other
  uint8_t protocol;
  uint8_t zero[3];
};
static_assert(sizeof(FlowKey4) == 16);

struct FlowKey6 {
  uint8_t src[16], dst[16];
  uint16_t src_port, dst_port;
  uint8_t protocol;
  uint8_t zero[3];
};
static_assert(sizeof(FlowKey6) == 40);

struct alignas(8) FlowKey {
  union {
    FlowKey4 v4;
    FlowKey6 v6;
  };
  FlowKey() : v6{} {}

  // Ports as on the wire. Both addresses are of the same family.
  static FlowKey Of(const IpAddress& src, uint16_t src_port, const IpAddress& dst, uint16_t dst_port, uint8_t protocol) {
    FlowKey key;
    if (src.is_v4()) {
      std::memcpy(&key.v4.src, src.v4_bytes(), 4);
      std::memcpy(&key.v4.dst, dst.v4_bytes(), 4);
      key.v4.src_port = src_port;
      key.v4.dst_port = dst_port;
      key.v4.protocol = protocol;
    } else {
      std::memcpy(key.v6.src, src.v6_bytes(), 16);
      std::memcpy(key.v6.dst, dst.v6_bytes(), 16);
      key.v6.src_port = src_port;
      key.v6.dst_port = dst_port;
      key.v6.protocol = protocol;
    }
    return key;
  }
  IpAddress src(bool ipv4) const {
    return ipv4 ? IpAddress::FromV4Bytes(reinterpret_cast<const uint8_t*>(&v4.src)) : IpAddress::FromV6Bytes(v6.src);
  }
  IpAddress dst(bool ipv4) const {
    return ipv4 ? IpAddress::FromV4Bytes(reinterpret_cast<const uint8_t*>(&v4.dst)) : IpAddress::FromV6Bytes(v6.dst);
  }
  uint16_t src_port(bool ipv4) const { return ipv4 ? v4.src_port : v6.src_port; }
  uint16_t dst_port(bool ipv4) const { return ipv4 ? v4.dst_port : v6.dst_port; }
};
static_assert(sizeof(FlowKey) == 40);

// Two secret words make it hard to find flows that meet in one bucket; fixed words make boxes agree (Maglev).
struct HashSeed {
  uint64_t a = 0x9e3779b97f4a7c15, b = 0xd1b54a32d192ed03;
};

__extension__ using Product128 = unsigned __int128;

// The 128-bit product of two words, folded: one multiplication mixes 16 bytes.
inline uint64_t MixWords(uint64_t a, uint64_t b) {
  const Product128 product = static_cast<Product128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint32_t HashFlow(const FlowKey4& key, const HashSeed& seed) {
  uint64_t words[2];
  std::memcpy(words, &key, 16);
  const uint64_t h = MixWords(words[0] ^ seed.a, words[1] ^ seed.b);
  return static_cast<uint32_t>(h ^ (h >> 32));
}

inline uint32_t HashFlow(const FlowKey6& key, const HashSeed& seed) {
  uint64_t words[5];
  std::memcpy(words, &key, 40);
  uint64_t h = MixWords(words[0] ^ seed.a, words[1] ^ seed.b);
  h = MixWords(words[2] ^ seed.b, words[3] ^ h);
  h = MixWords(words[4] ^ seed.a, h ^ seed.b);
  return static_cast<uint32_t>(h ^ (h >> 32));
}

inline uint32_t HashFlow(const FlowKey& key, bool ipv4, const HashSeed& seed) {
  return ipv4 ? HashFlow(key.v4, seed) : HashFlow(key.v6, seed);
}

}  // namespace baton::dataplane
