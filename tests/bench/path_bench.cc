// Cycles per packet of the whole receive-to-send path without a NIC, and per connection set-up. One JSON object a line.
//
//   path_bench [ipv4|ipv6] [METHOD ...] [ROWS ...]      default: both, all, 1 10000 1000000 4000000
//
// Every repetition measures, one after the other: a forwarder that only swaps MAC addresses, rte_hash's bulk look-up on
// the same number of keys, the path, and set-ups. The lower quartile of the repetitions is the figure. Cycles are those
// of the time-stamp counter. All read the same source, whose making of the frame is in every figure.
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <rte_cycles.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "dataplane/dpdk/eal.h"
#include "tests/bench/bench_box.h"

namespace baton::bench {
namespace {

// Many short repetitions: on a shared machine a long one is always interrupted.
constexpr int kRepetitions = 101;
constexpr uint64_t kPackets = 4096;
constexpr uint32_t kSetups = 512;

struct Figure {
  std::vector<double> values;
  double At(double quantile) {
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>(quantile * static_cast<double>(values.size() - 1))];
  }
};

double SwapMacs(MemoryIo& io, Stream& stream) {
  io.SetStream(&stream, 0);
  dataplane::Burst burst;
  dataplane::Packet* out[dataplane::kBurst];
  const uint64_t begin = rte_rdtsc_precise();
  for (uint64_t i = 0; i < kPackets; i += dataplane::kBurst) {
    burst.count = io.Receive(0, burst.packets, dataplane::kBurst);
    for (int k = 0; k < burst.count; ++k) {
      dataplane::Packet& p = burst.packets[k];
      uint8_t mac[6];
      std::memcpy(mac, p.data, 6);
      std::memcpy(p.data, p.data + 6, 6);
      std::memcpy(p.data + 6, mac, 6);
      out[k] = &p;
    }
    io.Send(1, out, burst.count);
  }
  return static_cast<double>(rte_rdtsc_precise() - begin) / kPackets;
}

// rte_hash alone: as many keys of 16 bytes, looked up 32 at a time in random order, hashes not computed before.
class HashAlone {
 public:
  explicit HashAlone(uint32_t rows) : keys_(std::max(rows, 8u)) {
    rte_hash_parameters parameters = {};
    parameters.name = "hash_alone";
    parameters.entries = 2 * static_cast<uint32_t>(keys_.size());
    parameters.key_len = 16;
    parameters.hash_func = rte_hash_crc;
    parameters.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE;
    hash_ = rte_hash_create(&parameters);
    if (hash_ == nullptr) std::abort();
    for (uint32_t i = 0; i < keys_.size(); ++i) {
      keys_[i] = {i * 0x9e3779b97f4a7c15, i};
      rte_hash_add_key_data(hash_, &keys_[i], &keys_[i]);
    }
  }
  ~HashAlone() { rte_hash_free(hash_); }
  double Run(const std::vector<uint32_t>& order, uint32_t rows) {
    at_ = (at_ + kPackets) % order.size();
    const uint64_t begin = rte_rdtsc_precise();
    for (uint64_t i = at_; i < at_ + kPackets; i += 32) {
      Key burst[32];
      const void* keys[32];
      void* data[32];
      uint64_t hits = 0;
      for (uint64_t k = 0; k < 32; ++k) {
        const uint32_t row = order[(i + k) % order.size()] % rows;
        burst[k] = {row * 0x9e3779b97f4a7c15, row};
        keys[k] = &burst[k];
      }
      rte_hash_lookup_bulk_data(hash_, keys, 32, &hits, data);
      if (hits != 0xffffffff) std::abort();
    }
    return static_cast<double>(rte_rdtsc_precise() - begin) / kPackets;
  }

