// How a worker takes in a generation, update by update, with packets between any two of them; and how it hands back
// what was lent to it.
#include "dataplane/worker.h"

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include <absl/strings/str_cat.h>

#include "common/headers.h"
#include "dataplane/route_table.h"
#include "tests/dataplane/pipeline/small_box.h"
#include "tests/scenarios/frame_builder.h"
#include "tests/scenarios/frame_reader.h"
#include "tests/scenarios/memory_ports.h"

namespace baton::dataplane {
namespace {

using std::chrono::seconds;

constexpr MacAddress kHost = {{0x0a, 0, 0, 0, 0, 1}};

// One of each kind of snapshot. The first generation: DNS of .10 goes to 10.0.0.11, .20 is not in charge,
// 203.0.113.0/24 lies behind `lan`. The second: DNS of .10 goes to 10.0.0.12, .20 is in charge, 203.0.113.0/24 lies
// behind `wan`.
struct Snapshots {
  std::unique_ptr<const RouteTable> routes;
  std::unique_ptr<const ServiceTable> services;
  std::unique_ptr<const AddressTable> addresses;

  explicit Snapshots(bool second) {
    RouteList list = SmallRoutes();
    list.push_back(
        {Prefix::Of(Ip("203.0.113.0"), 24), second ? Ip("198.51.100.1") : Ip("10.0.0.1"), second ? kWan : kLan});
    auto table = RouteTable::Build(list);
    REQUIRE(table.ok());
    routes = *std::move(table);
    std::vector<Service> all = SmallServices(1);
    for (Service& service : all) service.backends[second ? 0 : 1].weight = 0;
    services = std::make_unique<ServiceTable>(std::move(all), Timeouts{});
    addresses = std::make_unique<AddressTable>(SmallAddresses(second ? AddressMode::kNormal : AddressMode::kNone));
  }
  std::vector<Update> updates() const {
    return {UseRoutes{routes.get()}, UseServices{services.get()}, UseAddresses{addresses.get()}};
  }
};

struct UpdatedBox {
  explicit UpdatedBox(uint32_t rows = 64) {
    WorkerConfig config = SmallWorker("updates");
    config.access.rows = rows;
    config.conditions = 1000;
    auto created = Worker::Create(config, io, mailbox);
    REQUIRE(created.ok());
    worker = *std::move(created);
    for (const auto& [port, address] : {std::pair{kWan, "198.51.100.1"}, {kLan, "10.0.0.1"}, {kLan, "10.0.0.11"},
                                        {kLan, "10.0.0.12"}}) {
      mailbox.updates.push_back(SetNeighbor{Ip(address), kHost, port, SetNeighbor::State::kReachable});
    }
    for (const Update& update : first.updates()) mailbox.updates.push_back(update);
    mailbox.updates.push_back(Commit{1});
    worker->PollOnce(now);
    REQUIRE(worker->counters().generation.Get() == 1);
    mailbox.events.clear();
  }
  ~UpdatedBox() {
    worker->FreeWaiting();
    CHECK(io.buffers_in_use() == 0);
    CHECK(io.mistakes().empty());
  }

  void Arrive(PortId port, const std::string& text) {
    const auto packet = scenarios::ParsePacket(text);
    REQUIRE(packet.ok());
    const MacAddress mac = {{2, 0, 0, 0, 0, static_cast<uint8_t>(port + 1)}};
    const auto frame = scenarios::BuildFrame(*packet, {.src = kHost, .dst = mac, .vlan = 0});
    REQUIRE(frame.ok());
    io.Arrive(port, *frame);
  }
  // One poll that takes at most `updates`.
  void Poll(size_t updates = 0) {
    mailbox.ready = updates;
    worker->PollOnce(now);
  }
  // Three new packets, for what each kind of snapshot decides, and what was sent for them: ports and destinations.
  std::string Probe() {
    const int client = ++clients;
    Arrive(kWan, absl::StrCat("udp 192.0.2.7:", 1000 + client, " > 198.51.100.10:53"));
    Arrive(kWan, absl::StrCat("udp 192.0.2.7:", 1000 + client, " > 198.51.100.20:53"));
    Arrive(kWan, absl::StrCat("udp 192.0.2.7:", 1000 + client, " > 203.0.113.9:7"));
    Poll();
    std::vector<std::string> sent;
    for (const scenarios::SentFrame& frame : io.TakeSent()) {
      const scenarios::PacketText text = scenarios::ReadFrame(frame.bytes);
      sent.push_back(absl::StrCat(frame.port == kWan ? "wan " : "lan ", text.kind, " ", text.dst.ToString(), "; "));
    }
    std::sort(sent.begin(), sent.end());
    std::string all;
    for (const std::string& one : sent) all += one;
    return all;
  }
  template <typename T>
  int Count() const {
    return static_cast<int>(std::count_if(mailbox.events.begin(), mailbox.events.end(),
                                          [](const Event& e) { return std::holds_alternative<T>(e); }));
  }

