// A Control with its surroundings, all driven by the test on a simulated clock: fake workers, a small pool of
// buffers, a configuration of two ports, two external addresses and three services.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/headers.h"
#include "controlplane/control.h"
#include "tests/controlplane/fake_worker.h"

namespace baton::controlplane {

inline IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

class FakePool : public BufferPool {
 public:
  explicit FakePool(size_t capacity) : buffers_(capacity), used_(capacity) {}
  Buffer Allocate() override {
    for (size_t i = 0; i < buffers_.size(); ++i) {
      if (used_[i]) continue;
      used_[i] = true;
      return {&buffers_[i], buffers_[i].data(), static_cast<uint16_t>(buffers_[i].size())};
    }
    return {};
  }
  void Free(void* handle) override {
    const size_t index = static_cast<std::array<uint8_t, 128>*>(handle) - buffers_.data();
    freed_twice += !used_.at(index);
    used_[index] = false;
  }
  size_t capacity() const override { return buffers_.size(); }
  size_t in_use() const override { return std::count(used_.begin(), used_.end(), true); }

  int freed_twice = 0;

 private:
  std::vector<std::array<uint8_t, 128>> buffers_;
  std::vector<bool> used_;
};

inline Config ControlConfig() {
  Config config;
  config.node = "lb-a";
  config.routes = {{Prefix::Parse("198.51.100.0/24").value(), IpAddress{}, 0},
                   {Prefix::Parse("10.0.0.0/24").value(), IpAddress{}, 1}};
  config.address_groups = {{"web", {Ip("198.51.100.10")}, {Ip("10.0.0.10")}, ""},
                           {"spare", {Ip("198.51.100.20")}, {}, "lb-b"}};
  ServiceConfig web{.name = "web", .listen = {Ip("198.51.100.10"), 80, kTcp}, .tunnel = {}, .backends = {},
                    .group = "web"};
  web.backends = {{.name = "s1", .address = Ip("10.0.0.11"), .port = 0, .weight = 2},
                  {.name = "s2", .address = Ip("10.0.0.12"), .port = 0, .weight = 1}};
  ServiceConfig tls = web;
  tls.name = "tls";
  tls.listen.port = 443;
  config.services = {web, tls};
  return config;
}

struct World {
  static constexpr size_t kRing = 64;

  FakeWorker a{kRing}, b{kRing};
  FakePool pool{64};
  TimePoint now{std::chrono::hours(1)};
  int views_completed = 0;
  std::vector<std::pair<PortId, std::vector<uint8_t>>> copied;  // to the kernel
  ParseResult file{ControlConfig(), {}, "test.yaml"};  // what a reload reads
  std::unique_ptr<Control> control;

  std::array<bool, 2> links = {true, true};
  std::vector<std::string> log;

  explicit World(Duration request_time_limit = std::chrono::minutes(1), const Config& config = ControlConfig()) {
    PortInfo wan{.name = "wan", .mac = MacAddress::Parse("02:00:00:00:00:01").value(),
                 .addresses = {InterfaceAddress::Parse("198.51.100.2/24").value()}, .kernel = "wan0"};
    PortInfo lan{.name = "lan", .mac = MacAddress::Parse("02:00:00:00:00:02").value(),
                 .addresses = {InterfaceAddress::Parse("10.0.0.2/24").value()}};
    control = std::make_unique<Control>(ControlSetup{
        .config = config,
        .ports = {wan, lan},
        .workers = {&a, &b},
        .buffers = &pool,
        .build_routes = [](const RouteList& routes) -> absl::StatusOr<std::shared_ptr<const RouteTable>> {
          // The data plane's type, of which control knows no more than that it can be pointed at.
          const auto held = std::make_shared<RouteList>(routes);
          return std::shared_ptr<const RouteTable>(held, reinterpret_cast<const RouteTable*>(held.get()));
        },
        .complete_view = [this](View& view) { view.ports[0].link_up = ++views_completed > 0; },
        .read_config = [this] { return file; },
        .copy_to_kernel = [this](PortId port, absl::Span<const uint8_t> frame) {
          copied.push_back({port, {frame.begin(), frame.end()}});
        },
        .on_reload = {},
        .link_up = [this](PortId port) { return links.at(port); },
        .on_event = [this](const std::string& text) { log.push_back(text); },
        .request_time_limit = request_time_limit});
  }

  // Turns of control and workers until nothing moves, without time passing.
  void Settle() {
    for (bool worked = true; worked;) {
      worked = control->Poll(now);
      for (FakeWorker* worker : {&a, &b}) {
        while (worker->TakeOne()) worked = true;
      }
    }
  }
  void Start() {
    REQUIRE(control->Start(now).ok());
    Settle();
    TakeFrames();
  }
  // Calls `request` on another thread while control and workers have their turns here.
  template <typename Request>
  auto Ask(Request request) {
    decltype(request()) answer = absl::UnknownError("not answered");
    std::atomic<bool> done = false;
    std::thread asker([&] {
      answer = request();
      done = true;
    });
    while (!done) Settle();
    asker.join();
    return answer;
  }
  absl::Status SetMode(const char* address, AddressMode mode) {
    return Ask([&] { return control->SetMode(Ip(address), mode); });
  }
  absl::Status ChangeBackend(const BackendChange& change) {
    return Ask([&] { return control->ChangeBackend(change); });
  }
  ReloadReport Reload(bool dry_run = false) {
    const auto report = Ask([&]() -> absl::StatusOr<ReloadReport> { return control->Reload(dry_run); });
    REQUIRE(report.ok());
    return *report;
  }
  // The frames that control had the first worker send; the buffers go back, as after transmission.
  std::vector<std::pair<PortId, std::vector<uint8_t>>> TakeFrames() {
    std::vector<std::pair<PortId, std::vector<uint8_t>>> frames;
    for (const baton::SendFrame& frame : std::exchange(a.frames, {})) {
      const uint8_t* data = static_cast<std::array<uint8_t, 128>*>(frame.buffer)->data();
      frames.push_back({frame.port, {data, data + frame.length}});
      pool.Free(frame.buffer);
    }
    return frames;
  }
  // A frame that worker `a` received and hands to control.
  void Hear(PortId port, const std::vector<uint8_t>& frame) {
    const BufferPool::Buffer buffer = pool.Allocate();
    REQUIRE(buffer.handle != nullptr);
    std::copy(frame.begin(), frame.end(), buffer.data);
    a.events.push_back(FrameForControl{buffer.handle, buffer.data, static_cast<uint16_t>(frame.size()), port});
  }
  AddressMode ModeAt(const FakeWorker& worker, const char* address) const {
    return worker.addresses->at(worker.addresses->Find(Ip(address))).mode;
  }
};

// RFC 826: 198.51.100.77 at 02:00:00:00:00:77 asks for 198.51.100.`last`.
inline std::vector<uint8_t> WhoHas(uint8_t last) {
  return {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x77, 0x08, 0x06,
          0, 1, 0x08, 0, 6, 4, 0, 1,
          2, 0, 0, 0, 0, 0x77, 198, 51, 100, 77,
          0, 0, 0, 0, 0, 0, 198, 51, 100, last};
}

}  // namespace baton::controlplane
