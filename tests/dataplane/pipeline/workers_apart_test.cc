// Two workers share no cache line that one of them writes: all memory that a worker takes while it is made, on its own
// thread as batond does, against all that another one takes. An executable of its own, because it replaces operator
// new.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dataplane/dpdk/steering.h"
#include "dataplane/worker.h"
#include "tests/dataplane/pipeline/small_box.h"
#include "tests/scenarios/memory_ports.h"

namespace {

struct Block {
  uintptr_t begin, end;
};

thread_local std::vector<Block>* recorded = nullptr;  // what this thread allocates; nullptr: is not recorded

void* Allocate(size_t size, size_t alignment) {
  void* block = std::aligned_alloc(alignment, (std::max<size_t>(size, 1) + alignment - 1) / alignment * alignment);
  if (block == nullptr) throw std::bad_alloc();
  if (std::vector<Block>* list = std::exchange(recorded, nullptr)) {  // the list allocates, too
    const auto begin = reinterpret_cast<uintptr_t>(block);
    list->push_back({begin, begin + malloc_usable_size(block)});
    recorded = list;
  }
  return block;
}

}  // namespace

void* operator new(size_t size) { return Allocate(size, alignof(std::max_align_t)); }
void* operator new[](size_t size) { return Allocate(size, alignof(std::max_align_t)); }
void* operator new(size_t size, std::align_val_t alignment) { return Allocate(size, static_cast<size_t>(alignment)); }
void* operator new[](size_t size, std::align_val_t alignment) { return Allocate(size, static_cast<size_t>(alignment)); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }
void operator delete[](void* block, size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, size_t, std::align_val_t) noexcept { std::free(block); }

namespace baton::dataplane {
namespace {

constexpr uintptr_t kLine = 64;

std::set<uintptr_t> LinesOf(const std::vector<Block>& blocks) {
  std::set<uintptr_t> lines;
  for (const Block& block : blocks) {
    for (uintptr_t line = block.begin / kLine; line <= (block.end - 1) / kLine; ++line) lines.insert(line);
  }
  return lines;
}

// How many lines two workers have in common.
size_t CommonLines(bool own_threads) {
  constexpr size_t kWorkers = 2;
  const auto steering = DpdkSteering::Create(own_threads ? "apart" : "together", kWorkers).value();
  scenarios::MemoryPorts ports;
  SlowMailbox mailboxes[kWorkers];
  std::vector<Block> blocks[kWorkers];
  std::unique_ptr<Worker> workers[kWorkers];
  for (auto& list : blocks) list.reserve(4096);
  const auto make = [&](size_t i) {
    WorkerConfig config = SmallWorker(absl::StrCat(own_threads ? "a" : "b", i));
    config.share = {static_cast<uint16_t>(i), kWorkers};
    recorded = &blocks[i];
    workers[i] = Worker::Create(config, ports, mailboxes[i], nullptr, &steering->of(i)).value();
    recorded = nullptr;
  };
  // One after the other, but all threads live on, as those of lcores do: the memory of one that ended is for the next
  // one.
  std::atomic<size_t> made{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kWorkers; ++i) {
    if (own_threads) {
      threads.emplace_back([&made, &make, i] {
        while (made.load() != i) std::this_thread::yield();
        make(i);
        made.fetch_add(1);
        while (made.load() != kWorkers) std::this_thread::yield();
      });
    } else {
      make(i);
    }
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(blocks[0].size() > 10);
  REQUIRE(blocks[1].size() == blocks[0].size());
  const std::set<uintptr_t> first = LinesOf(blocks[0]), second = LinesOf(blocks[1]);
  return static_cast<size_t>(
      std::count_if(first.begin(), first.end(), [&](uintptr_t line) { return second.count(line) != 0; }));
}

}  // namespace

TEST_CASE("what workers write begins and ends with a cache line") {
  STATIC_REQUIRE(alignof(Worker) % kLine == 0);
  STATIC_REQUIRE(alignof(WorkerSteering) % kLine == 0);
  STATIC_REQUIRE(alignof(BackendCounters) % kLine == 0);
  STATIC_REQUIRE(alignof(ServiceCounters) % kLine == 0);
  // What others read of a backend to schedule is not on the line that every packet writes.
  BackendCounters counters;
  const auto line = [](const Counter& c) { return reinterpret_cast<uintptr_t>(&c) / kLine; };
  CHECK(line(counters.rows) == line(counters.open));
  CHECK(line(counters.rows) != line(counters.packets_to));
  CHECK(line(counters.rows) != line(counters.bytes_from));
}

TEST_CASE("workers that are made on their own threads have no cache line in common") { CHECK(CommonLines(true) == 0); }

TEST_CASE("made one after the other on one thread they do: the test can fail") { CHECK(CommonLines(false) > 0); }

}  // namespace baton::dataplane