  Snapshots first{false}, second{true};
  scenarios::MemoryPorts io;
  SlowMailbox mailbox;
  std::unique_ptr<Worker> worker;
  TimePoint now{seconds(100)};
  int clients = 0;
};

// The address that is not in charge answers with an ICMP error.
const std::string kBefore = "lan udp 10.0.0.11; lan udp 203.0.113.9; wan icmp 192.0.2.7; ";
const std::string kAfter = "lan udp 10.0.0.12; lan udp 10.0.0.12; wan udp 203.0.113.9; ";

}  // namespace

TEST_CASE("a condition that is set just after a hand-over of many began is what it was set to", "[conditions]") {
  UpdatedBox box;
  const auto host = [](uint32_t i) { return IpAddress::V4(0x0a010000 + i); };
  Giving giving;
  giving.notes.resize(16);
  for (uint32_t i = 0; i < 900; ++i) giving.conditions.push_back(host(i));  // more than enter it in one poll
  ConditionBatch batch;
  batch.count = 1;
  batch.changes[0] = {host(899), ConditionWish::kBlock};
  box.mailbox.updates.push_back(BeginGiving{&giving});
  box.mailbox.updates.push_back(ChangeConditions{&batch});
  for (int polls = 0; polls < 20; ++polls) box.Poll(1);
  CHECK(box.Count<ConditionsChanged>() == 1);
  FlowBatch flows;
  std::map<IpAddress, Verdict> verdicts;
  for (uint32_t next = 0; !flows.done; next = flows.next) {
    box.mailbox.updates.push_back(ListFlows{&flows, next});
    box.Poll(1);
    for (int i = 0; i < flows.count; ++i) {
      const ConditionFlow& flow = flows.flows[static_cast<size_t>(i)];
      verdicts[flow.address] = flow.verdict;
    }
  }
  CHECK(verdicts.size() == 900);
  CHECK(verdicts[host(0)] == Verdict::kPass);
  CHECK(verdicts[host(899)] == Verdict::kBlock);
  box.mailbox.updates.push_back(EndGiving{&giving});
  for (int polls = 0; polls < 20; ++polls) box.Poll(1);
  CHECK(box.Count<GivingEnded>() == 1);
}

TEST_CASE("half a generation is never visible, in whatever order it comes", "[publisher][commit]") {
  int order[] = {0, 1, 2};
  do {
    CAPTURE(order[0], order[1], order[2]);
    UpdatedBox box;
    CHECK(box.Probe() == kBefore);
    for (const int which : order) {
      box.mailbox.updates.push_back(box.second.updates()[static_cast<size_t>(which)]);
      box.Poll(1);
      REQUIRE(box.mailbox.updates.empty());
      CHECK(box.Probe() == kBefore);
      CHECK(box.worker->counters().generation.Get() == 1);
    }
    CHECK(box.mailbox.events.empty());  // nothing was handed back that is still in use
    box.mailbox.updates.push_back(Commit{2});
    box.Poll(1);
    CHECK(box.Probe() == kAfter);
    CHECK(box.worker->counters().generation.Get() == 2);
  } while (std::next_permutation(std::begin(order), std::end(order)));
}

TEST_CASE("a generation and the packets after it may come in one poll", "[publisher][commit]") {
  UpdatedBox box;
  for (const Update& update : box.second.updates()) box.mailbox.updates.push_back(update);
  box.mailbox.updates.push_back(Commit{2});
  box.mailbox.ready = SIZE_MAX;
  box.Arrive(kWan, "udp 192.0.2.7:999 > 203.0.113.9:7");
  box.worker->PollOnce(box.now);  // updates first
  const auto sent = box.io.TakeSent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].port == kWan);
}

