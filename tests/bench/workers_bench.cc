// Two workers beside one: packets per second of both together, and what software steering costs a packet. In memory,
// each worker on a CPU and a thread of its own. One JSON object a line.
//
//   workers_bench [ROWS]      default: 10000
//
// Every repetition measures one worker with all flows; two workers to which the port gives only the flows that each
// owns, as a card that spreads by the same arithmetic would; and two workers that receive all flows alike, so that
// half of the packets are steered. `steering_cycles` is the difference per packet with one thread that runs both
// workers in turn, what steering costs the program; `steering_cycles_between_cpus` with two, where ring and frame also
// go from CPU to CPU. The lower quartile of the repetitions is the figure.
#include <pthread.h>
#include <sched.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <random>
#include <thread>

#include <rte_cycles.h>

#include "common/headers.h"
#include "dataplane/dpdk/eal.h"
#include "dataplane/dpdk/steering.h"
#include "dataplane/steer.h"
#include "tests/bench/bench_box.h"

namespace baton::bench {
namespace {

constexpr int kRepetitions = 201;
constexpr uint64_t kPackets = 8192;       // of each worker and repetition: short, for a shared machine
constexpr int kBuffers = 4096;            // of each worker
constexpr uint64_t kMostSteered =
    1024;  // on their way to the other worker: the card would wait, and buffers are not used anew
constexpr uint32_t kSeed = 7;

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "workers_bench: %s\n", why.c_str());
  std::exit(1);
}

double Quartile(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 4];
}

// `workers` boxes that steer between each other; with one, none of it.
class Fleet {
 public:
  Fleet(const Case& c, uint16_t workers, bool owned) : case_(c), workers_(workers), owned_(owned) {
    static int fleets = 0;
    if (workers > 1) {
      auto steering = dataplane::DpdkSteering::Create(absl::StrCat("bench", fleets++), workers);
      if (!steering.ok()) Fail(std::string(steering.status().message()));
      steering_ = *std::move(steering);
    }
    boxes_.resize(workers);
    streams_.resize(workers, StreamOf(c, false));
    InParallel([&](uint16_t i) {
      auto box = BenchBox::Create(c, 0, {i, workers}, steering_ ? &steering_->of(i) : nullptr, kBuffers);
      if (!box.ok()) Fail(std::string(box.status().message()));
      boxes_[i] = *std::move(box);
    });
    std::vector<const WorkerCounters*> counters;
    for (const auto& box : boxes_) counters.push_back(&box->worker().counters());
    for (const auto& box : boxes_) box->worker().SetPeers(counters);
    OpenAll();
    FillStreams(owned);
  }

  // Every worker receives kPackets, when it has done so with some and all are at it; cycles until all of them are
  // sent, on average over the workers where each has its own, and of the last one where they steer.
  double Run() {
    std::atomic<int> ready{0}, warm{workers_}, receiving{workers_};
    std::vector<uint64_t> took(workers_);
    InParallel([&](uint16_t i) {
      Work(i, kPackets / 4, warm);
      ready.fetch_add(1);
      while (ready.load() < workers_) {}
      const uint64_t begin = rte_rdtsc_precise();
      Work(i, kPackets, receiving);
      took[i] = rte_rdtsc_precise() - begin;
    });
    const uint64_t sum = std::accumulate(took.begin(), took.end(), uint64_t{0});
    if (owned_) return static_cast<double>(sum) / workers_;
    return static_cast<double>(*std::max_element(took.begin(), took.end()));
  }

  // The same with one thread for all workers, in turn: no cache line goes from one CPU to another, nobody waits for
  // anybody.
  double RunInTurn() {
    const uint64_t begin = rte_rdtsc_precise();
    for (uint64_t packets = 0; packets < kPackets; packets += dataplane::kBurst) {
      for (size_t i = 0; i < workers_; ++i) {
        boxes_[i]->io().SetStream(&streams_[i], BenchBox::kWan);
        boxes_[i]->Poll();
      }
    }
    const uint64_t took = rte_rdtsc_precise() - begin;
    for (const auto& box : boxes_) {  // the last burst of the last worker
      box->io().SetStream(nullptr, BenchBox::kWan);
      while (box->Poll() > 0) {}
    }
    return static_cast<double>(took) / workers_;
  }

