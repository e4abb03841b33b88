// The state of all flows of one core: a cache line for the end that asks and one for the end that answers, so that an
// arriving packet touches one line; and one for a TCP connection, when there are such flows. Flows are numbered through
// all cores; each core has those from first() on. In memory of its own, in huge pages where the kernel has them. Used by
// one core.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/status.h"
#include "generator/ledger.h"
#include "generator/tcp/connection.h"

namespace baton::generator {

struct alignas(64) ClientFlow {
  uint32_t next_number = 0;   // of the next request
  uint16_t first_server = 0;  // that answered, plus one; 0: none has
  uint8_t flow_class = 0;
  uint8_t first_epoch = 0;    // in which its first request was sent
  Ledger responses;
};

struct alignas(64) ServerFlow {
  uint32_t next_number = 0;  // of the next response
  uint8_t flow_class = 0;
  Ledger requests;
};

static_assert(sizeof(ClientFlow) == 64 && sizeof(ServerFlow) == 64);
inline constexpr size_t kMostBytesPerFlow = 192;
static_assert(sizeof(ClientFlow) + sizeof(ServerFlow) + sizeof(TcpFlow) <= kMostBytesPerFlow);

class FlowTable {
 public:
  // ResourceExhausted when the memory cannot be had.
  static absl::StatusOr<FlowTable> Create(uint32_t first, uint32_t flows, bool with_tcp);
  FlowTable() = default;
  FlowTable(FlowTable&& other) noexcept;
  FlowTable& operator=(FlowTable&& other) noexcept;
  ~FlowTable();

  uint32_t first() const { return first_; }
  uint32_t size() const { return size_; }
  bool has(uint32_t flow) const { return flow - first_ < size_; }
  size_t bytes() const { return bytes_; }
  // REQUIRES: has(flow).
  ClientFlow& client(uint32_t flow) { return clients_[flow - first_]; }
  ServerFlow& server(uint32_t flow) { return servers_[flow - first_]; }
  TcpFlow& tcp(uint32_t flow) { return tcp_[flow - first_]; }  // REQUIRES: with_tcp
  const ClientFlow& client(uint32_t flow) const { return clients_[flow - first_]; }
  const ServerFlow& server(uint32_t flow) const { return servers_[flow - first_]; }

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
  ClientFlow* clients_ = nullptr;
  ServerFlow* servers_ = nullptr;
  TcpFlow* tcp_ = nullptr;
  uint32_t first_ = 0, size_ = 0;
};

}  // namespace baton::generator
