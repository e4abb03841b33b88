// What servers answer to clients that are not ours.
#include <absl/hash/hash.h>

#include "common/checksum.h"
#include "common/headers.h"
#include "generator/engine.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

// The same for all segments of a connection, and for no other one but by chance.
uint32_t InitialOf(const uint8_t* frame, const Arrival& arrival, uint64_t key) {
  const size_t from = kIp + (arrival.ipv4 ? 12 : 8);
  const auto text = [frame](size_t begin, size_t length) {
    return absl::string_view(reinterpret_cast<const char*>(frame) + begin, length);
  };
  return static_cast<uint32_t>(absl::HashOf(key, text(from, arrival.ipv4 ? 8 : 32), text(arrival.l4, 4)));
}

void FinishIpv4(uint8_t* frame) {
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame + kIp);
  ip.checksum.set_raw(0);
  ip.checksum.set_raw(FinishChecksum(AddToChecksum(0, &ip, static_cast<size_t>(ip.header_length()))));
}

}  // namespace

// False: the frame is not needed any more.
bool Engine::ServeStranger(Port& port, const Arrival& arrival, Frame& frame) {
  const Receiver receiver = ReceiverOf(port, arrival, frame.data);
  const Family family = arrival.ipv4 ? Family::kIpv4 : Family::kIpv6;
  const bool echo = arrival.udp && port.echoes,
             web = arrival.kind == ArrivalKind::kTcp && !port.pages_of(family).empty();
  if (receiver.server == kServerMask || !(echo || web)) {
    ++strays_.foreign;
    return false;
  }
  if (echo) {
    MirrorFrame(frame.data, arrival.ipv4, arrival.l4, port.mac.bytes.data(), nullptr);
    if (arrival.ipv4) FinishIpv4(frame.data);
    SendAsHost(port, family, receiver.host, frame.data);
    frame.length = std::max(arrival.length, kShortestOnWire);
    ++served_.echoed;
    port.outbox.Add(frame);
    return true;
  }
  return ServeWeb(port, arrival, receiver.host, frame);
}

bool Engine::ServeWeb(Port& port, const Arrival& arrival, uint32_t host, Frame& frame) {
  const std::optional<Segment> in = ReadSegment(frame.data, arrival.l4, arrival.length, false);
  if (!in) {
    ++strays_.foreign;
    return false;
  }
  const Family family = arrival.ipv4 ? Family::kIpv4 : Family::kIpv6;
  const std::string& page = port.pages_of(family)[host];
  const absl::string_view payload(reinterpret_cast<const char*>(frame.data) + in->payload_at, in->length);
  const auto mss = static_cast<uint16_t>(port.mtu - (arrival.l4 - kIp) - sizeof(TcpHeader));
  const WebAnswer answer = AnswerWeb(*in, payload, InitialOf(frame.data, arrival, key_), mss, page.size());
  served_.connections += answer.what == Served::kConnection;
  served_.pages += answer.what == Served::kPage;
  served_.not_understood += answer.what == Served::kNotUnderstood;
  if (answer.what == Served::kNothing) return false;
  MirrorFrame(frame.data, arrival.ipv4, arrival.l4, port.mac.bytes.data(), nullptr);
  SendAsHost(port, family, host, frame.data);
  frame.length = WriteSegment(frame.data, arrival.ipv4, arrival.l4, answer.out, nullptr, key_, page);
  port.outbox.Add(frame);
  return true;
}

}  // namespace baton::generator
