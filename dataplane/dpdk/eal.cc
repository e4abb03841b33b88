#include "dataplane/dpdk/eal.h"

#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <mutex>

#include <absl/strings/str_join.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>

namespace baton::dataplane {
namespace {

// Where DPDK's log goes: it wants a FILE, and gets one whose writes end here.
struct LogLines {
  std::mutex mutex;
  EalLog sink;
  bool starting = true;
  std::vector<std::string> while_starting;  // the last ones are the reason of a failure
  std::string unfinished;

  void Finish() {
    if (unfinished.empty()) return;
    if (starting) while_starting.push_back(unfinished);
    if (sink) {
      sink(unfinished);
    } else if (!starting) {
      std::fprintf(stderr, "%s\n", unfinished.c_str());
    }
    unfinished.clear();
  }

  void Add(absl::string_view text) {
    const std::lock_guard<std::mutex> lock(mutex);
    for (const char c : text) {
      if (c == '\n') {
        Finish();
      } else {
        unfinished.push_back(c);
      }
    }
  }
};

// DPDK logs until the process ends, and keeps pointers into its arguments: neither is ever freed.
LogLines& Lines() {
  static auto* lines = new LogLines;
  return *lines;
}

struct Arguments {
  std::vector<std::string> texts;
  std::vector<char*> pointers;  // as main() gets them
};

Arguments& Keep(const std::vector<std::string>& arguments) {
  static auto* kept = new std::list<Arguments>;
  Arguments& ours = kept->emplace_back();
  ours.texts = {"baton"};
  ours.texts.insert(ours.texts.end(), arguments.begin(), arguments.end());
  for (std::string& text : ours.texts) ours.pointers.push_back(text.data());
  ours.pointers.push_back(nullptr);
  return ours;
}

ssize_t WriteLog(void* /*cookie*/, const char* text, size_t length) {
  Lines().Add(absl::string_view(text, length));
  return static_cast<ssize_t>(length);
}

void OpenLog(EalLog log) {
  {
    const std::lock_guard<std::mutex> lock(Lines().mutex);
    Lines().sink = std::move(log);
    Lines().starting = true;
  }
  FILE* stream = fopencookie(nullptr, "w", {.read = nullptr, .write = WriteLog, .seek = nullptr, .close = nullptr});
  if (stream == nullptr) return;
  setvbuf(stream, nullptr, _IONBF, 0);
  rte_openlog_stream(stream);
}

// "0,1,5": the CPUs that this process may use.
std::string AllowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof(set), &set);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return absl::StrJoin(cpus, ",");
}

int RunBody(void* body) {
  (*static_cast<const std::function<void()>*>(body))();
  return 0;
}

}  // namespace

absl::Status StartEal(const std::vector<std::string>& arguments, EalLog log) {
  OpenLog(std::move(log));
  Arguments& kept = Keep(arguments);
  const int consumed = rte_eal_init(static_cast<int>(kept.texts.size()), kept.pointers.data());
  LogLines& lines = Lines();
  const std::lock_guard<std::mutex> lock(lines.mutex);
  lines.Finish();
  lines.starting = false;
  const std::vector<std::string> said = std::move(lines.while_starting);
  lines.while_starting.clear();
  if (consumed < 0) {
    const size_t from = said.size() > 4 ? said.size() - 4 : 0;
    return absl::FailedPreconditionError(
        absl::StrCat("dpdk: did not start with \"", absl::StrJoin(arguments, " "), "\": ", DpdkError(rte_errno),
                     said.empty() ? "" : "; it said: ", absl::StrJoin(said.begin() + from, said.end(), "; ")));
  }
  return absl::OkStatus();
}

absl::Status StartEalForTests(int megabytes) {
  // Two lcores that float over all CPUs: tests that run side by side must not all sit on CPU 0.
  const std::string cpus = AllowedCpus();
  return StartEal({"--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", absl::StrCat(megabytes),
                   absl::StrCat("--lcores=0@(", cpus, "),1@(", cpus, ")"), "--log-level=*:warning"});
}

void StopEal() { rte_eal_cleanup(); }

std::vector<unsigned> WorkerLcores() {
  std::vector<unsigned> lcores;
  unsigned lcore;
  RTE_LCORE_FOREACH_WORKER(lcore) lcores.push_back(lcore);
  return lcores;
}

absl::Status LaunchOnLcore(unsigned lcore, const std::function<void()>& body) {
  const int error = rte_eal_remote_launch(RunBody, const_cast<std::function<void()>*>(&body), lcore);
  if (error == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("lcore ", lcore, ": ", DpdkError(error)));
}

void WaitForLcore(unsigned lcore) { rte_eal_wait_lcore(lcore); }

std::string DpdkError(int error) { return rte_strerror(std::abs(error)); }

}  // namespace baton::dataplane
