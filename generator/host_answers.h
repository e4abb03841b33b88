// What hosts answer besides traffic of ours: echo requests of others (RFC 792, RFC 4443 4.2) and information requests
// (RFC 792, types 15 and 16), by which a virtual router finds the end systems around it. One core.
#pragma once

#include <cstdint>

#include "common/addr.h"
#include "generator/arrival.h"

namespace baton::generator {

// Turns an echo request into its reply, in place, to whom it came from. REQUIRES: arrival.kind is kEchoRequest.
void AnswerEcho(uint8_t* frame, const Arrival& arrival, const MacAddress& own);

inline constexpr uint16_t kInformationFrame = 60;

// An information request that hosts are answering: everybody who hears it, if it was a broadcast. It goes to the address
// that the request came from, though its network part may be zero: who asks like that knows its own form.
struct InformationRequest {
  uint8_t mac[6];
  uint8_t from[4];
  uint8_t id_and_sequence[4];
  uint32_t next_host, end_host;

  // REQUIRES: arrival.kind is kInformationRequest; end > next.
  static InformationRequest Read(const uint8_t* frame, const Arrival& arrival, uint32_t next, uint32_t end);
  // The reply of a host; `at` has room for kInformationFrame.
  void WriteReply(uint8_t* at, const IpAddress& host, const MacAddress& own) const;
};

// Requests in the order they came, answered a few hosts at a time: thousands of hosts would fill the port's queue.
class InformationRequests {
 public:
  bool empty() const { return count_ == 0; }
  InformationRequest& front() { return requests_[0]; }
  // False: there are too many.
  bool Add(const InformationRequest& request) {
    if (count_ == kMost) return false;
    requests_[count_++] = request;
    return true;
  }
  void Pop() {
    --count_;
    for (size_t i = 0; i < count_; ++i) requests_[i] = requests_[i + 1];
  }

 private:
  static constexpr size_t kMost = 16;
  InformationRequest requests_[kMost];
  size_t count_ = 0;
};

}  // namespace baton::generator
