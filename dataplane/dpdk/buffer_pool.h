// The pool of packet buffers (mbufs) that ports receive into. One per process; any thread may allocate and free,
// threads other than lcores without a cache of their own. Outlives the ports that use it and every packet.
#pragma once

#include <memory>
#include <string>

#include "common/status.h"
#include "common/worker_link.h"

struct rte_mempool;

namespace baton::dataplane {

class DpdkBufferPool final : public BufferPool {
 public:
  static constexpr uint16_t kDataRoom = 2048;  // from the start of a received frame on, see kMinRoom in packet.h

  // `data_room`: the longest frame that fits one buffer. ResourceExhausted when there is no memory for `count`.
  static absl::StatusOr<std::unique_ptr<DpdkBufferPool>> Create(const std::string& name, uint32_t count,
                                                                uint16_t data_room = kDataRoom);
  ~DpdkBufferPool() override;
  DpdkBufferPool(const DpdkBufferPool&) = delete;
  DpdkBufferPool& operator=(const DpdkBufferPool&) = delete;

  Buffer Allocate() override;
  void Free(void* handle) override;
  size_t capacity() const override;
  size_t in_use() const override;  // caches of lcores count as free

  uint16_t data_room() const { return data_room_; }
  rte_mempool* mempool() const { return pool_; }

 private:
  DpdkBufferPool(rte_mempool* pool, uint16_t data_room) : pool_(pool), data_room_(data_room) {}

  rte_mempool* pool_;
  uint16_t data_room_;
};

}  // namespace baton::dataplane
