// Servers for clients that are not ours (`serve`): UDP echo (RFC 862) and pages over HTTP for curl, wrk and their like.
// Nothing is remembered: a page is one segment, so what was lost the client sends again, and is answered again. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/addr.h"
#include "generator/tcp/segment.h"

namespace baton::generator {

struct ServedCounts {
  uint64_t echoed = 0;          // datagrams
  uint64_t connections = 0;     // SYNs answered, those that came again too
  uint64_t pages = 0;           // requests answered, those that came again too
  uint64_t not_understood = 0;  // answered by a reset: no whole request in a segment

  void Add(const ServedCounts& other) {
    echoed += other.echoed;
    connections += other.connections;
    pages += other.pages;
    not_understood += other.not_understood;
  }
};

// The pages of a port's hosts: each begins with its server's address in a line.
std::vector<std::string> PagesOf(const std::vector<IpAddress>& hosts, uint16_t body);
inline constexpr uint16_t kLeastPage = 40, kMostPage = 1000;

enum class Served : uint8_t { kNothing, kConnection, kPage, kEnd, kNotUnderstood };

struct WebAnswer {
  Served what = Served::kNothing;  // kNothing: nothing is sent
  Segment out;                     // kPage: its payload is the page
};

// What to answer to a segment whose `payload` this is. `initial`: our first sequence number of its connection.
WebAnswer AnswerWeb(const Segment& in, absl::string_view payload, uint32_t initial, uint16_t mss, size_t page);

}  // namespace baton::generator
