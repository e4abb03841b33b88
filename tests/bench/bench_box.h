// A worker with everything it needs, in memory: one service with 32 backends, neighbours known, packets from MemoryIo.
#pragma once

#include <deque>
#include <memory>

#include "common/status.h"
#include "dataplane/route_table.h"
#include "dataplane/worker.h"
#include "tests/bench/flows.h"
#include "tests/bench/memory_io.h"

namespace baton::bench {

class BenchBox {
 public:
  // Room for `extra_rows` more than the case has. `rings`: with other workers.
  static absl::StatusOr<std::unique_ptr<BenchBox>> Create(const Case& c, uint32_t extra_rows,
                                                          const dataplane::WorkerShare& share = {},
                                                          dataplane::SteeringRings* rings = nullptr,
                                                          int buffers = MemoryIo::kBuffers);

  // Lets the frames of `stream` come in, `packets` of them; returns the cycles of the time-stamp counter that it took.
  uint64_t Run(Stream& stream, uint64_t packets);
  // One poll, of the stream that io() has.
  int Poll();
  dataplane::Worker& worker() { return *worker_; }
  MemoryIo& io() { return io_; }
  static constexpr PortId kWan = 0, kLan = 1;

 private:
  struct Mail final : dataplane::Mailbox {
    bool Take(Update* update) override {
      if (updates.empty()) return false;
      *update = updates.front();
      updates.pop_front();
      return true;
    }
    bool Post(const Event&) override { return true; }
    std::deque<Update> updates;
  };

  BenchBox(const Case& c, int buffers) : case_(c), io_(buffers) {}
  Service MakeService() const;

  Case case_;
  MemoryIo io_;
  Mail mail_;
  std::unique_ptr<const RouteTable> routes_;
  std::unique_ptr<ServiceTable> services_;
  std::unique_ptr<AddressTable> addresses_;
  std::unique_ptr<dataplane::Worker> worker_;
  TimePoint now_ = TimePoint(std::chrono::seconds(1000));
};

}  // namespace baton::bench
