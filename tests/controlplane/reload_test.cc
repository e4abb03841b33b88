// Reload as operators and workers see it.
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/controlplane/control_fixture.h"

namespace baton::controlplane {
namespace {

using std::chrono::milliseconds;

const Service& Web(const FakeWorker& worker) {
  return *worker.services->FindListener({Ip("198.51.100.10"), 80, kTcp});
}

// Lets the time of a view pass, in which addresses leave.
void PassTime(World& world) {
  world.now += milliseconds(100);
  world.Settle();
}

TEST_CASE("an unchanged file changes nothing and publishes nothing") {
  World world;
  world.Start();
  REQUIRE(world.ChangeBackend({"web", "s1", 9, std::nullopt}).ok());
  const ReloadReport report = world.Reload();
  CHECK(std::string(report.outcome()) == "unchanged");
  CHECK(report.generation == 2);
  CHECK(world.a.generations.size() == 2);
  CHECK(Web(world.a).backends[0].weight == 9);
  CHECK(world.control->GetView()->reload.applied == 1);
}

TEST_CASE("a reload is one generation at every worker, and things keep their slots") {
  World world;
  world.Start();
  const Slot service = Web(world.a).slot, s2 = Web(world.a).backends[1].slot;
  Config& to = world.file.config;
  to.services[0].backends.erase(to.services[0].backends.begin());
  to.services[0].backends.push_back({.name = "s3", .address = Ip("10.0.0.13"), .port = 0, .weight = 5});
  to.routes.push_back({Prefix::Parse("0.0.0.0/0").value(), Ip("198.51.100.1"), 0});
  const RouteTable* routes = world.a.routes;
  const ReloadReport report = world.Reload();
  CHECK(std::string(report.outcome()) == "applied");
  CHECK(report.difference.changes.size() == 3);
  for (const FakeWorker* worker : {&world.a, &world.b}) {
    CHECK(worker->generations == std::vector<uint64_t>{1, 2});
    CHECK(Web(*worker).slot == service);
    REQUIRE(Web(*worker).backends.size() == 2);
    CHECK(Web(*worker).backends[0].slot == s2);
    CHECK(Web(*worker).backends[1].slot == 4);  // not s1's: rows may still name that one
    CHECK(worker->routes != routes);
  }
  CHECK(world.control->GetView()->routes.size() == 3);
  CHECK(world.control->GetView()->control.snapshots_lent == 3);  // the former ones are back
}

TEST_CASE("a refused reload leaves everything as it was, and the refusal is seen") {
  struct Case { const char* name; void (*spoil)(ParseResult&); const char* refusal; };
  const auto c = GENERATE(values<Case>({
      {"a wrong file", [](ParseResult& f) { f.errors = {{3, 4, "services[0].name", "", "is missing"}}; },
       "test.yaml:3:4: services[0].name: is missing"},
      {"several errors", [](ParseResult& f) { f.errors = {{3, 4, "x", "", "is bad"}, {5, 6, "y", "", "is worse"}}; },
       "test.yaml:3:4: x: is bad (and 1 more)"},
      {"a change that needs a restart, beside one that does not",
       [](ParseResult& f) { f.config.dataplane.access_rows = 2'000'000; f.config.services[0].backends[0].weight = 7; },
       "dataplane.access_rows: 1000000 -> 2000000 needs a restart"},
  }));
  CAPTURE(c.name);
  World world;
  world.Start();
  c.spoil(world.file);
  CHECK(std::string(world.Reload(/*dry_run=*/true).outcome()) == "would refuse");
  CHECK(world.control->GetView()->reload.refused == 0);
  CHECK(std::string(world.Reload().outcome()) == "refused");
  CHECK(world.a.generations == std::vector<uint64_t>{1});
  CHECK(Web(world.a).backends[0].weight == 2);
  CHECK(world.control->GetView()->reload.refused == 1);
  CHECK(world.control->GetView()->reload.refusal == c.refusal);
  world.file = {ControlConfig(), {}, "test.yaml"};
  CHECK(std::string(world.Reload().outcome()) == "unchanged");
  CHECK(world.control->GetView()->reload.refusal.empty());
}

TEST_CASE("tables that cannot be built refuse the reload") {
  World world;
  world.Start();
  ServiceConfig& web = world.file.config.services[0];
  web.backends.clear();
  for (int i = 0; i < 60'000; ++i) web.backends.push_back({absl::StrCat("b", i), Ip("10.0.0.13"), 0, 1});
  const ReloadReport report = world.Reload();
  CHECK(report.refused);
  REQUIRE(report.errors.size() == 1);
  CHECK(report.errors[0] == "backends: all 60000 slots were given since the start");
  web = ControlConfig().services[0];
  web.backends.push_back({"s3", Ip("10.0.0.13"), 0, 1});
  CHECK(std::string(world.Reload().outcome()) == "applied");  // the refused one kept no slot
}

TEST_CASE("a dry run tells the difference and changes nothing") {
  World world;
  world.Start();
  world.file.config.services[0].backends[0].weight = 7;
  const ReloadReport report = world.Reload(/*dry_run=*/true);
  CHECK(std::string(report.outcome()) == "would apply");
  REQUIRE(report.difference.changes.size() == 1);
  CHECK(report.difference.changes[0].ToString() == "backend web/s1: weight: 2 -> 7");
  CHECK(world.a.generations == std::vector<uint64_t>{1});
  CHECK(Web(world.a).backends[0].weight == 2);
  CHECK(world.control->GetView()->reload.applied == 0);
}

TEST_CASE("what an operator set stays unless the file's own value for it changes") {
  struct Case {
    const char* name;
    std::optional<uint32_t> weight;  // set with batonctl; the file says 2
    bool drain;
    uint16_t file_weight;            // of the new file
    uint16_t effective, configured;
  };
  const auto c = GENERATE(values<Case>({
      {"another thing changes", 9, false, 2, 9, 9},
      {"the file's weight changes", 9, false, 3, 3, 3},
      {"a drain stays", std::nullopt, true, 2, 0, 2},
      {"a drain stays although the weight changes", std::nullopt, true, 3, 0, 3},
  }));
  CAPTURE(c.name);
  World world;
  world.Start();
  REQUIRE(world.ChangeBackend({"web", "s1", c.weight, c.drain}).ok());
  world.file.config.services[0].backends[0].weight = c.file_weight;
  world.file.config.services[0].backends[1].weight = 4;
  REQUIRE_FALSE(world.Reload().refused);
  CHECK(Web(world.a).backends[0].weight == c.effective);
  CHECK(Web(world.a).backends[1].weight == 4);
  CHECK(world.control->GetView()->services[0].backends[0].configured_weight == c.configured);
}

TEST_CASE("a backend that comes back begins as the file has it") {
  World world;
  world.Start();
  const Slot slot = Web(world.a).backends[0].slot;
  REQUIRE(world.ChangeBackend({"web", "s1", 9, true}).ok());
  auto& backends = world.file.config.services[0].backends;
  const BackendConfig s1 = backends[0];
  backends.erase(backends.begin());
  REQUIRE_FALSE(world.Reload().refused);
  CHECK(Web(world.a).backends.size() == 1);
  backends.push_back(s1);
  REQUIRE_FALSE(world.Reload().refused);
  CHECK(Web(world.a).backends[1].slot == slot);
  CHECK(Web(world.a).backends[1].weight == 2);
}

TEST_CASE("modes that were set stay; a group that is preferred elsewhere now goes by the file") {
  World world;
  world.Start();
  REQUIRE(world.SetMode("198.51.100.10", AddressMode::kMigration).ok());
  REQUIRE(world.SetMode("198.51.100.20", AddressMode::kNormal).ok());
  world.file.config.services[0].backends[0].weight = 7;
  REQUIRE_FALSE(world.Reload().refused);
  CHECK(world.ModeAt(world.a, "198.51.100.10") == AddressMode::kMigration);
  CHECK(world.ModeAt(world.a, "198.51.100.20") == AddressMode::kNormal);
  world.file.config.address_groups[0].prefer = "lb-b";
  REQUIRE_FALSE(world.Reload().refused);
  CHECK(world.ModeAt(world.a, "198.51.100.10") == AddressMode::kNone);
  CHECK(world.ModeAt(world.a, "198.51.100.20") == AddressMode::kNormal);
}

TEST_CASE("a new address is announced once every worker knows it, a known one is not again") {
  World world;
  world.Start();
  world.file.config.address_groups[0].external.push_back(Ip("198.51.100.30"));
  REQUIRE_FALSE(world.Reload().refused);
  const auto frames = world.TakeFrames();
  // Gratuitous ARP (RFC 5227, 2.3): to everybody, the target is the address itself.
  const auto announced = [&](uint8_t last) {
    return std::count_if(frames.begin(), frames.end(), [&](const auto& frame) {
      return frame.first == 0 && frame.second.size() >= 42 && frame.second[0] == 0xff && frame.second[41] == last;
    });
  };
  CHECK(announced(30) == 1);
  CHECK(announced(10) == 0);
}

TEST_CASE("an address that is no longer configured stays ours until its rows have ended") {
  World world;
  world.Start();
  const Slot backend = Web(world.a).backends[0].slot, address = Web(world.a).address_slot;
  world.b.SetRows(backend, 1);
  world.file.config.services.clear();
  world.file.config.address_groups.clear();
  REQUIRE_FALSE(world.Reload().refused);
  CHECK(world.a.services->services().empty());
  PassTime(world);
  REQUIRE(world.a.addresses->Find(Ip("198.51.100.10")) == address);  // new connections are refused, not routed
  CHECK(world.a.addresses->at(address).mode == AddressMode::kNormal);
  CHECK(world.a.addresses->at(address).announced);
  CHECK(world.a.addresses->Find(Ip("198.51.100.20")) == kNoSlot);    // was not in charge
  SECTION("the rows end") { world.b.SetRows(backend, 0); }
  SECTION("the operator gives it up") {
    CHECK(world.SetMode("198.51.100.10", AddressMode::kMigration).code() == absl::StatusCode::kFailedPrecondition);
    REQUIRE(world.SetMode("198.51.100.10", AddressMode::kNone).ok());
  }
  PassTime(world);
  CHECK(world.a.addresses->Find(Ip("198.51.100.10")) == kNoSlot);
  CHECK(world.a.addresses->at(address).mode == AddressMode::kNormal);  // for rows that outlived it
  CHECK(world.SetMode("198.51.100.10", AddressMode::kNone).code() == absl::StatusCode::kNotFound);
  const auto view = world.control->GetView();
  CHECK(std::none_of(view->addresses.begin(), view->addresses.end(),
                     [](const AddressView& v) { return v.address.address == Ip("198.51.100.10"); }));
}

TEST_CASE("an address that comes back while it leaves stays") {
  World world;
  world.Start();
  world.b.SetRows(0, 1);
  const Config first = world.file.config;
  world.file.config.services.clear();
  world.file.config.address_groups.clear();
  REQUIRE_FALSE(world.Reload().refused);
  world.file.config = first;
  REQUIRE_FALSE(world.Reload().refused);
  world.b.SetRows(0, 0);
  PassTime(world);
  const Slot slot = world.a.addresses->Find(Ip("198.51.100.10"));
  REQUIRE(slot == Web(world.a).address_slot);
  CHECK(world.a.addresses->at(slot).announced);
}

TEST_CASE("without a file there is nothing to reload") {
  World world;
  Control control(ControlSetup{.config = ControlConfig(), .ports = {}, .workers = {&world.a}, .buffers = &world.pool,
                               .build_routes = {}, .complete_view = {}});
  CHECK(control.Reload(false).status().code() == absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace baton::controlplane