  double SteeredShare() const {
    uint64_t received = 0, steered = 0;
    for (const auto& box : boxes_) {
      received += box->worker().counters().received.Get();
      steered += box->worker().counters().steered_in.Get();
    }
    return static_cast<double>(steered) / static_cast<double>(received);
  }

  void CheckNothingWasDropped() const {
    for (const auto& box : boxes_) {
      if (box->worker().counters().dropped() != 0) Fail("packets were dropped");
    }
  }

 private:
  uint16_t OwnerOf(uint32_t flow) const {
    const AddressTable addresses({{ExternalOf(case_.ipv4), AddressKind::kExternal}});
    const auto wire = [](uint16_t port) { return __builtin_bswap16(port); };
    const auto key = dataplane::FlowKey::Of(ClientOf(flow, case_.ipv4), wire(ClientPortOf(flow)),
                                            ExternalOf(case_.ipv4), wire(kServicePort), case_.protocol);
    return dataplane::Steering({0, workers_}, {}).OwnerOf(addresses, key, case_.ipv4);
  }

  // One packet of each flow.
  void OpenAll() {
    std::vector<Stream> first(workers_, StreamOf(case_, true));
    for (uint32_t flow = 0; flow < case_.rows; ++flow) {
      AddFlow(case_, flow, first[workers_ == 1 ? 0 : OwnerOf(flow)]);
    }
    for (size_t i = 0; i < workers_; ++i) {
      const size_t flows = first[i].flows.size();
      boxes_[i]->Run(first[i], flows + dataplane::kBurst);  // bursts are whole: the first flows come twice
      if (boxes_[i]->worker().access().rows() != flows) Fail("a row is missing");
    }
  }

  void FillStreams(bool owned) {
    std::vector<uint16_t> owners(case_.rows);
    for (uint32_t flow = 0; flow < case_.rows; ++flow) owners[flow] = workers_ == 1 ? uint16_t{0} : OwnerOf(flow);
    std::mt19937 random(kSeed);
    size_t missing = workers_;
    while (missing > 0) {
      const uint32_t flow = static_cast<uint32_t>(random()) % case_.rows;
      for (size_t i = 0; i < workers_; ++i) {
        if ((owned && owners[flow] != i) || streams_[i].flows.size() == 2 * kPackets) continue;
        AddFlow(case_, flow, streams_[i]);
        if (streams_[i].flows.size() == 2 * kPackets) --missing;
      }
    }
  }

  void Work(uint16_t i, uint64_t packets, std::atomic<int>& receiving) {
    BenchBox& box = *boxes_[i];
    const WorkerCounters& own = box.worker().counters();
    const WorkerCounters* other = workers_ == 1 ? nullptr : &boxes_[1 - i]->worker().counters();
    const uint64_t until = own.received.Get() + packets;
    uint64_t taken = other == nullptr ? 0 : other->steered_in.Get();
    bool done = false;
    while (true) {
      // What the other one writes all the time is not read all the time.
      const auto room_left = [&] { return own.steered_out.Get() - taken < kMostSteered; };
      if (other != nullptr && !room_left()) taken = other->steered_in.Get();
      const bool room = other == nullptr || room_left();
      box.io().SetStream(!done && room ? &streams_[i] : nullptr, BenchBox::kWan);
      const bool all_receive = receiving.load(std::memory_order_acquire) > 0;
      const int work = box.Poll();
      if (!done && own.received.Get() >= until) {
        done = true;
        receiving.fetch_sub(1, std::memory_order_release);
      } else if (done && !all_receive && work == 0) {
        return;
      }
    }
  }