TEST_CASE("what a commit replaced is handed back once, with the commit", "[publisher][retire]") {
  UpdatedBox box;
  box.mailbox.updates = {UseServices{box.second.services.get()}, UseAddresses{box.second.addresses.get()}, Commit{2}};
  box.Poll(2);
  CHECK(box.mailbox.events.empty());
  box.Poll(1);
  REQUIRE(box.mailbox.events.size() == 3);  // routes were not replaced
  CHECK(std::get<RetiredServices>(box.mailbox.events[0]).services == box.first.services.get());
  CHECK(std::get<RetiredAddresses>(box.mailbox.events[1]).addresses == box.first.addresses.get());
  CHECK(std::get<Committed>(box.mailbox.events[2]).generation == 2);
  box.mailbox.updates = {Commit{3}};  // nothing staged, nothing replaced
  box.Poll(1);
  box.Poll(1);
  CHECK(box.Count<RetiredServices>() + box.Count<RetiredAddresses>() + box.Count<RetiredRoutes>() == 2);
  CHECK(box.Count<Committed>() == 2);
}

TEST_CASE("a second snapshot of a kind before the commit sends the first one back at once", "[publisher][retire]") {
  UpdatedBox box;
  Snapshots third(true);
  box.mailbox.updates = {UseServices{third.services.get()}, UseServices{box.second.services.get()},
                         UseRoutes{third.routes.get()},     UseRoutes{box.second.routes.get()},
                         UseAddresses{third.addresses.get()}, UseAddresses{box.second.addresses.get()}};
  box.Poll(1);
  CHECK(box.mailbox.events.empty());
  box.Poll(1);
  REQUIRE(box.mailbox.events.size() == 1);
  CHECK(std::get<RetiredServices>(box.mailbox.events[0]).services == third.services.get());
  box.Poll(2);
  REQUIRE(box.mailbox.events.size() == 2);
  CHECK(std::get<RetiredRoutes>(box.mailbox.events[1]).routes == third.routes.get());
  box.Poll(2);
  REQUIRE(box.mailbox.events.size() == 3);
  CHECK(std::get<RetiredAddresses>(box.mailbox.events[2]).addresses == third.addresses.get());
  CHECK(box.Probe() == kBefore);
  box.mailbox.updates = {Commit{2}};
  box.Poll(1);
  CHECK(box.Probe() == kAfter);
  CHECK(box.Count<RetiredServices>() == 2);  // now also the first generation's
}

TEST_CASE("a full event ring loses nothing that was lent, and stops the updates", "[publisher][retire]") {
  UpdatedBox box;
  for (const Update& update : box.second.updates()) box.mailbox.updates.push_back(update);
  Snapshots third(false);
  box.mailbox.updates.push_back(Commit{2});
  box.mailbox.updates.push_back(UseServices{third.services.get()});
  box.mailbox.updates.push_back(Commit{3});
  box.mailbox.event_room = 0;
  for (int i = 0; i < 5; ++i) {
    box.Poll(SIZE_MAX);
    CHECK(box.mailbox.updates.size() == 2);  // not taken: their retired snapshots would have no place either
  }
  CHECK(box.mailbox.events.empty());
  CHECK(box.Probe() == kAfter);  // the commit took effect, packets go on
  for (size_t posted = 1; posted <= 4; ++posted) {
    box.mailbox.event_room = 1;
    box.Poll(0);
    CHECK(box.mailbox.events.size() == posted);
    CHECK(box.mailbox.updates.size() == 2);
  }
  CHECK(std::get<RetiredRoutes>(box.mailbox.events[0]).routes == box.first.routes.get());
  CHECK(std::get<RetiredServices>(box.mailbox.events[1]).services == box.first.services.get());
  CHECK(std::get<RetiredAddresses>(box.mailbox.events[2]).addresses == box.first.addresses.get());
  CHECK(std::get<Committed>(box.mailbox.events[3]).generation == 2);
  box.mailbox.event_room = SIZE_MAX;
  box.Poll(SIZE_MAX);
  REQUIRE(box.mailbox.events.size() == 6);
  CHECK(std::get<RetiredServices>(box.mailbox.events[4]).services == box.second.services.get());
  CHECK(std::get<Committed>(box.mailbox.events[5]).generation == 3);
}

