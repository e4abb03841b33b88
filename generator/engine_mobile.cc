// Mobile IPv6 through the engine: requests that leave from a care-of address, responses that come to it.
#include <cstring>

#include "common/headers.h"
#include "generator/engine.h"
#include "generator/engine_class.h"
#include "generator/frame_layout.h"

namespace baton::generator {
namespace {

// From the top down, one for each source: other flows of the hosts have those from kFirstSourcePort up.
uint16_t PortOf(uint32_t source) { return static_cast<uint16_t>(65535 - source); }

}  // namespace

// Returns the host that sends it.
uint32_t Engine::WriteFromTerminal(Class& c, const FrameTemplate& frame, uint32_t source, const Stamp& stamp,
                                   uint8_t* at) {
  const uint32_t place = source - c.profile.first_source;
  const uint32_t moves = c.terminals->MovesAt(static_cast<int64_t>(stamp.time_ns) - sending_began_ns_);
  const uint32_t host = Terminals::HostOf(place, moves, static_cast<uint32_t>(c.sources.size()));
  frame.Write(at, c.terminals->HomeOf(place), PortOf(source), stamp, key_);
  SendFrom(at, c.sources[host]);
  c.terminals->NoteSent(stamp.flow - c.first_flow, moves);
  return host;
}

// A response of terminals: notes what a move cost, and says whether it came from the server to the care-of address that
// its request was sent from, for the terminal's home.
bool Engine::TakeAtTerminal(Class& c, const Arrival& arrival, const uint8_t* frame, uint32_t source, int64_t now_ns) {
  const uint32_t flow = arrival.stamp.flow - c.first_flow, place = source - c.profile.first_source;
  const auto age_ns = static_cast<int64_t>(Since(now_ns, arrival.stamp.time_ns));
  const uint32_t moves = c.terminals->MovesAt(now_ns - age_ns - sending_began_ns_);
  c.terminals->NoteArrival(flow, moves, flows_.client(arrival.stamp.flow).responses.last_ns(), now_ns);
  if (!arrival.mobile) return false;
  const IpAddress& care_of = c.sources[Terminals::HostOf(place, moves, static_cast<uint32_t>(c.sources.size()))];
  const IpAddress home = c.terminals->HomeOf(place);
  const auto& udp = *reinterpret_cast<const UdpHeader*>(frame + arrival.l4);
  return std::memcmp(frame + kIp + 8, c.profile.to.v6_bytes(), 16) == 0 &&
         std::memcmp(frame + kIp + 24, care_of.v6_bytes(), 16) == 0 &&
         std::memcmp(frame + kHomeAt, home.v6_bytes(), 16) == 0 && udp.src_port.get() == c.profile.to_port &&
         udp.dst_port.get() == PortOf(source);
}

}  // namespace baton::generator
