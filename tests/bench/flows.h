// The flows of the benchmarks: flow number i has a client address and port of its own, all go to one service.
#pragma once

#include <cstdint>

#include "common/service_table.h"
#include "tests/bench/memory_io.h"

namespace baton::bench {

struct Case {
  ForwardMethod method = ForwardMethod::kDestination;
  bool ipv4 = true;
  uint8_t protocol = 17;
  uint32_t rows = 1;
  bool vxlan = false;  // `tunnel`: otherwise IP in IP
};

inline constexpr int kBackends = 32;
inline constexpr uint16_t kServicePort = 8080;

IpAddress ClientOf(uint32_t flow, bool ipv4);
uint16_t ClientPortOf(uint32_t flow);
IpAddress ExternalOf(bool ipv4);
IpAddress BackendOf(int backend, bool ipv4);
IpAddress InternalOf(int number, bool ipv4);
MacAddress BoxMac();

// Frames of UDP, or of TCP: SYN when they are the `first` of their flows, ACK otherwise. 64 bytes with the frame check
// sequence, which is not in memory; IPv6 TCP takes 74 without.
Stream StreamOf(const Case& c, bool first);
void AddFlow(const Case& c, uint32_t flow, Stream& stream);

}  // namespace baton::bench