TEST_CASE("a question for a neighbour that found the ring full is counted, and asked again a second later") {
  UpdatedBox box;
  box.mailbox.event_room = 0;
  box.Arrive(kWan, "udp 192.0.2.7:1 > 10.0.0.77:7");
  box.Poll();
  CHECK(box.worker->counters().events_lost.Get() == 1);
  box.mailbox.event_room = SIZE_MAX;
  box.Arrive(kWan, "udp 192.0.2.7:1 > 10.0.0.77:7");
  box.Poll();
  CHECK(box.Count<NeedNeighbor>() == 0);  // not within the same second
  box.now += seconds(1);
  box.Arrive(kWan, "udp 192.0.2.7:1 > 10.0.0.77:7");
  box.Poll();
  CHECK(box.Count<NeedNeighbor>() == 1);
}

TEST_CASE("a worker takes at most so many updates in a poll") {
  UpdatedBox box;
  for (int i = 0; i < Worker::kUpdatesPerPoll + 1; ++i) box.mailbox.updates.push_back(Commit{2});
  box.mailbox.ready = SIZE_MAX;
  CHECK(box.worker->PollOnce(box.now) == Worker::kUpdatesPerPoll);
  CHECK(box.mailbox.updates.size() == 1);
}

TEST_CASE("a listing of rows goes over all of them, batch by batch") {
  struct Case { const char* name; int rows; int kept; };
  const auto c = GENERATE(values<Case>({
      {"no row", 0, 0},
      {"one row", 1, 1},
      {"as many as a batch holds", RowBatch::kCapacity, RowBatch::kCapacity},
      {"one more", RowBatch::kCapacity + 1, RowBatch::kCapacity + 1},
      {"a few behind a thousand empty places", 1200, 20},
      {"many", 1200, 1200},
  }));
  CAPTURE(c.name);
  UpdatedBox box(2048);
  const auto arrive = [&](int client) {
    box.Arrive(kWan, absl::StrCat("udp 192.0.2.7:", 2000 + client, " > 198.51.100.10:53"));
  };
  for (int i = 0; i < c.rows; ++i) arrive(i);
  for (int i = 0; i < 60; ++i) box.Poll();
  REQUIRE(box.worker->access().rows() == static_cast<uint32_t>(c.rows));
  box.now += seconds(40);
  for (int i = c.rows - c.kept; i < c.rows; ++i) arrive(i);
  for (int i = 0; i < 60; ++i) box.Poll();
  box.now += seconds(40);  // UDP rows live for 60 s: those not refreshed are gone
  for (int i = 0; i < 60; ++i) box.Poll();
  REQUIRE(box.worker->access().rows() == static_cast<uint32_t>(c.kept));

  RowBatch batch;
  std::multiset<int> listed;
  batch.next = 0;
  for (int batches = 0; batches < 100; ++batches) {
    box.mailbox.events.clear();
    box.mailbox.updates.push_back(ListRows{&batch, batch.next});
    box.Poll(1);
    REQUIRE(box.mailbox.events.size() == 1);
    REQUIRE(std::get<RowsListed>(box.mailbox.events[0]).batch == &batch);
    for (int i = 0; i < batch.count; ++i) {
      const AccessRow& row = batch.rows[static_cast<size_t>(i)];
      listed.insert(row.client_port - 2000);
      CHECK(row.external == Ip("198.51.100.10"));
      CHECK(row.backend == Ip("10.0.0.11"));
      CHECK(row.service_slot == 1);
      CHECK(row.idle_ms == 40'000);
    }
    if (batch.done) break;
  }
  CHECK(batch.done);
  std::multiset<int> expected;
  for (int i = c.rows - c.kept; i < c.rows; ++i) expected.insert(i);
  CHECK(listed == expected);
  box.io.TakeSent();
}

TEST_CASE("a listing waits like a snapshot when the event ring is full", "[publisher]") {
  UpdatedBox box;
  RowBatch batch;
  box.mailbox.event_room = 0;
  box.mailbox.updates = {ListRows{&batch, 0}, Commit{2}};
  box.Poll(SIZE_MAX);
  CHECK(box.mailbox.updates.size() == 1);
  box.mailbox.event_room = SIZE_MAX;
  box.Poll(SIZE_MAX);
  REQUIRE(box.mailbox.events.size() == 2);
  CHECK(std::get<RowsListed>(box.mailbox.events[0]).batch == &batch);
  CHECK(std::get<Committed>(box.mailbox.events[1]).generation == 2);
}

}  // namespace baton::dataplane
