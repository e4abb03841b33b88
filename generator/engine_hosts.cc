// The hosts behind the ports: which of them a frame is for, what they answer besides traffic of ours, and the gateways
// that they send through.
#include <algorithm>
#include <cstring>

#include "generator/engine.h"
#include "generator/engine_class.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

constexpr uint16_t kNoServer = kServerMask;  // asked at an address of none of the hosts, as with direct return
constexpr int kRepliesPerPoll = 16;

IpAddress DestinationOf(const Arrival& arrival, const uint8_t* frame) {
  return arrival.ipv4 ? IpAddress::FromV4Bytes(frame + kIp + 16) : IpAddress::FromV6Bytes(frame + kIp + 24);
}

IpAddress SourceOf(const Arrival& arrival, const uint8_t* frame) {
  return arrival.ipv4 ? IpAddress::FromV4Bytes(frame + kIp + 12) : IpAddress::FromV6Bytes(frame + kIp + 8);
}

Family FamilyOf(const Arrival& arrival) { return arrival.ipv4 ? Family::kIpv4 : Family::kIpv6; }

}  // namespace

bool Engine::Port::Accepts(const IpAddress& address) const {
  return std::find(also.begin(), also.end(), address) != also.end();
}

Engine::Receiver Engine::ReceiverOf(const Port& port, const Arrival& arrival, const uint8_t* frame) const {
  const IpAddress address = DestinationOf(arrival, frame);
  const Hosts::Place place = port.hosts.Find(address);
  if (place.in_all != Hosts::kNone) {
    return {place.in_family, static_cast<uint16_t>(port.first_server + place.in_all)};
  }
  const std::vector<IpAddress>& hosts = port.hosts.of(address.family());
  const uint32_t host = port.macs.Find(frame, hosts.size());
  if (host == Hosts::kNone) return {0, kNoServer};
  return {host, static_cast<uint16_t>(port.first_server + port.hosts.Find(hosts[host]).in_all)};
}

// A host takes frames to its own MAC address only, and answers for its own addresses only.
bool Engine::TakenByItsHost(const Port& port, const Arrival& arrival, const uint8_t* frame) {
  switch (arrival.kind) {
    case ArrivalKind::kNeighbor:            // for neighbors to judge
    case ArrivalKind::kInformationRequest:  // by broadcast
    case ArrivalKind::kCorrupted: return true;
    default: break;
  }
  if (arrival.l4 == 0) return true;  // no IP
  const IpAddress address = DestinationOf(arrival, frame);
  const uint32_t by_mac = port.macs.Find(frame, port.hosts.of(FamilyOf(arrival)).size());
  const Hosts::Place by_address = port.hosts.Find(address);
  if (by_address.in_all != Hosts::kNone) {
    if (by_address.in_family == by_mac) return true;
    ++strays_.wrong_mac;
    return false;
  }
  if (by_mac != Hosts::kNone && port.Accepts(address)) return true;
  ++strays_.foreign;
  return false;
}

void Engine::AnswerAsHost(Port& port, const Arrival& arrival, const Frame& frame) {
  const IpAddress address = DestinationOf(arrival, frame.data);
  const Hosts::Place place = port.hosts.Find(address);
  const bool known = place.in_all != Hosts::kNone;
  if (arrival.kind == ArrivalKind::kEchoRequest && (known || port.Accepts(address))) {
    Frame reply;
    if (port.outbox.full() || !port.link->Allocate(&reply, 1)) return;
    std::memcpy(reply.data, frame.data, arrival.length);
    reply.length = std::max<uint16_t>(arrival.length, 60);
    if (arrival.length < 60) std::memset(reply.data + arrival.length, 0, 60u - arrival.length);
    AnswerEcho(reply.data, arrival, port.macs.Of(ReceiverOf(port, arrival, frame.data).host));
    port.outbox.Add(reply);
    ++strays_.echo_answered;
    return;
  }
  const bool broadcast = (frame.data[0] & 1) != 0;
  const auto hosts = static_cast<uint32_t>(port.hosts.of(Family::kIpv4).size());
  if (arrival.kind != ArrivalKind::kInformationRequest || hosts == 0 || !(known || broadcast)) {
    ++strays_.foreign;
    return;
  }
  const uint32_t first = known ? place.in_family : 0, end = known ? first + 1 : hosts;
  if (!port.questions.Add(InformationRequest::Read(frame.data, arrival, first, end))) ++strays_.information_missed;
}

