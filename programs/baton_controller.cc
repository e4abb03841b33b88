// baton-controller: the substitution server of virtual routers whose load is shared. Runs on any host of their network
// and makes their allocations; forwards nothing. docs/baton-controller.md.
//
//   baton-controller --config FILE
//   baton-controller --config FILE --check
//
// Exit status: as batond's. SIGUSR1: writes what it knows to the log.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <string>

#include <absl/strings/str_cat.h>
#include <gflags/gflags.h>
#include <spdlog/spdlog.h>

#include "controlplane/api/version.h"
#include "controlplane/controller/config.h"
#include "controlplane/controller/controller.h"
#include "controlplane/controller/wire.h"

DEFINE_string(config, "/etc/baton/controller.yaml", "the configuration file");
DEFINE_bool(check, false, "check the configuration and exit");
DEFINE_string(log_level, "info", "debug, info, warn or error");

namespace baton {
namespace {

using controlplane::Controller;
using controlplane::Wire;

constexpr int kFailed = 1, kWrongUse = 2;
constexpr int kFramesPerTurn = 256;  // then deadlines are looked at

TimePoint Now() { return std::chrono::steady_clock::now(); }

struct Callbacks : controlplane::ControllerCallbacks {
  explicit Callbacks(Wire& w) : wire(w) {}
  void SendFrame(absl::Span<const uint8_t> frame) override {
    const bool sent = wire.Send(frame);
    if (sent != sends) {
      if (sent) spdlog::info("the interface takes frames again");
      if (!sent) spdlog::warn("the interface takes no frames");
    }
    sends = sent;
  }
  void OnEvent(const std::string& text) override { spdlog::info("{}", text); }
  Wire& wire;
  bool sends = true;
};

// Signals that are read from a descriptor instead of being delivered.
int SignalDescriptor() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

// Until the deadline, a frame or a signal.
void Wait(int signals, int frames, TimePoint deadline) {
  const TimePoint now = Now();
  const Duration wait = deadline <= now ? Duration{} : std::min<Duration>(deadline - now, std::chrono::hours(1));
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
  const timespec limit = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  pollfd descriptors[] = {{.fd = signals, .events = POLLIN, .revents = 0},
                          {.fd = frames, .events = POLLIN, .revents = 0}};
  ppoll(descriptors, 2, &limit, nullptr);
}

// Until SIGTERM or SIGINT, which it returns.
int Serve(Controller& controller, Wire& wire, int signals) {
  for (;;) {
    Wait(signals, wire.fd(), controller.NextDeadline());
    signalfd_siginfo signal;
    while (read(signals, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
      if (signal.ssi_signo != SIGUSR1) return static_cast<int>(signal.ssi_signo);
      for (const std::string& line : controller.State()) spdlog::info("{}", line);
    }
    for (int i = 0; i < kFramesPerTurn; ++i) {
      const absl::Span<const uint8_t> frame = wire.Receive();
      if (frame.empty()) break;
      controller.OnFrame(frame, Now());
    }
    if (controller.NextDeadline() <= Now()) controller.Tick(Now());
  }
}

// The error's text; empty: each server's address is the interface's.
std::string WrongAddress(const controlplane::ControllerConfig& config, const PortInfo& port) {
  for (const controlplane::VirtualRouterConfig& router : config.virtual_routers) {
    const IpAddress& server = router.load_sharing->server;
    const bool own = std::any_of(port.addresses.begin(), port.addresses.end(),
                                 [&](const InterfaceAddress& a) { return a.address == server; });
    if (!own) {
      return absl::StrCat("virtual router ", router.id, ": the server's address ", server.ToString(),
                          " is none of interface ", port.name);
    }
  }
  return "";
}

int Run(const controlplane::ControllerConfig& config) {
  const int signals = SignalDescriptor();
  spdlog::info("baton-controller {} on interface {}", controlplane::kVersion, config.interface);
  const absl::StatusOr<PortInfo> port = controlplane::InterfaceOf(config.interface);
  if (!port.ok()) {
    spdlog::error("{}", std::string(port.status().message()));
    return kFailed;
  }
  const std::string wrong = WrongAddress(config, *port);
  if (!wrong.empty()) {
    spdlog::error("{}", wrong);
    return kFailed;
  }
  const auto wire = Wire::Open(config.interface);
  if (!wire.ok()) {
    spdlog::error("{}", std::string(wire.status().message()));
    return kFailed;
  }
  Callbacks callbacks(**wire);
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto start = std::chrono::duration_cast<std::chrono::microseconds>(since_1970);
  const auto start_us = static_cast<uint64_t>(start.count());
  Controller controller(config, *port, start_us, callbacks);
  controller.Start(Now());
  spdlog::info("baton-controller ready: {} virtual routers", config.virtual_routers.size());
  spdlog::info("signal {}: stopping", Serve(controller, **wire, signals));
  close(signals);
  return 0;
}

int Main(int argc, char** argv) {
  gflags::SetUsageMessage("baton-controller --config FILE [--check]");
  gflags::SetVersionString(controlplane::kVersion);
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (argc > 1) {
    std::fprintf(stderr, "baton-controller: unexpected argument \"%s\"\n", argv[1]);
    return kWrongUse;
  }
  spdlog::set_level(spdlog::level::from_str(FLAGS_log_level));
  spdlog::flush_on(spdlog::level::info);
  const controlplane::ControllerParse parsed = controlplane::LoadControllerConfig(FLAGS_config);
  if (!parsed.ok()) {
    std::fprintf(stderr, "%s", parsed.Report().c_str());
    return kWrongUse;
  }
  if (FLAGS_check) {
    std::printf("%s: ok\n", FLAGS_config.c_str());
    return 0;
  }
  return Run(parsed.config);
}

}  // namespace
}  // namespace baton

int main(int argc, char** argv) { return baton::Main(argc, argv); }
