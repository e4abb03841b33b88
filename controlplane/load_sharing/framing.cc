#include "controlplane/load_sharing/framing.h"

#include <algorithm>

namespace baton::controlplane::load_sharing {
namespace {

constexpr size_t kAuthentication = 8;
constexpr uint16_t kTrailerMagic = 0x4c53;  // "LS"
constexpr uint8_t kTrailerVersion = 1;
constexpr auto kHundredth = std::chrono::milliseconds(10);

bool HasInterval(uint8_t type) { return type <= 2; }

// Bytes 4 and 5.
void ReadAuthTypeAndInterval(Opened& opened, uint8_t first, uint8_t second) {
  Header& header = opened.header;
  if (!HasAuthentication(opened.type)) {
    if (first != 0 || second != 0) opened.Refuse(Malformed::kReserved);
    return;
  }
  if (header.version == 3 && HasInterval(opened.type)) {
    header.interval = ((first & 0x0f) << 8 | second) * kHundredth;
    if (first >> 4 != 0) opened.Refuse(Malformed::kReserved);
    return;
  }
  header.auth_type = first;
  const bool known = first == vrrp::kNoAuthentication || (first == vrrp::kSimpleText && header.version == 2);
  if (!known) opened.Refuse(Malformed::kAuthentication);
  if (HasInterval(opened.type)) {
    header.interval = std::chrono::seconds(second);
  } else if (second != 0) {
    opened.Refuse(Malformed::kReserved);
  }
}

// RFC 2338, 5.3.6.2 and 5.3.10: characters, and zeros up to the eighth; all zeros without authentication.
bool ReadAuthentication(absl::Span<const uint8_t> bytes, Header& header) {
  const auto* end = std::find(bytes.begin(), bytes.end(), 0);
  if (std::any_of(end, bytes.end(), [](uint8_t b) { return b != 0; })) return false;
  header.password.assign(bytes.begin(), end);
  return header.auth_type == vrrp::kSimpleText || header.password.empty();
}

}  // namespace

absl::string_view MalformedName(Malformed malformed) {
  switch (malformed) {
    case Malformed::kNothing: return "nothing";
    case Malformed::kLength: return "length";
    case Malformed::kVersion: return "version";
    case Malformed::kType: return "type";
    case Malformed::kChecksum: return "checksum";
    case Malformed::kReserved: return "reserved";
    case Malformed::kAuthentication: return "authentication";
    case Malformed::kCount: return "count";
    case Malformed::kFragment: return "fragment";
    case Malformed::kAddress: return "address";
    case Malformed::kRecord: return "record";
    case Malformed::kTrailer: return "trailer";
  }
  return "?";
}

bool HasAuthentication(uint8_t type) { return type != 4 && type != 6 && type != 7; }

bool Opened::Refuse(Malformed why) {
  if (malformed == Malformed::kNothing) malformed = why;
  return false;
}

bool Opened::HasRecords(size_t record_size, size_t behind) {
  const size_t end = behind + (HasAuthentication(type) ? kAuthentication : 0);
  if (!body.ok() || body.left() < end) return Refuse(Malformed::kLength);
  const size_t expected = count * record_size + end;
  if (body.left() == expected || body.left() == expected + kTrailerSize) return true;
  return Refuse(Malformed::kCount);
}

IpAddress Opened::Address() {
  const IpAddress address = family == Family::kIpv4 ? body.Ipv4() : body.Ipv6();
  if (address == IpAddress::V4(0)) {
    if (family == Family::kIpv6) Refuse(Malformed::kAddress);
    return {};
  }
  // An IPv4-mapped address would be taken for an IPv4 one (common/addr.h), and no station has one (RFC 4291, 2.5.5.2).
  if (family == Family::kIpv6 && address.is_v4()) Refuse(Malformed::kAddress);
  return address;
}

IpAddress Opened::RequiredAddress() {
  const IpAddress address = Address();
  if (address == IpAddress{}) Refuse(Malformed::kAddress);
  return address;
}

void Opened::Zeros(size_t length) {
  const absl::Span<const uint8_t> bytes = body.Bytes(length);
  if (std::any_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b != 0; })) Refuse(Malformed::kReserved);
}

