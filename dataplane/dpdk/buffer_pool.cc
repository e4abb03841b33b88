#include "dataplane/dpdk/buffer_pool.h"

#include <rte_errno.h>
#include <rte_mbuf.h>

#include "dataplane/dpdk/eal.h"
#include "dataplane/packet.h"

namespace baton::dataplane {
namespace {

// Buffers that each lcore keeps to itself. More than a burst, so that most bursts do not touch the shared ring.
constexpr uint32_t kLcoreCache = 256;

static_assert(RTE_PKTMBUF_HEADROOM >= kMinHeadroom && DpdkBufferPool::kDataRoom >= kMinRoom);

}  // namespace

absl::StatusOr<std::unique_ptr<DpdkBufferPool>> DpdkBufferPool::Create(const std::string& name, uint32_t count,
                                                                       uint16_t data_room) {
  if (data_room < kDataRoom || data_room > UINT16_MAX - RTE_PKTMBUF_HEADROOM) {
    return absl::InvalidArgumentError(absl::StrCat("packet_buffers: data room ", data_room, " is outside ", kDataRoom,
                                                   "..", UINT16_MAX - RTE_PKTMBUF_HEADROOM));
  }
  // A cache may take at most two thirds of a pool.
  const uint32_t cache = count >= 8 * kLcoreCache ? kLcoreCache : 0;
  rte_mempool* pool = rte_pktmbuf_pool_create(name.c_str(), count, cache, 0,
                                              static_cast<uint16_t>(data_room + RTE_PKTMBUF_HEADROOM), SOCKET_ID_ANY);
  if (pool == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("packet_buffers: no pool of ", count, " buffers of ", data_room,
                                                     " bytes: ", DpdkError(rte_errno)));
  }
  return std::unique_ptr<DpdkBufferPool>(new DpdkBufferPool(pool, data_room));
}

DpdkBufferPool::~DpdkBufferPool() { rte_mempool_free(pool_); }

BufferPool::Buffer DpdkBufferPool::Allocate() {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
  if (mbuf == nullptr) return {};
  return {.handle = mbuf, .data = rte_pktmbuf_mtod(mbuf, uint8_t*), .capacity = rte_pktmbuf_tailroom(mbuf)};
}

void DpdkBufferPool::Free(void* handle) { rte_pktmbuf_free(static_cast<rte_mbuf*>(handle)); }

size_t DpdkBufferPool::capacity() const { return pool_->size; }
size_t DpdkBufferPool::in_use() const { return rte_mempool_in_use_count(pool_); }

}  // namespace baton::dataplane
