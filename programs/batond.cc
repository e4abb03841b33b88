// batond: the program that runs on a box. Reads the configuration, starts DPDK and the box, waits for a signal, stops.
//
//   batond --config FILE [-- EAL OPTIONS]
//   batond --config FILE --check
//
// Exit status: 0 stopped by SIGTERM or SIGINT, or a right configuration with --check; 1 something failed; 2 wrong
// configuration or command line. SIGHUP: reads the configuration again (controlplane/reload.h).
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <absl/strings/str_join.h>
#include <gflags/gflags.h>
#include <spdlog/spdlog.h>

#include "controlplane/config/parse.h"
#include "dataplane/dpdk/eal.h"
#include "programs/batond/box.h"
#include "programs/batond/eal_arguments.h"
#include "programs/batond/service_manager.h"
#include "programs/eal_options.h"
#include "controlplane/api/version.h"

DEFINE_string(config, "/etc/baton/batond.yaml", "the configuration file");
DEFINE_bool(check, false, "check the configuration and exit: no root, NIC or hugepages needed");
DEFINE_string(log_level, "info", "debug, info, warn or error");

namespace baton {
namespace {

constexpr int kFailed = 1, kWrongUse = 2;

// Threads made from here on leave SIGTERM, SIGINT and SIGHUP to sigwait.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

// The next signal, or 0 when it is time to look after the watchdog.
int WaitForSignal(const sigset_t& signals, Duration watch_period) {
  if (watch_period == Duration::zero()) {
    int signal = 0;
    sigwait(&signals, &signal);
    return signal;
  }
  const auto ns = std::chrono::nanoseconds(watch_period).count();
  const timespec limit = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  const int signal = sigtimedwait(&signals, nullptr, &limit);
  return signal < 0 ? 0 : signal;
}

// Until SIGTERM or SIGINT, which it returns.
int Serve(Box& box, const std::string& ready, const sigset_t& signals) {
  ServiceManager manager;
  manager.Ready(ready);
  for (;;) {
    manager.Watch(box.Heartbeats());
    const int signal = WaitForSignal(signals, manager.watch_period());
    if (signal == SIGHUP) {
      manager.Reloading();
      box.Reload();
      manager.Ready(ready);
    } else if (signal != 0) {
      manager.Stopping();
      return signal;
    }
  }
}

int Run(const controlplane::Config& config, const std::vector<std::string>& eal_options) {
  const sigset_t signals = BlockSignals();
  const std::vector<std::string> arguments = EalArguments(config, eal_options, ThisMachine());
  spdlog::info("batond {} on node {}; EAL: {}", controlplane::kVersion, config.node, absl::StrJoin(arguments, " "));
  const absl::Status eal = dataplane::StartEal(
      arguments, [](absl::string_view line) { spdlog::debug("{}", std::string(line)); });
  if (!eal.ok()) {
    spdlog::error("DPDK does not start: {}", std::string(eal.message()));
    return kFailed;
  }
  int status = 0;
  {
    const auto box = Box::Start(config, FLAGS_config);
    if (box.ok()) {
      const std::string size = absl::StrCat(config.ports.size(), " ports, ", config.services.size(), " services, ",
                                            config.dataplane.workers, " workers");
      spdlog::info("batond ready: {}", size);
      spdlog::info("signal {}: stopping", Serve(**box, size, signals));
    } else {
      spdlog::error("{}", std::string(box.status().message()));
      status = kFailed;
    }
  }
  dataplane::StopEal();
  spdlog::info("batond stopped");
  return status;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> eal_options = TakeEalOptions(&argc, argv);
  gflags::SetUsageMessage("batond --config FILE [--check] [-- EAL OPTIONS]");
  gflags::SetVersionString(controlplane::kVersion);
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (argc > 1) {
    std::fprintf(stderr, "batond: unexpected argument \"%s\"; options for DPDK go behind \"--\"\n", argv[1]);
    return kWrongUse;
  }
  spdlog::set_level(spdlog::level::from_str(FLAGS_log_level));
  spdlog::flush_on(spdlog::level::info);
  const controlplane::ParseResult parsed = controlplane::LoadConfig(FLAGS_config);
  if (!parsed.ok()) {
    std::fprintf(stderr, "%s", parsed.Report().c_str());
    return kWrongUse;
  }
  if (FLAGS_check) {
    std::printf("%s: ok\n", FLAGS_config.c_str());
    return 0;
  }
  return Run(parsed.config, eal_options);
}

}  // namespace
}  // namespace baton

int main(int argc, char** argv) { return baton::Main(argc, argv); }
