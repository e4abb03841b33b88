// baton-gen: plays clients and servers at once, and proves what was lost between them. docs/baton-gen.md.
//
//   baton-gen PROFILE [--report FILE] [--html FILE] [-- EAL OPTIONS]
//   baton-gen --loopback PROFILE       in memory: needs no root, NIC or hugepages
//   baton-gen --check PROFILE
//
// Exit status: 0 within the profile's limits, or a right profile with --check; 1 outside of them, or something failed;
// 2 wrong profile, ports or command line. SIGINT ends the sending; a second one does not wait for what is on its way.
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gflags/gflags.h>

#include "dataplane/dpdk/eal.h"
#include "generator/event_runner.h"
#include "generator/loopback.h"
#include "generator/profile/reader.h"
#include "generator/report/html.h"
#include "generator/report/report.h"
#include "generator/report/search_report.h"
#include "generator/run.h"
#include "programs/baton_gen/wires.h"
#include "programs/eal_options.h"

DEFINE_bool(loopback, false, "join the ports in memory: shows what the generator itself does to packets");
DEFINE_bool(check, false, "check the profile and exit");
DEFINE_bool(quiet, false, "no line per second");
DEFINE_string(html, "", "write the report as a page with plots to this file; - for standard output");
DEFINE_string(report, "", "write the JSON report to this file; - for standard output");

