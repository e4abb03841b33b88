// Cycles per packet of the load-sharing stage, by number of conditions: what Judge adds to a burst whose packets are
// there, beside rte_hash's bulk look-up of the same number of addresses. One JSON object a line.
//
//   condition_bench [CONDITIONS ...]      default: 100 100000 1000000
//
// Every repetition measures bursts without the stage, with it, and rte_hash, one after the other; the lower quartile of
// the repetitions is the figure. All make the packets' keys in the same way.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include <absl/strings/str_cat.h>
#include <rte_cycles.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "dataplane/conditions.h"
#include "dataplane/dpdk/eal.h"

namespace baton::bench {
namespace {

constexpr int kRepetitions = 101;
constexpr uint32_t kPackets = 8192;

class Bench {
 public:
  explicit Bench(uint32_t conditions)
      : conditions_(conditions), stage_(conditions, 0, {0x123456789, 0x987654321abcdef}, counters_),
        addresses_({}, {{0, Family::kIpv4, 7, true}}) {
    tables_.addresses = &addresses_;
    stage_.Share({0, true, Verdict::kBlock});
    ConditionBatch batch;
    for (uint32_t i = 0; i < conditions; ++i) {
      batch.changes[static_cast<size_t>(batch.count++)] = {IpAddress::V4(0x0a000000 + i), ConditionWish::kPass};
      if (batch.count < ConditionBatch::kCapacity && i + 1 < conditions) continue;
      stage_.Change(batch);
      if (batch.refused != 0) std::abort();
      batch.count = 0;
    }
    rte_hash_parameters parameters = {};
    parameters.name = "bench_conditions";
    parameters.entries = std::max(8U, 2 * conditions);
    parameters.key_len = 4;
    parameters.hash_func = rte_hash_crc;
    hash_ = rte_hash_create(&parameters);
    if (hash_ == nullptr) std::abort();
    std::mt19937 random(7);
    for (uint32_t i = 0; i < conditions; ++i) {
      const uint32_t wire = __builtin_bswap32(0x0a000000 + i);
      rte_hash_add_key(hash_, &wire);
    }
    counts_.resize(2 * conditions + 8);
    for (uint32_t& source : order_) source = __builtin_bswap32(0x0a000000 + random() % conditions);
    for (int i = 0; i < dataplane::kBurst; ++i) {
      uint8_t* frame = frames_ + i * 64;
      const uint8_t mac[] = {0, 0, 0x5e, 0, 1, 7};
      std::copy(mac, mac + 6, frame);
      burst_.packets[i].Start(frame, frame, 64, 0);
      burst_.packets[i].l3 = 14;
      burst_.packets[i].ipv4 = true;
    }
    burst_.count = dataplane::kBurst;
  }
  ~Bench() { rte_hash_free(hash_); }

  // Cycles per packet. `stage`: with the stage.
  double Run(bool stage) {
    const uint64_t begin = rte_rdtsc_precise();
    for (uint32_t i = 0; i < kPackets; i += dataplane::kBurst) {
      Fill();
      if (stage) stage_.Judge(tables_, burst_, now_);
      asm volatile("" ::: "memory");
    }
    return static_cast<double>(rte_rdtsc_precise() - begin) / kPackets;
  }

  // The same counting, found by rte_hash.
  double RunHash() {
    const uint64_t begin = rte_rdtsc_precise();
    for (uint32_t i = 0; i < kPackets; i += dataplane::kBurst) {
      Fill();
      const void* keys[dataplane::kBurst];
      int32_t places[dataplane::kBurst];
      for (int k = 0; k < dataplane::kBurst; ++k) keys[k] = &burst_.packets[k].key.v4.src;
      rte_hash_lookup_bulk(hash_, keys, dataplane::kBurst, places);
      for (int k = 0; k < dataplane::kBurst; ++k) __builtin_prefetch(&counts_[static_cast<size_t>(places[k])]);
      for (int k = 0; k < dataplane::kBurst; ++k) {
        if (places[k] < 0) std::abort();
        ++counts_[static_cast<size_t>(places[k])].packets;
        counts_[static_cast<size_t>(places[k])].bytes += burst_.packets[k].length;
      }
    }
    return static_cast<double>(rte_rdtsc_precise() - begin) / kPackets;
  }

  void Check() const {
    for (const dataplane::Packet& p : burst_) {
      if (!p.alive()) std::abort();
    }
  }

 private:
  void Fill() {
    for (dataplane::Packet& p : burst_) {
      p.key.v4.src = order_[at_];
      at_ = (at_ + 1) % order_.size();
    }
  }

  struct Count {
    uint64_t packets = 0, bytes = 0;
  };
  uint32_t conditions_;
  WorkerCounters counters_{0};
  dataplane::Conditions stage_;
  AddressTable addresses_;
  dataplane::Tables tables_;
  rte_hash* hash_ = nullptr;
  std::vector<Count> counts_;
  std::vector<uint32_t> order_ = std::vector<uint32_t>(262144);
  size_t at_ = 0;
  alignas(64) uint8_t frames_[dataplane::kBurst * 64] = {};
  dataplane::Burst burst_;
  TimePoint now_{};
};

double Quartile(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 4];
}

void Measure(uint32_t conditions) {
  auto bench = std::make_unique<Bench>(conditions);
  std::vector<double> without, with, hash;
  for (int i = 0; i < kRepetitions; ++i) {
    without.push_back(bench->Run(false));
    with.push_back(bench->Run(true));
    hash.push_back(bench->RunHash());
  }
  bench->Check();
  const double base = Quartile(without);
  std::printf("{\"bench\": \"conditions\", \"conditions\": %u, \"added_cycles_per_packet\": %.1f, "
              "\"rte_hash_cycles_per_packet\": %.1f, \"reference_cycles\": %.1f, \"repetitions\": %d}\n",
              conditions, Quartile(with) - base, Quartile(hash) - base, base, kRepetitions);
  std::fflush(stdout);
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
  std::vector<uint32_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(static_cast<uint32_t>(std::strtoul(argv[i], nullptr, 10)));
  if (sizes.empty()) sizes = {100, 100'000, 1'000'000};
  const absl::Status eal = baton::dataplane::StartEal(
      {"--no-pci", "--no-huge", "--no-shconf", "-m", "512", "--file-prefix=baton-conditions"},
      [](absl::string_view) {});
  if (!eal.ok()) return 1;
  for (const uint32_t size : sizes) baton::bench::Measure(size);
  return 0;
}
