#include "generator/flow_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <utility>

namespace baton::generator {

absl::StatusOr<FlowTable> FlowTable::Create(uint32_t first, uint32_t flows, bool with_tcp) {
  FlowTable table;
  table.first_ = first;
  table.bytes_ =
      size_t{std::max(flows, 1u)} * (sizeof(ClientFlow) + sizeof(ServerFlow) + (with_tcp ? sizeof(TcpFlow) : 0));
  void* memory = mmap(nullptr, table.bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return absl::ResourceExhaustedError(absl::StrCat("no ", table.bytes_, " bytes of memory for ", flows, " flows"));
  }
  // A million flows are 128 MB and more: with small pages every arrival misses the TLB too. Without huge pages it works
  // as well.
  madvise(memory, table.bytes_, MADV_HUGEPAGE);
  table.memory_ = memory;
  table.clients_ = static_cast<ClientFlow*>(memory);
  table.servers_ = reinterpret_cast<ServerFlow*>(table.clients_ + flows);
  for (uint32_t i = 0; i < flows; ++i) new (&table.clients_[i]) ClientFlow;
  for (uint32_t i = 0; i < flows; ++i) new (&table.servers_[i]) ServerFlow;
  if (with_tcp) {
    table.tcp_ = reinterpret_cast<TcpFlow*>(table.servers_ + flows);
    for (uint32_t i = 0; i < flows; ++i) new (&table.tcp_[i]) TcpFlow;
  }
  table.size_ = flows;
  return table;
}

FlowTable::FlowTable(FlowTable&& other) noexcept { *this = std::move(other); }

FlowTable& FlowTable::operator=(FlowTable&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(bytes_, other.bytes_);
  std::swap(clients_, other.clients_);
  std::swap(servers_, other.servers_);
  std::swap(tcp_, other.tcp_);
  std::swap(first_, other.first_);
  std::swap(size_, other.size_);
  return *this;
}

FlowTable::~FlowTable() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
}

}  // namespace baton::generator
