#include "tests/bench/bench_box.h"

#include <atomic>

#include <rte_cycles.h>

namespace baton::bench {

constexpr int kInternals = 8;

Service BenchBox::MakeService() const {
  Service service;
  service.name = "bench";
  service.listen = {ExternalOf(case_.ipv4), kServicePort, case_.protocol};
  service.method = case_.method;
  service.tunnel.type = case_.vxlan ? Tunnel::Type::kVxlan : Tunnel::Type::kIp;
  service.tunnel.source = InternalOf(0, case_.ipv4);
  service.schedule = Schedule::kRoundRobin;
  service.slot = 0;
  service.address_slot = 0;
  for (int i = 0; i < kBackends; ++i) {
    service.backends.push_back(
        {absl::StrCat("b", i), BackendOf(i, case_.ipv4), kServicePort, 1, 0, static_cast<Slot>(i)});
  }
  for (int i = 0; i < kInternals; ++i) {
    service.internals.push_back({InternalOf(i, case_.ipv4), static_cast<Slot>(1 + i)});
  }
  return service;
}

absl::StatusOr<std::unique_ptr<BenchBox>> BenchBox::Create(const Case& c, uint32_t extra_rows,
                                                             const dataplane::WorkerShare& share,
                                                             dataplane::SteeringRings* rings, int buffers) {
  static std::atomic<int> boxes = 0;
  std::unique_ptr<BenchBox> box(new BenchBox(c, buffers));
  const std::vector<PortInfo> ports = {{"wan", BoxMac(), 1500, 0, {}}, {"lan", BoxMac(), 1500, 0, {}}};
  const uint32_t rows = c.rows + extra_rows;
  const dataplane::WorkerConfig config{
      .name = absl::StrCat("bench", boxes++),
      .share = share,
      .ports = ports,
      .access = {.rows = rows, .rows_ipv6 = c.ipv4 ? 0 : rows},
      .seed = {},
      .hold = {.packets = 1024, .packets_per_address = 1024, .bytes_per_address = 1 << 20, .time_limit = 1000},
      .fragments = {.datagrams = 1024, .waiting = 1024, .time_limit = 1000},
      .port_pools = kBackends * kInternals,
      .neighbors = 1024,
      .neighbor_queue = 64,
      .errors_per_second = 1000,
      .control_packets_per_second = 1000,
      .service_slots = 16,
      .backend_slots = 64,
      .address_slots = 16,
  };
  ASSIGN_OR_RETURN(box->worker_, dataplane::Worker::Create(config, box->io_, box->mail_, nullptr, rings));
  const IpAddress gateway = c.ipv4 ? IpAddress::V4(0xc0000201) : ClientOf(0xffffff, false);
  ASSIGN_OR_RETURN(box->routes_, RouteTable::Build({
                                     {Prefix::Of(ClientOf(0, c.ipv4), 0), gateway, kWan},
                                     {Prefix::Of(BackendOf(0, c.ipv4), c.ipv4 ? 24 : 64), IpAddress{}, kLan},
                                 }));
  std::vector<Service> services;
  services.push_back(box->MakeService());
  Timeouts timeouts;
  timeouts.ms.fill(1'000'000'000);
  box->services_ = std::make_unique<ServiceTable>(std::move(services), timeouts);
  std::vector<LocalAddress> addresses{{ExternalOf(c.ipv4), AddressKind::kExternal, AddressMode::kNormal, true, 0}};
  for (int i = 0; i < kInternals; ++i) {
    addresses.push_back({InternalOf(i, c.ipv4), AddressKind::kInternal, AddressMode::kNormal, true, 0});
  }
  box->addresses_ = std::make_unique<AddressTable>(std::move(addresses));
  auto& updates = box->mail_.updates;
  updates.push_back(UseRoutes{box->routes_.get()});
  updates.push_back(UseServices{box->services_.get()});
  updates.push_back(UseAddresses{box->addresses_.get()});
  updates.push_back(Commit{1});
  const MacAddress mac{{0x02, 0, 0, 0, 0, 9}};
  updates.push_back(SetNeighbor{gateway, mac, kWan, SetNeighbor::State::kReachable});
  for (int i = 0; i < kBackends; ++i) {
    updates.push_back(SetNeighbor{BackendOf(i, c.ipv4), mac, kLan, SetNeighbor::State::kReachable});
  }
  while (!updates.empty()) box->worker_->PollOnce(box->now_);
  return box;
}

uint64_t BenchBox::Run(Stream& stream, uint64_t packets) {
  io_.SetStream(&stream, kWan);
  const uint64_t begin = rte_rdtsc_precise();
  for (uint64_t i = 0; i < packets; i += dataplane::kBurst) {
    now_ += std::chrono::microseconds(3);
    worker_->PollOnce(now_);
  }
  return rte_rdtsc_precise() - begin;
}

int BenchBox::Poll() {
  now_ += std::chrono::microseconds(3);
  return worker_->PollOnce(now_);
}

}  // namespace baton::bench