 private:
  struct Key {
    uint64_t a, b;
  };
  std::vector<Key> keys_;
  rte_hash* hash_ = nullptr;
  size_t at_ = 0;
};

void Fail(const absl::Status& status) {
  std::fprintf(stderr, "path_bench: %s\n", status.ToString().c_str());
  std::exit(1);
}

constexpr std::pair<const char*, ForwardMethod> kMethods[] = {
    {"destination", ForwardMethod::kDestination},
    {"full", ForwardMethod::kFull},
    {"direct", ForwardMethod::kDirect},
    {"tunnel", ForwardMethod::kTunnel},
};

std::optional<ForwardMethod> MethodNamed(const std::string& name) {
  for (const auto& [known, method] : kMethods) {
    if (name == known) return method;
  }
  return std::nullopt;
}

std::string NameOf(const Case& c) {
  for (const auto& [name, method] : kMethods) {
    if (method == c.method) {
      return method == ForwardMethod::kTunnel ? absl::StrCat(name, c.vxlan ? " vxlan" : " ip") : name;
    }
  }
  return "?";
}

void Print(const Case& c, BenchBox& box, Figure& path, Figure& setup, Figure& swap, Figure& hash, double spread) {
  const auto& access = box.worker().access();
  std::printf(
      "{\"bench\": \"path\", \"method\": \"%s\", \"family\": \"%s\", \"protocol\": \"%s\", \"rows\": %u, "
      "\"workers\": 1, "
      "\"cycles_per_packet\": %.0f, \"cycles_per_packet_median\": %.0f, \"cycles_per_packet_spread\": %.2f, "
      "\"cycles_per_setup\": %.0f, \"reference_cycles\": %.0f, \"hash_lookup_cycles\": %.0f, \"bytes_per_row\": %.0f, "
      "\"repetitions\": %d, \"tsc_mhz\": %.0f}\n",
      NameOf(c).c_str(), c.ipv4 ? "ipv4" : "ipv6", c.protocol == 6 ? "tcp" : "udp", c.rows, path.At(0.25), path.At(0.5),
      spread, setup.At(0.25), swap.At(0.25), hash.At(0.25), static_cast<double>(access.bytes()) / access.limits().rows,
      kRepetitions, static_cast<double>(rte_get_tsc_hz()) / 1e6);
  std::fflush(stdout);
}

void Measure(const Case& asked) {
  const uint32_t extra = kSetups * kRepetitions;
  Case c = asked;
  // The table has exactly the rows asked for where that leaves most of them for the traffic; the last ones are set up
  // in the course of the measurement.
  const bool within = asked.rows > 4 * extra;
  if (within) c.rows -= extra;
  auto created = BenchBox::Create(c, extra);
  if (!created.ok()) Fail(created.status());
  BenchBox& box = **created;
  std::mt19937 random(7);
  std::vector<uint32_t> order(262144);
  for (uint32_t& flow : order) flow = static_cast<uint32_t>(random());
  Stream first = StreamOf(c, true);
  for (uint32_t begin = 0; begin < c.rows; begin += 65536) {  // fill the table: one packet of each flow
    first.flows.clear();
    const uint32_t end = std::min(c.rows, begin + 65536);
    for (uint32_t flow = begin; flow < end; ++flow) AddFlow(c, flow, first);
    box.Run(first, end - begin);
  }
  Stream traffic = StreamOf(c, false);
  for (const uint32_t flow : order) AddFlow(c, flow % c.rows, traffic);
  HashAlone alone(c.rows);
  MemoryIo reference_io;
  Figure path, setup, swap, hash;
  for (int i = 0; i < kRepetitions; ++i) {
    first.flows.clear();
    for (uint32_t k = 0; k < kSetups; ++k) AddFlow(c, c.rows + static_cast<uint32_t>(i) * kSetups + k, first);
    swap.values.push_back(SwapMacs(reference_io, traffic));
    hash.values.push_back(alone.Run(order, c.rows));
    path.values.push_back(static_cast<double>(box.Run(traffic, kPackets)) / kPackets);
    setup.values.push_back(static_cast<double>(box.Run(first, kSetups)) / kSetups);
  }
  if (box.io().freed != 0 || box.worker().access().rows() < c.rows + extra) {
    std::string why;
    for (size_t r = 0; r < kDropReasons; ++r) {
      const uint64_t count = box.worker().counters().drops[r].Get();
      if (count != 0) absl::StrAppend(&why, " ", DropReasonName(static_cast<DropReason>(r)), " ", count);
    }
    Fail(absl::InternalError(absl::StrCat("packets were dropped:", why, "; rows ", box.worker().access().rows())));
  }
  c.rows = asked.rows;
  Print(c, box, path, setup, swap, hash, path.At(0.75) / path.At(0.25));
}

// The main lcore stays on the CPU that we were started on.
std::vector<std::string> EalOptions() {
  std::vector<std::string> options = {"--no-pci", "--file-prefix=baton-bench",
                                      absl::StrCat("--lcores=0@", sched_getcpu())};
  const char* memory = std::getenv("BATON_BENCH_EAL");
  if (memory != nullptr && std::string(memory) == "no-huge") {
    options.insert(options.end(), {"--no-huge", "--no-shconf", "-m", "6144"});
  }
  return options;
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
  using namespace baton;
  std::vector<uint32_t> sizes;
  std::vector<bool> families;
  std::vector<ForwardMethod> methods;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "ipv4" || argument == "ipv6") {
      families.push_back(argument == "ipv4");
    } else if (const std::optional<ForwardMethod> method = bench::MethodNamed(argument)) {
      methods.push_back(*method);
    } else {
      sizes.push_back(static_cast<uint32_t>(std::strtoul(argv[i], nullptr, 10)));
    }
  }
  if (families.empty()) families = {true, false};
  if (methods.empty()) {
    for (const auto& named : bench::kMethods) methods.push_back(named.second);
  }
  if (sizes.empty()) sizes = {1, 10'000, 1'000'000, 4'000'000};
  const absl::Status eal = dataplane::StartEal(bench::EalOptions(), [](absl::string_view) {});
  if (!eal.ok()) bench::Fail(eal);
  for (const uint32_t rows : sizes) {
    for (const bool ipv4 : families) {
      for (const ForwardMethod method : methods) {
        for (const uint8_t protocol : {uint8_t{17}, uint8_t{6}}) {
          bench::Measure({method, ipv4, protocol, rows});
          if (method == ForwardMethod::kTunnel) bench::Measure({method, ipv4, protocol, rows, true});
        }
      }
    }
  }
  return 0;
}