void Engine::AnswerInformation(Port& port) {
  if (!port.outbox.empty()) return;
  Frame frames[kRepliesPerPoll];
  InformationRequest& request = port.questions.front();
  const auto count = static_cast<int>(std::min<uint32_t>(kRepliesPerPoll, request.end_host - request.next_host));
  if (!port.link->Allocate(frames, count)) return;
  for (int i = 0; i < count; ++i) {
    const uint32_t host = request.next_host++;
    request.WriteReply(frames[i].data, port.hosts.of(Family::kIpv4)[host], port.macs.Of(host));
    frames[i].length = kInformationFrame;
    port.outbox.Add(frames[i]);
  }
  strays_.information_answered += static_cast<uint64_t>(count);
  if (request.next_host == request.end_host) port.questions.Pop();
  port.outbox.Flush(*port.link);
}

const MacAddress* Engine::GatewayOf(Port& port, Family family, uint32_t host) {
  std::vector<Gateway>& gateways = port.gateways_of(family);
  if (gateways.empty()) return nullptr;
  Gateway& gateway = gateways[host % gateways.size()];
  ++gateway.sent;
  return &port.neighbors->mac(gateway.place);
}

void Engine::SendAsHost(Port& port, Family family, uint32_t host, uint8_t* frame) {
  if (const MacAddress* gateway = GatewayOf(port, family, host)) std::memcpy(frame, gateway->bytes.data(), 6);
  const MacAddress own = port.macs.Of(host);
  std::memcpy(frame + 6, own.bytes.data(), 6);
}

// A frame that was written for a gateway and never sent.
void Engine::TakeBackFromGateway(Port& port, const Arrival& arrival, const uint8_t* frame) {
  if (arrival.kind != ArrivalKind::kStamped && arrival.kind != ArrivalKind::kTcp) return;
  std::vector<Gateway>& gateways = port.gateways_of(FamilyOf(arrival));
  if (gateways.empty()) return;
  Hosts::Place place = port.hosts.Find(SourceOf(arrival, frame));
  if (place.in_all == Hosts::kNone) place.in_family = port.macs.Find(frame + 6, port.hosts.all().size());
  if (place.in_family == Hosts::kNone) place.in_family = 0;
  --gateways[place.in_family % gateways.size()].sent;
}

void Engine::AddGateways(RunResult& result) const {
  for (size_t i = 0; i < ports_.size(); ++i) {
    const Port& port = *ports_[i];
    for (const std::vector<Gateway>* gateways : {&port.v4_gateways, &port.v6_gateways}) {
      for (const Gateway& gateway : *gateways) {
        result.gateways.push_back({.port = profile_.ports[i].name,
                                   .address = port.neighbors->address(gateway.place).ToString(),
                                   .mac = port.neighbors->mac(gateway.place).ToString(),
                                   .sent = gateway.sent});
      }
    }
    result.gateway_change_count += port.neighbors->move_count();
    for (const Neighbors::Move& move : port.neighbors->moves()) {
      result.gateway_changes.push_back({.at_s = static_cast<double>(move.at_ns - sending_began_ns_) / 1e9,
                                        .port = profile_.ports[i].name,
                                        .address = port.neighbors->address(move.place).ToString(),
                                        .from = move.from.ToString(),
                                        .to = move.to.ToString()});
    }
  }
  std::stable_sort(result.gateway_changes.begin(), result.gateway_changes.end(),
                   [](const GatewayChange& a, const GatewayChange& b) { return a.at_s < b.at_s; });
}

}  // namespace baton::generator