Opened Open(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t first_type, uint8_t last_type) {
  Opened opened;
  opened.family = ends.src.family();
  opened.body = ByteReader(message);
  ByteReader& in = opened.body;
  const uint8_t version_and_type = in.U8();
  opened.header.version = version_and_type >> 4;
  opened.type = version_and_type & 0x0f;
  opened.header.vrid = in.U8();
  opened.header.priority = in.U8();
  opened.count = in.U8();
  const uint8_t first = in.U8(), second = in.U8();
  const uint16_t checksum = in.U16();
  const auto refused = [&opened](Malformed why) {
    opened.Refuse(why);
    return opened;
  };
  if (!in.ok()) return refused(Malformed::kLength);
  const uint8_t version = opened.header.version;
  if (version != 2 && version != 3) return refused(Malformed::kVersion);
  if (version == 2 && opened.family == Family::kIpv6) return refused(Malformed::kVersion);
  const std::optional<vrrp::ChecksumOver> over = vrrp::CheckChecksum(message, ends);
  // Two values of the field stand for zero (RFC 1624, 3); a sum over a version that is not 0 never gives this one.
  if (!over.has_value() || checksum == 0xffff) return refused(Malformed::kChecksum);
  opened.over = *over;
  if (opened.type < first_type || opened.type > last_type) return refused(Malformed::kType);
  ReadAuthTypeAndInterval(opened, first, second);
  return opened;
}

std::optional<Trailer> Close(Opened& opened) {
  ByteReader& in = opened.body;
  if (HasAuthentication(opened.type)) {
    const absl::Span<const uint8_t> data = in.Bytes(kAuthentication);
    if (in.ok() && !ReadAuthentication(data, opened.header)) opened.Refuse(Malformed::kAuthentication);
  }
  if (!in.ok()) opened.Refuse(Malformed::kLength);
  if (opened.malformed != Malformed::kNothing || in.left() == 0) return std::nullopt;
  if (in.left() != kTrailerSize || in.U16() != kTrailerMagic || in.U8() != kTrailerVersion) {
    opened.Refuse(Malformed::kTrailer);
    return std::nullopt;
  }
  Trailer trailer;
  trailer.key = in.U8();
  trailer.counter = in.U64();
  const absl::Span<const uint8_t> digest = in.Bytes(trailer.digest.size());
  std::copy(digest.begin(), digest.end(), trailer.digest.begin());
  return trailer;
}

void PutHeader(ByteWriter& out, uint8_t type, size_t count, const Header& header) {
  out.U8(static_cast<uint8_t>(header.version << 4 | type)).U8(header.vrid).U8(header.priority);
  out.U8(static_cast<uint8_t>(count));
  if (!HasAuthentication(type)) {
    out.Zeros(2);
  } else if (header.version == 3) {
    out.U16(HasInterval(type) ? static_cast<uint16_t>(header.interval / kHundredth) & 0x0fff : 0);
  } else {
    out.U8(header.auth_type);
    out.U8(HasInterval(type) ? static_cast<uint8_t>(header.interval / std::chrono::seconds(1)) : 0);
  }
  out.U16(0);  // the checksum, see Finish
}

void PutAddress(ByteWriter& out, const IpAddress& address, Family family) {
  if (address.family() == family) {
    out.Ip(address);
  } else {
    out.Zeros(family == Family::kIpv4 ? 4 : 16);
  }
}

void PutTrailer(ByteWriter& out, const Trailer& trailer) {
  out.U16(kTrailerMagic).U8(kTrailerVersion).U8(trailer.key).U64(trailer.counter).Bytes(trailer.digest);
}

std::vector<uint8_t> Finish(ByteWriter& out, const Header& header, const vrrp::Ends& ends, vrrp::ChecksumOver over,
                            const std::optional<Trailer>& trailer) {
  if (HasAuthentication(out.bytes()[0] & 0x0f)) {
    const bool text = header.version == 2 && header.auth_type == vrrp::kSimpleText;
    const size_t length = text ? std::min(header.password.size(), kAuthentication) : 0;
    out.Bytes({reinterpret_cast<const uint8_t*>(header.password.data()), length}).Zeros(kAuthentication - length);
  }
  if (trailer.has_value()) PutTrailer(out, *trailer);
  std::vector<uint8_t> message = out.bytes();
  vrrp::PutChecksum(message, ends, over);
  return message;
}

}  // namespace baton::controlplane::load_sharing