  // On CPUs of their own, the last ones. A thread is born where its maker is: with real-time priority it could not get
  // away from a CPU on which another one already spins.
  void InParallel(const std::function<void(uint16_t)>& body) {
    std::vector<std::thread> threads;
    for (uint16_t i = 0; i < workers_; ++i) {
      cpu_set_t cpu;
      CPU_ZERO(&cpu);
      CPU_SET(static_cast<size_t>(get_nprocs() - 1 - i), &cpu);
      if (pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu) != 0) Fail("wants two CPUs");
      threads.emplace_back([&body, i] { body(i); });
    }
    for (std::thread& thread : threads) thread.join();
  }

  Case case_;
  uint16_t workers_;
  bool owned_;
  std::unique_ptr<dataplane::DpdkSteering> steering_;
  std::vector<std::unique_ptr<BenchBox>> boxes_;
  std::vector<Stream> streams_;
};

void Measure(const Case& c) {
  Fleet one(c, 1, true), two(c, 2, true), steered(c, 2, false);
  std::vector<double> of_one, of_two, of_steered, two_in_turn, steered_in_turn;
  for (int i = 0; i < kRepetitions; ++i) {
    of_one.push_back(one.Run() / kPackets);          // cycles of a worker per packet: each handles kPackets
    of_two.push_back(two.Run() / kPackets);
    of_steered.push_back(steered.Run() / kPackets);
    two_in_turn.push_back(two.RunInTurn() / kPackets);
    steered_in_turn.push_back(steered.RunInTurn() / kPackets);
  }
  for (const Fleet* fleet : {&one, &two, &steered}) fleet->CheckNothingWasDropped();
  const double single = Quartile(of_one), both = Quartile(of_two), with_steering = Quartile(of_steered);
  const double share = steered.SteeredShare();
  std::printf(
      "{\"bench\": \"path\", \"method\": \"%s\", \"family\": \"%s\", \"protocol\": \"%s\", \"rows\": %u, "
      "\"workers\": 2, "
      "\"cycles_per_packet\": %.0f, \"cycles_per_packet_in_turn\": %.0f, \"cycles_per_packet_one_worker\": %.0f, "
      "\"times_one_worker\": %.2f, "
      "\"cycles_per_packet_steered\": %.0f, \"steered_share\": %.2f, \"steering_cycles\": %.0f, "
      "\"steering_cycles_between_cpus\": %.0f, \"repetitions\": %d, \"tsc_mhz\": %.0f}\n",
      c.method == ForwardMethod::kFull ? "full" : "destination", c.ipv4 ? "ipv4" : "ipv6",
      c.protocol == kTcp ? "tcp" : "udp", c.rows, both, Quartile(two_in_turn), single, 2 * single / both, with_steering,
      share, Quartile(steered_in_turn) - Quartile(two_in_turn), with_steering - both, kRepetitions,
      static_cast<double>(rte_get_tsc_hz()) / 1e6);
  std::fflush(stdout);
}

std::vector<std::string> EalOptions() {
  std::vector<std::string> options = {"--no-pci", "--file-prefix=baton-bench",
                                      absl::StrCat("--lcores=0@", sched_getcpu())};
  const char* memory = std::getenv("BATON_BENCH_EAL");
  if (memory != nullptr && std::string(memory) == "no-huge") {
    options.insert(options.end(), {"--no-huge", "--no-shconf", "-m", "1024"});
  }
  return options;
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
  using namespace baton;
  const uint32_t rows = argc > 1 ? static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)) : 10'000;
  const absl::Status eal = dataplane::StartEal(bench::EalOptions(), [](absl::string_view) {});
  if (!eal.ok()) bench::Fail(std::string(eal.message()));
  for (const bool ipv4 : {true, false}) {
    for (const ForwardMethod method : {ForwardMethod::kDestination, ForwardMethod::kFull}) {
      bench::Measure({method, ipv4, kUdp, rows});
    }
  }
  return 0;
}