namespace baton::generator {
namespace {

constexpr int kFailed = 1, kWrongUse = 2;
constexpr int64_t kSecondNs = 1'000'000'000;

// Threads made from here on leave these signals to sigtimedwait.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

int64_t NowNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// Prints a line a second, runs the events' commands and takes signals until the engine is done.
std::vector<SecondResult> Supervise(Engine& engine, EventRunner& events, const sigset_t& signals) {
  std::vector<SecondResult> seconds;
  Watch watch(engine.progress());
  int64_t began = NowNs(), due = began + kSecondNs, before = began;
  watch.Next(began);
  bool stopping = false;
  while (engine.phase() != Phase::kDone) {
    const timespec limit{0, events.busy() ? 1'000'000 : 20'000'000};
    if (sigtimedwait(&signals, nullptr, &limit) > 0) {
      if (stopping) engine.Abort();
      engine.StopSending();
      stopping = true;
    }
    const int64_t now = NowNs();
    events.Advance(engine.events_begun(), now);
    if (now < due && engine.phase() != Phase::kDone) continue;
    due += kSecondNs;
    seconds.push_back(watch.Next(now));
    if (!FLAGS_quiet) {
      const double length = static_cast<double>(now - before) / kSecondNs;
      std::fprintf(stderr, "%s\n", LiveLine(seconds.back(), length, Outstanding(engine.progress())).c_str());
    }
    before = now;
  }
  return seconds;
}

// REQUIRES: the core has ended.
RunResult ResultOf(const Engine& engine, EventRunner& events, std::vector<SecondResult> seconds) {
  events.End();
  RunResult result = engine.Result();
  result.seconds = std::move(seconds);
  result.events = events.Results(engine.sending_began_ns());
  return result;
}

bool Write(const std::string& name, const std::string& text) {
  if (name == "-") return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  std::FILE* file = std::fopen(name.c_str(), "w");
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr && std::fclose(file) == 0 && written) return true;
  std::fprintf(stderr, "baton-gen: %s: cannot be written\n", name.c_str());
  return false;
}

int Finish(const Profile& profile, const RunResult& result) {
  const Verdict verdict = JudgeRun(profile.limits, result);
  std::fputs(Summary(result, verdict).c_str(), stderr);
  bool written = FLAGS_report.empty() || Write(FLAGS_report, JsonReport(profile, result, verdict));
  if (!FLAGS_html.empty()) written = Write(FLAGS_html, HtmlReport(profile, result, verdict)) && written;
  return written && verdict.passed() ? 0 : kFailed;
}

int Refuse(const absl::Status& status, int exit_status) {
  std::fprintf(stderr, "baton-gen: %s\n", std::string(status.message()).c_str());
  return exit_status;
}

// A signal ends the trial that runs, and with it the search.
int FinishSearch(const Profile& profile, const RunTrial& run) {
  const auto found = Search(profile, run, [&](const Trial& trial) {
    std::fprintf(stderr, "%s\n", TrialLine(profile, trial).c_str());
  });
  if (!found.ok()) return Refuse(found.status(), kFailed);
  std::fputs(Summary(profile, *found).c_str(), stderr);
  if (!FLAGS_report.empty() && !Write(FLAGS_report, JsonReport(profile, *found))) return kFailed;
  return found->best && !found->interrupted && found->failure.empty() ? 0 : kFailed;
}

int RunAndFinish(const Profile& profile, const RunTrial& run) {
  if (profile.search) return FinishSearch(profile, run);
  const auto result = run(profile);
  return result.ok() ? Finish(profile, *result) : Refuse(result.status(), kFailed);
}

absl::StatusOr<RunResult> RunInMemory(const Profile& profile) {
  ASSIGN_OR_RETURN(const auto loopback, Loopback::Create(profile));
  ASSIGN_OR_RETURN(const auto engine, Engine::Create(profile, loopback->uses()));
  const sigset_t signals = BlockSignals();
  std::thread core([&] { Drive(*engine, false); });
  EventRunner events(profile.events);
  std::vector<SecondResult> seconds = Supervise(*engine, events, signals);
  core.join();
  RunResult result = ResultOf(*engine, events, std::move(seconds));
  if (loopback->impaired()) {
    result.injected_requests = loopback->InjectedBy(Role::kClients);
    result.injected_responses = loopback->InjectedBy(Role::kServers);
  }
  return result;
}

absl::StatusOr<RunResult> RunOnPorts(const Profile& profile, const Wires& wires, unsigned lcore) {
  ASSIGN_OR_RETURN(const auto engine, Engine::Create(profile, wires.uses()));
  const bool nap = wires.shares_cpu();
  const std::function<void()> body = [&] { Drive(*engine, nap); };
  const sigset_t signals = BlockSignals();
  RETURN_IF_ERROR(dataplane::LaunchOnLcore(lcore, body));
  EventRunner events(profile.events);
  std::vector<SecondResult> seconds = Supervise(*engine, events, signals);
  dataplane::WaitForLcore(lcore);
  RunResult result = ResultOf(*engine, events, std::move(seconds));
  result.ports = wires.Results(profile);
  return result;
}

int RunLoopback(const Profile& profile) {
  const auto possible = Loopback::Create(profile);
  if (!possible.ok()) return Refuse(possible.status(), kWrongUse);
  return RunAndFinish(profile, RunInMemory);
}

int RunPorts(const Profile& profile) {
  const auto wires = Wires::Open(profile);
  if (!wires.ok()) return Refuse(wires.status(), kWrongUse);
  const std::vector<unsigned> lcores = dataplane::WorkerLcores();
  if (lcores.empty()) return Refuse(absl::FailedPreconditionError("DPDK has no lcore beside the main one"), kWrongUse);
  return RunAndFinish(profile, [&](const Profile& trial) { return RunOnPorts(trial, **wires, lcores[0]); });
}

int Main(int argc, char** argv) {
  const std::vector<std::string> eal_options = TakeEalOptions(&argc, argv);
  gflags::SetUsageMessage("baton-gen PROFILE [--loopback] [--check] [--report FILE] [--html FILE] [-- EAL OPTIONS]");
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (argc != 2) {
    std::fprintf(stderr, "baton-gen: wants one profile; options for DPDK go behind \"--\"\n");
    return kWrongUse;
  }
  const ProfileResult parsed = LoadProfile(argv[1]);
  if (!parsed.ok()) {
    std::fputs(parsed.Report().c_str(), stderr);
    return kWrongUse;
  }
  if (parsed.profile.search && !FLAGS_html.empty()) {
    return Refuse(absl::InvalidArgumentError("--html: a search has no page; --report writes its trials"), kWrongUse);
  }
  if (FLAGS_check) {
    std::printf("%s: ok\n", argv[1]);
    return 0;
  }
  if (FLAGS_loopback) return RunLoopback(parsed.profile);
  BlockSignals();  // DPDK's own threads inherit this
  const absl::Status eal = dataplane::StartEal(EalArguments(parsed.profile, eal_options), [](absl::string_view) {});
  if (!eal.ok()) return Refuse(eal, kFailed);
  const int status = RunPorts(parsed.profile);
  dataplane::StopEal();
  return status;
}

}  // namespace
}  // namespace baton::generator

int main(int argc, char** argv) { return baton::generator::Main(argc, argv); }
