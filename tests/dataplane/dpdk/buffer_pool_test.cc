#include "dataplane/dpdk/buffer_pool.h"

#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "dataplane/packet.h"

namespace baton::dataplane {

TEST_CASE("a pool of buffers can be used up, and refilled") {
  auto pool = DpdkBufferPool::Create("pool_brim", 63);
  REQUIRE(pool.ok());
  CHECK((*pool)->capacity() == 63);
  std::vector<BufferPool::Buffer> taken;
  for (int i = 0; i < 63; ++i) {
    taken.push_back((*pool)->Allocate());
    REQUIRE(taken.back().handle != nullptr);
  }
  CHECK((*pool)->in_use() == 63);
  CHECK((*pool)->Allocate().handle == nullptr);
  (*pool)->Free(taken.back().handle);
  CHECK((*pool)->in_use() == 62);
  CHECK((*pool)->Allocate().handle == taken.back().handle);
  for (const auto& buffer : taken) (*pool)->Free(buffer.handle);
  CHECK((*pool)->in_use() == 0);
}

TEST_CASE("a buffer has the room that the packet path relies on") {
  auto pool = DpdkBufferPool::Create("pool_room", 63, 9018);
  REQUIRE(pool.ok());
  const BufferPool::Buffer buffer = (*pool)->Allocate();
  REQUIRE(buffer.handle != nullptr);
  CHECK(buffer.capacity == 9018);
  // Every byte of it can be written, and those of the headroom; a sanitizer build would tell.
  std::fill(buffer.data - kMinHeadroom, buffer.data + buffer.capacity, uint8_t{0xa5});
  (*pool)->Free(buffer.handle);
}

TEST_CASE("a thread that is no lcore allocates and frees") {
  auto pool = DpdkBufferPool::Create("pool_thread", 4095);
  REQUIRE(pool.ok());
  bool allocated = false;
  std::thread([&] {
    const BufferPool::Buffer buffer = (*pool)->Allocate();
    allocated = buffer.handle != nullptr;
    (*pool)->Free(buffer.handle);
  }).join();
  CHECK(allocated);
  CHECK((*pool)->in_use() == 0);
}

TEST_CASE("a pool that does not fit into memory is refused") {
  const auto pool = DpdkBufferPool::Create("pool_huge", 1 << 20);
  REQUIRE_FALSE(pool.ok());
  CHECK(pool.status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(std::string(pool.status().message()).find("1048576") != std::string::npos);
}

TEST_CASE("buffers shorter than a frame are refused") {
  CHECK(DpdkBufferPool::Create("pool_short", 63, 1000).status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace baton::dataplane
