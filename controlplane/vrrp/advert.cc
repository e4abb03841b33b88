#include "controlplane/vrrp/advert.h"

#include <algorithm>

#include "common/bytes.h"

namespace baton::controlplane::vrrp {
namespace {

constexpr uint8_t kAdvertisement = 1;
constexpr size_t kHeader = 8, kAuthentication = 8;
constexpr auto kHundredth = std::chrono::milliseconds(10);

size_t AddressSize(const Ends& ends) { return ends.src.is_v4() ? 4 : 16; }

std::string ReadPassword(absl::Span<const uint8_t> bytes) {
  const auto* end = std::find(bytes.begin(), bytes.end(), 0);
  return {bytes.begin(), end};
}

}  // namespace

IpAddress MulticastAddress(Family family) {
  static constexpr uint8_t kV6[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12};
  return family == Family::kIpv4 ? IpAddress::V4(0xe0000012) : IpAddress::FromV6Bytes(kV6);
}

MacAddress VirtualMac(Family family, uint8_t vrid) {
  return {{0x00, 0x00, 0x5e, 0x00, static_cast<uint8_t>(family == Family::kIpv4 ? 1 : 2), vrid}};
}

std::vector<uint8_t> Encode(const Advert& advert, const Ends& ends, ChecksumOver over) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(advert.version << 4 | kAdvertisement)).U8(advert.vrid).U8(advert.priority);
  out.U8(static_cast<uint8_t>(advert.addresses.size()));
  if (advert.version == 2) {
    out.U8(advert.auth_type).U8(static_cast<uint8_t>(advert.interval / std::chrono::seconds(1)));
  } else {
    out.U16(static_cast<uint16_t>(advert.interval / kHundredth) & 0x0fff);
  }
  out.U16(0);
  for (const IpAddress& address : advert.addresses) out.Ip(address);
  if (advert.version == 2) {
    const size_t length = std::min(advert.password.size(), kAuthentication);
    out.Bytes({reinterpret_cast<const uint8_t*>(advert.password.data()), length}).Zeros(kAuthentication - length);
  }
  std::vector<uint8_t> message = out.bytes();
  PutChecksum(message, ends, over);
  return message;
}

Decoded Decode(absl::Span<const uint8_t> message, const Ends& ends) {
  Decoded decoded;
  Advert& advert = decoded.advert;
  ByteReader in(message);
  const auto refuse = [&decoded](Malformed why) {
    decoded.malformed = why;
    return decoded;
  };
  const uint8_t version_and_type = in.U8();
  advert.version = version_and_type >> 4;
  decoded.type = version_and_type & 0x0f;
  advert.vrid = in.U8();
  advert.priority = in.U8();
  const size_t count = in.U8();
  if (message.size() < kHeader) return refuse(Malformed::kLength);
  const bool is_v2 = advert.version == 2;
  if (!is_v2 && advert.version != 3) return refuse(Malformed::kVersion);
  if (is_v2 && !ends.src.is_v4()) return refuse(Malformed::kVersion);
  if (!CheckChecksum(message, ends).has_value()) return refuse(Malformed::kChecksum);
  if (decoded.type != kAdvertisement) return refuse(Malformed::kType);
  if (is_v2) {
    advert.auth_type = in.U8();
    advert.interval = std::chrono::seconds(in.U8());
  } else {
    advert.interval = (in.U16() & 0x0fff) * kHundredth;
  }
  in.Skip(2);
  if (count == 0 || message.size() != kHeader + count * AddressSize(ends) + (is_v2 ? kAuthentication : 0)) {
    return refuse(Malformed::kLength);
  }
  for (size_t i = 0; i < count; ++i) advert.addresses.push_back(ends.src.is_v4() ? in.Ipv4() : in.Ipv6());
  if (is_v2 && advert.auth_type == kSimpleText) advert.password = ReadPassword(in.Bytes(kAuthentication));
  return decoded;
}

}  // namespace baton::controlplane::vrrp
