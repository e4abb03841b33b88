#include "generator/unanswered/returned.h"

#include "common/headers.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

// The ends of the IP packet at `at`, and where its L4 header is. `mirrored`: it is one of ours, in an error.
bool ReadEnds(const uint8_t* frame, uint16_t at, uint16_t length, bool ipv4, bool mirrored, Returned& returned,
              uint16_t* l4) {
  IpAddress src, dst;
  if (ipv4) {
    if (at + sizeof(Ipv4Header) > length) return false;
    const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame + at);
    src = IpAddress::FromV4Bytes(frame + at + 12);
    dst = IpAddress::FromV4Bytes(frame + at + 16);
    *l4 = static_cast<uint16_t>(at + ip.header_length());
  } else {
    if (at + sizeof(Ipv6Header) > length) return false;
    src = IpAddress::FromV6Bytes(frame + at + 8);
    dst = IpAddress::FromV6Bytes(frame + at + 24);
    *l4 = static_cast<uint16_t>(at + sizeof(Ipv6Header));
  }
  returned.to = mirrored ? src : dst;
  returned.from = mirrored ? dst : src;
  return true;
}

}  // namespace

std::optional<Returned> ReadReturned(const uint8_t* frame, uint16_t length, const Arrival& arrival) {
  if (arrival.l4 == 0 || arrival.length > length) return std::nullopt;
  Returned returned;
  uint16_t at = kIp, l4 = 0;
  const bool error = arrival.kind == ArrivalKind::kIcmpError;
  if (error) at = static_cast<uint16_t>(arrival.l4 + sizeof(IcmpHeader));
  if (!ReadEnds(frame, at, arrival.length, arrival.ipv4, error, returned, &l4)) return std::nullopt;
  const auto port_at = static_cast<uint16_t>(error ? l4 : l4 + 2);
  Be16 port(0);
  if (port_at + 2 <= arrival.length) std::memcpy(&port, frame + port_at, 2);
  returned.to_port = port.get();
  if (error) {
    returned.kind = ReturnedKind::kIcmpError;
  } else if (arrival.kind == ArrivalKind::kTcp) {
    const uint8_t flags = reinterpret_cast<const TcpHeader*>(frame + arrival.l4)->flags;
    if ((flags & kTcpRst) != 0) {
      returned.kind = ReturnedKind::kReset;
    } else if ((flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck)) {
      returned.kind = ReturnedKind::kSynAck;
    }
  }
  return returned;
}

}  // namespace baton::generator
