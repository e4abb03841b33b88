// baton-gen: plays clients and servers at once, and proves what was lost between them. docs/baton-gen.md.
//
//   baton-gen PROFILE [--report FILE] [--html FILE] [-- EAL OPTIONS]
//   baton-gen --loopback PROFILE       in memory: needs no root, NIC or hugepages
//   baton-gen --check PROFILE
//
// Exit status: 0 within the profile's limits, or a right profile with --check; 1 outside of them, or something failed;
// 2 wrong profile, ports or command line. SIGINT ends the sending; a second one does not wait for what is on its way.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gflags/gflags.h>

#include "dataplane/dpdk/eal.h"
#include "generator/event_runner.h"
#include "generator/loopback.h"
#include "generator/profile/reader.h"
#include "generator/report/html.h"
#include "generator/report/report.h"
#include "generator/report/saturation.h"
#include "generator/report/search_report.h"
#include "generator/run.h"
#include "generator/sum.h"
#include "programs/baton_gen/link_watch.h"
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

using Engines = std::vector<std::unique_ptr<Engine>>;

bool AllDone(const Engines& engines) {
  return std::all_of(engines.begin(), engines.end(), [](const auto& engine) { return engine->phase() == Phase::kDone; });
}

// An event has begun when it has at all cores: what is sent from then on counts as sent after it.
size_t EventsBegun(const Engines& engines) {
  size_t begun = SIZE_MAX;
  for (const auto& engine : engines) begun = std::min(begun, engine->events_begun());
  return begun;
}

Watch WatchOf(const Engines& engines) {
  std::vector<const Progress*> cores;
  for (const auto& engine : engines) cores.push_back(&engine->progress());
  return Watch(std::move(cores));
}

// Prints a line a second, runs the events' commands and takes signals until the engines are done.
std::vector<SecondResult> Supervise(const Engines& engines, EventRunner& events, const sigset_t& signals,
                                    LinkWatch* links = nullptr) {
  std::vector<SecondResult> seconds;
  Watch watch = WatchOf(engines);
  int64_t began = NowNs(), due = began + kSecondNs, before = began;
  watch.Next(began);
  bool stopping = false;
  while (!AllDone(engines)) {
    const timespec limit{0, events.busy() ? 1'000'000 : 20'000'000};
    if (sigtimedwait(&signals, nullptr, &limit) > 0) {
      for (const auto& engine : engines) {
        if (stopping) engine->Abort();
        engine->StopSending();
      }
      stopping = true;
    }
    const int64_t now = NowNs();
    events.Advance(EventsBegun(engines), now);
    if (links != nullptr) links->Look(now);
    if (now < due && !AllDone(engines)) continue;
    due += kSecondNs;
    seconds.push_back(watch.Next(now));
    if (!FLAGS_quiet) {
      const double length = static_cast<double>(now - before) / kSecondNs;
      std::fprintf(stderr, "%s\n", LiveLine(seconds.back(), length, watch.seen().outstanding()).c_str());
    }
    before = now;
  }
  return seconds;
}

// REQUIRES: the cores have ended.
RunResult ResultOf(const Profile& profile, const Engines& engines, EventRunner& events,
                   std::vector<SecondResult> seconds) {
  events.End();
  std::vector<RunResult> cores;
  for (const auto& engine : engines) cores.push_back(engine->Result());
  RunResult result = SumOf(profile, std::move(cores));
  result.seconds = std::move(seconds);
  result.events = events.Results(engines.front()->sending_began_ns());
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
  Crew crew(profile);
  std::vector<std::unique_ptr<Loopback>> loopbacks;  // each core has wires of its own
  Engines engines;
  for (int core = 0; core < crew.cores(); ++core) {
    ASSIGN_OR_RETURN(auto loopback, Loopback::Create(crew.part(core)));
    ASSIGN_OR_RETURN(auto engine, Engine::Create(crew, core, loopback->uses()));
    loopbacks.push_back(std::move(loopback));
    engines.push_back(std::move(engine));
  }
  const sigset_t signals = BlockSignals();
  std::vector<std::thread> threads;
  std::vector<uint64_t> cycles(engines.size());
  for (size_t i = 0; i < engines.size(); ++i) {
    threads.emplace_back([&engine = *engines[i], &busy = cycles[i]] { busy = Drive(engine, false); });
  }
  EventRunner events(profile.events);
  std::vector<SecondResult> seconds = Supervise(engines, events, signals);
  for (std::thread& thread : threads) thread.join();
  RunResult result = ResultOf(profile, engines, events, std::move(seconds));
  if (profile.impair.any()) {
    Injected requests, responses;
    for (const auto& loopback : loopbacks) {
      requests.Add(loopback->InjectedBy(Role::kClients));
      responses.Add(loopback->InjectedBy(Role::kServers));
    }
    result.injected_requests = requests;
    result.injected_responses = responses;
  }
  result.saturation = SaturationOf(result, crew.cores(), std::accumulate(cycles.begin(), cycles.end(), uint64_t{0}));
  return result;
}

// REQUIRES: an lcore for each core.
absl::StatusOr<RunResult> RunOnPorts(const Profile& profile, const Wires& wires, const std::vector<unsigned>& lcores) {
  Crew crew(profile);
  Engines engines;
  std::vector<std::function<void()>> bodies;
  for (int core = 0; core < crew.cores(); ++core) {
    ASSIGN_OR_RETURN(auto engine, Engine::Create(crew, core, wires.uses(core)));
    bodies.push_back([engine = engine.get(), nap = wires.shares_cpu()] { Drive(*engine, nap); });
    engines.push_back(std::move(engine));
  }
  const sigset_t signals = BlockSignals();
  absl::Status launched;
  size_t running = 0;
  while (launched.ok() && running < bodies.size()) {
    launched = dataplane::LaunchOnLcore(lcores[running], bodies[running]);
    running += launched.ok();
  }
  if (!launched.ok()) {
    for (const auto& engine : engines) engine->Abort();
  }
  EventRunner events(profile.events);
  std::vector<SecondResult> seconds;
  LinkWatch links(wires.ports());
  if (launched.ok()) seconds = Supervise(engines, events, signals, &links);
  for (size_t i = 0; i < running; ++i) dataplane::WaitForLcore(lcores[i]);
  RETURN_IF_ERROR(launched);
  RunResult result = ResultOf(profile, engines, events, std::move(seconds));
  result.ports = wires.Results(profile, links);
  return result;
}

int RunLoopback(const Profile& profile) {
  const auto possible = Loopback::Create(profile);
  if (!possible.ok()) return Refuse(possible.status(), kWrongUse);
  return RunAndFinish(profile, RunInMemory);
}

int RunPorts(const Profile& profile) {
  const std::vector<unsigned> lcores = dataplane::WorkerLcores();
  if (lcores.size() < profile.cores) {
    return Refuse(absl::FailedPreconditionError(absl::StrCat("the profile wants ", profile.cores, " cores, DPDK has ",
                                                             lcores.size(), " lcores beside the main one")), kWrongUse);
  }
  const auto wires = Wires::Open(profile);
  if (!wires.ok()) return Refuse(wires.status(), kWrongUse);
  return RunAndFinish(profile, [&](const Profile& trial) { return RunOnPorts(trial, **wires, lcores); });
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
