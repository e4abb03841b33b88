#include "tests/controlplane/api/fake_box.h"

#include "common/headers.h"

namespace baton::controlplane {

using namespace std::chrono_literals;

FakeBox::FakeBox() {
  view->node = "lb-a";
  view->started = TimePoint(100s);
  view->made = TimePoint(190s);
  view->generation = 7;
  view->buffers_capacity = 4096;
  view->buffers_in_use = 96;
  MakePorts();
  MakeWorkers();
  MakeServices();
  MakeVirtualRouters();
  view->routes = {{Prefix::Parse("0.0.0.0/0").value(), Ip("198.51.100.1"), 0},
                  {Prefix::Parse("10.0.0.0/24").value(), IpAddress(), 1}};
  view->neighbors = {{0, Ip("198.51.100.1"), MacAddress::Parse("02:00:00:00:00:01").value(), "reachable", 1500ms},
                     {1, Ip("2001:db8::9"), MacAddress(), "failed", 0s}};
  view->addresses = {{{Ip("10.0.0.2"), AddressKind::kOwn, AddressMode::kNormal, true, 1}, ""},
                     {{Ip("198.51.100.10"), AddressKind::kExternal, AddressMode::kMigration, false, 0}, "web"},
                     {{Ip("10.0.0.10"), AddressKind::kInternal, AddressMode::kNone, true, 0}, "web"}};
}

void FakeBox::MakePorts() {
  PortView wan;
  wan.info = {"wan", MacAddress::Parse("02:00:00:00:01:01").value(), 1500, 0,
              {InterfaceAddress::Parse("198.51.100.2/24").value()}};
  wan.device = "af_packet:veth-wan";
  wan.link_up = true;
  wan.missed = 3;
  wan.info.kernel = "wan0";
  wan.kernel_refused = 1;
  PortView lan;
  lan.info = {"lan", MacAddress::Parse("02:00:00:00:01:02").value(), 9000, 12,
              {InterfaceAddress::Parse("10.0.0.2/24").value(), InterfaceAddress::Parse("2001:db8::2/64").value()}};
  lan.device = "af_packet:veth-lan";
  lan.transmit_errors = 4;
  view->ports = {wan, lan};
}

void FakeBox::MakeVirtualRouters() {
  VirtualRouterView lan;
  lan.settings.port = 1;
  lan.settings.machine = {.vrid = 7, .priority = 100, .interval = 100ms, .own = Ip("10.0.0.2"),
                          .addresses = {Ip("10.0.0.1"), Ip("10.0.0.9")}};
  lan.status.state = {.role = vrrp::Role::kBackup, .priority = 70, .active = Ip("10.0.0.3"), .active_priority = 200};
  lan.status.since = TimePoint(180s);
  lan.status.counters.sent = 4;
  lan.status.counters.heard = 90;
  lan.status.counters.refused[static_cast<size_t>(vrrp::Refusal::kTtl)] = 2;
  using load_sharing::UnitState;
  lan.sharing = SharingView{.generation = 12,
                            .hand_over = load_sharing::HandOver::kExact,
                            .settled = true,
                            .conditions = 5,
                            .end_systems = 6,
                            .units = {},
                            .sent = 40,
                            .heard = 30,
                            .unsent = 1,
                            .handed_over = 3,
                            .incomplete_reports = 0,
                            .put_off = 4,
                            .reviews_kept = 5,
                            .reviews_changed = 2,
                            .longest_hold = 2500us,
                            .busiest = {{Ip("10.0.0.51"), 8000}},
                            .refused = {{"sender", 2}, {"ttl", 0}}};
  lan.sharing->units = {{Ip("10.0.0.2"), UnitState::kWorking, 3, 0}, {Ip("10.0.0.3"), UnitState::kFault, 2, 7}};
  view->virtual_routers = {lan};
  view->vrrp_strays.unknown_vrid = 3;
}

void FakeBox::MakeWorkers() {
  for (int i = 0; i < 2; ++i) {
    WorkerCounters& c = *counters[i];
    c.received.Set(100);
    c.originated.Set(5);
    c.sent.Set(80);
    c.to_control.Set(4);
    c.to_kernel.Set(3);
    c.from_kernel.Set(3);
    c.ports[0].to_kernel.Set(3);
    c.ports[0].from_kernel.Set(2);
    c.held.Set(6);
    c.waiting.Set(5);
    c.drops[static_cast<size_t>(DropReason::kNoRoute)].Set(9);
    c.drops[static_cast<size_t>(DropReason::kTtlExpired)].Set(1);
    c.rows.Set(20);
    c.conditions.Set(5);
    c.busy_ns.Set(250'000'000);
    c.total_ns.Set(1'000'000'000);
    c.generation.Set(7);
    c.ports[0].received.Set(60);
    c.ports[0].received_bytes.Set(6000);
    c.ports[1].sent.Set(50);
    WorkerView worker;
    worker.index = i;
    worker.lcore = i + 1;
    worker.counters = &c;
    worker.ring_capacity = 1023;
    worker.updates_waiting = 2;
    worker.committed_generation = static_cast<uint64_t>(7 - i);
    worker.rows_capacity = 500;
    worker.rows_capacity_ipv6 = 100;
    worker.hold_capacity = 64;
    view->workers.push_back(worker);
  }
  counters[0]->backends[3].created.Set(11);
  counters[1]->backends[3].created.Set(22);
  counters[1]->backends[4].created.Set(100);
  counters[0]->backends[3].bytes_from.Set(5000);
}

void FakeBox::MakeServices() {
  ServiceView web;
  web.name = "web";
  web.listen = {Ip("198.51.100.10"), 80, kTcp};
  web.schedule = Schedule::kMaglev;
  web.slot = 0;
  web.backends = {{"s1", Ip("10.0.0.11"), 8080, 2, false, 2, 3}, {"s2", Ip("10.0.0.12"), 8080, 1, true, 0, 4}};
  ServiceView dns;
  dns.name = "dns";
  dns.listen = {Ip("2001:db8::53"), 53, kUdp};
  dns.method = ForwardMethod::kFull;
  dns.slot = 1;
  // A slot that no worker counts yet: shown as zeros.
  dns.backends = {{"d1", Ip("2001:db8::11"), 53, 1, false, 1, kNoSlot}};
  view->services = {web, dns};
}

absl::Status FakeBox::SetMode(const IpAddress& address, AddressMode mode) {
  mode_set = {address, mode};
  return refuse_with;
}

absl::Status FakeBox::ChangeBackend(const BackendChange& asked) {
  change = asked;
  return refuse_with;
}

absl::StatusOr<ExplainedPacket> FakeBox::Explain(const FrameToExplain& asked) {
  frame = asked;
  if (!refuse_with.ok()) return refuse_with;
  return explained;
}

absl::StatusOr<std::shared_ptr<CaptureSession>> FakeBox::StartCapture(const CaptureSettings& settings) {
  if (!refuse_with.ok()) return refuse_with;
  capture_settings = settings;
  auto session = std::make_shared<CaptureSession>();
  session->settings = settings;
  session->rings.push_back(std::make_unique<CaptureRing>(settings, 8));
  session->rings[0]->Begin();
  for (const CapturedPacket& packet : captured) {
    CaptureRing& ring = *session->rings[0];
    ring.At(ring.published()) = packet;
    std::fill_n(ring.BytesAt(ring.published()), packet.captured, uint8_t{0});
    ring.Publish(ring.published() + 1);
  }
  capture = session;
  return session;
}

absl::StatusOr<ReloadReport> FakeBox::Reload(bool dry_run) {
  if (!refuse_with.ok()) return refuse_with;
  report.dry_run = dry_run;
  return report;
}

absl::StatusOr<int> FakeBox::ResignRouter(const RouterFilter& asked) {
  resigned = asked;
  if (!refuse_with.ok()) return refuse_with;
  return 1;
}

absl::StatusOr<std::vector<ReviewingUnit>> FakeBox::ReviewRouter(const RouterFilter& asked) {
  reviewed = asked;
  if (!refuse_with.ok()) return refuse_with;
  return std::vector<ReviewingUnit>{{"lan", "ipv4", Ip("10.0.0.3"), false}, {"lan", "ipv6", Ip("2001:db8::2"), true}};
}

absl::StatusOr<MovedConditions> FakeBox::MoveConditions(const ConditionMove& asked) {
  move = asked;
  if (!refuse_with.ok()) return refuse_with;
  return MovedConditions{2, 13};
}

absl::StatusOr<std::vector<SharedCondition>> FakeBox::ListConditions(const SharingFilter& asked) {
  sharing = asked;
  if (!refuse_with.ok()) return refuse_with;
  using load_sharing::Here;
  std::vector<SharedCondition> rows = {
      {"lan", 7, {Ip("10.0.0.51"), Ip("10.0.0.2"), Here::kPasses, 8000, 20, 2000, 12}},
      {"lan", 7, {Ip("10.0.0.52"), Ip("10.0.0.3"), Here::kBlocks, 0, 0, 0, 12}},
      {"lan", 7, {Ip("10.0.0.53"), Ip("10.0.0.2"), Here::kHolds, 0, 0, 0, 13}}};
  rows.resize(std::min<size_t>(rows.size(), asked.limit));
  return rows;
}

absl::StatusOr<std::vector<SharedEndSystem>> FakeBox::ListEndSystems(const SharingFilter& asked) {
  sharing = asked;
  if (!refuse_with.ok()) return refuse_with;
  using load_sharing::Node;
  std::vector<SharedEndSystem> rows = {
      {"lan", 7, {{Ip("10.0.0.51"), Node::Kind::kEndSystem, Node::Origin::kLearned}, 1500ms, Ip("10.0.0.2")}},
      {"lan", 7, {{Ip("10.0.0.60"), Node::Kind::kRouter, Node::Origin::kStatic}, {}, {}}}};
  rows.resize(std::min<size_t>(rows.size(), asked.limit));
  return rows;
}

absl::StatusOr<std::vector<ListedRow>> FakeBox::ListAccess(const AccessFilter& asked) {
  filter = asked;
  if (!refuse_with.ok()) return refuse_with;
  std::vector<ListedRow> rows;
  for (size_t i = 0; i < std::min<size_t>(rows_in_table, asked.limit); ++i) {
    ListedRow listed;
    listed.worker = 1;
    listed.row.client = Ip("192.0.2.1");
    listed.row.client_port = static_cast<uint16_t>(i);
    listed.row.external = Ip("198.51.100.10");
    listed.row.external_port = 80;
    listed.row.internal = listed.row.client;
    listed.row.internal_port = listed.row.client_port;
    listed.row.backend = Ip("10.0.0.11");
    listed.row.backend_port = 8080;
    listed.row.protocol = kTcp;
    listed.row.state = RowState::kTcpEstablished;
    listed.row.service_slot = 0;
    listed.row.backend_slot = 3;
    listed.row.idle_ms = 1200;
    listed.row.packets = {7, 9};
    rows.push_back(listed);
  }
  return rows;
}

}  // namespace baton::controlplane
