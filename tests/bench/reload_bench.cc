// How long a reload takes, from the file's text to the answer that every worker has committed it: 1,000 services with
// 10,000 backends, of which some change. One JSON object a line. Workers are stand-ins that take updates at once; what
// a real one adds is the time of a poll. The control thread is the real one.
//
//   reload_bench [SERVICES] [BACKENDS OF EACH]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <absl/strings/str_cat.h>

#include "controlplane/config/parse.h"
#include "controlplane/control.h"
#include "controlplane/control_thread.h"
#include "tests/controlplane/fake_worker.h"

namespace baton::controlplane {
namespace {

constexpr int kReloads = 9;

// Takes every update as it is posted: the control thread is alone with it, so nothing has to be locked.
class QuickWorker : public FakeWorker {
 public:
  QuickWorker() : FakeWorker(1023) {}
  bool Post(const Update& update) override {
    FakeWorker::Post(update);
    TakeAll();
    return true;
  }
};

class NoBuffers : public BufferPool {
 public:
  Buffer Allocate() override { return {}; }
  void Free(void*) override {}
  size_t capacity() const override { return 0; }
  size_t in_use() const override { return 0; }
};

// `weight`: of each service's first backend. `maglev`: how many services schedule so; their tables are built anew.
std::string FileText(int services, int backends, int weight, int maglev) {
  std::string text =
      "ports:\n  - {name: wan, device: \"null:0\", addresses: [198.18.0.1/16]}\n"
      "  - {name: lan, device: \"null:1\", addresses: [10.0.0.1/8]}\nservices:\n";
  for (int s = 0; s < services; ++s) {
    absl::StrAppend(&text, "  - name: service", s, "\n    listen: {address: 198.18.", 1 + s / 200, ".", 1 + s % 200,
                    ", port: 80, protocol: tcp}\n", s < maglev ? "    schedule: maglev\n" : "", "    backends:\n");
    for (int b = 0; b < backends; ++b) {
      absl::StrAppend(&text, "      - {name: b", b, ", address: 10.", 1 + s / 200, ".", s % 200, ".", 1 + b,
                      ", weight: ", b == 0 ? weight : 1, "}\n");
    }
  }
  return text;
}

double Ms(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

int Measure(const char* what, int services, int backends, int maglev) {
  std::string text = FileText(services, backends, 1, maglev);
  ParseResult first = ParseConfig(text, "bench.yaml");
  if (!first.ok()) {
    std::fprintf(stderr, "%s", first.Report().c_str());
    return 1;
  }
  QuickWorker worker;
  NoBuffers buffers;
  Duration parsing{};
  ControlSetup setup{.config = first.config, .ports = {}, .workers = {&worker}, .buffers = &buffers,
                     .build_routes = [](const RouteList& routes) -> absl::StatusOr<std::shared_ptr<const RouteTable>> {
                       const auto held = std::make_shared<RouteList>(routes);
                       return std::shared_ptr<const RouteTable>(held, reinterpret_cast<const RouteTable*>(held.get()));
                     },
                     .complete_view = {}};
  setup.request_time_limit = std::chrono::seconds(60);
  setup.read_config = [&] {
    const TimePoint begin = Now();
    ParseResult parsed = ParseConfig(text, "bench.yaml");
    parsing = Now() - begin;
    return parsed;
  };
  for (const PortConfig& port : first.config.ports) {
    PortInfo info;
    info.name = port.name;
    info.addresses = port.addresses;
    setup.ports.push_back(info);
  }
  Control control(std::move(setup));
  if (!control.Start(Now()).ok()) return 1;
  const ControlThread thread(control);
  std::vector<double> total, parse;
  for (int i = 0; i < kReloads; ++i) {
    text = FileText(services, backends, 2 + i, maglev);
    const TimePoint begin = Now();
    const auto report = control.Reload(/*dry_run=*/false);
    total.push_back(Ms(Now() - begin));
    parse.push_back(Ms(parsing));
    if (!report.ok() || report->refused || report->difference.changes.size() != static_cast<size_t>(services)) return 1;
  }
  std::sort(total.begin(), total.end());
  std::sort(parse.begin(), parse.end());
  std::printf("{\"bench\": \"reload\", \"case\": \"%s\", \"services\": %d, \"backends\": %d, \"changed\": %d, "
              "\"bytes\": %zu, \"parse_ms\": %.1f, \"total_ms\": %.1f, \"worst_ms\": %.1f, \"budget_ms\": 200}\n",
              what, services, services * backends, services, text.size(), parse[kReloads / 2], total[kReloads / 2],
              total.back());
  return 0;
}

}  // namespace
}  // namespace baton::controlplane

int main(int argc, char** argv) {
  const int services = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int backends = argc > 2 ? std::atoi(argv[2]) : 10;
  if (services < 1 || services > 10'000 || backends < 1 || backends > 250) return 2;
  if (const int failed = baton::controlplane::Measure("weight", services, backends, 0)) return failed;
  return baton::controlplane::Measure("tenth_maglev", services, backends, services / 10);
}
