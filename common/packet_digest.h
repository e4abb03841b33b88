// Which packet it was, in eight bytes: SipHash-2-4 (Aumasson and Bernstein, 2012) over the IP packet as it was
// received, from its header to its end, without padding; the bytes of the hash read as a little-endian number. Two
// routers that receive the same frame, and have the same key, come to the same digest. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace baton {

struct DigestKey {
  uint64_t k0 = 0, k1 = 0;  // the key's bytes, little endian
};

uint64_t PacketDigest(const DigestKey& key, const uint8_t* bytes, size_t length);

}  // namespace baton
