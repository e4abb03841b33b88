#include "generator/event_runner.h"

#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace baton::generator {
namespace {

constexpr size_t kErrorBytes = 2000, kErrorLines = 10;
constexpr int64_t kGraceNs = 1'000'000'000;

int64_t NowNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

void Rest() {
  const timespec time{0, 2'000'000};
  nanosleep(&time, nullptr);
}

// As a report can hold it: UTF-8 without control characters.
std::string Printable(std::string text) {
  int following = 0;
  bool utf8 = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (following > 0 || byte >= 0x80) {
      const bool right = following > 0 ? (byte & 0xc0) == 0x80 : byte >= 0xc2 && byte < 0xf5;
      utf8 = utf8 && right;
      following = following > 0 ? following - 1 : byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    }
  }
  utf8 = utf8 && following == 0;
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f || (byte >= 0x80 && !utf8)) c = '?';
  }
  return text;
}

// Standard input and output are /dev/null: ours may carry the report. `errors`: becomes standard error.
int Spawn(const std::string& run, int errors, pid_t* pid) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, errors, 2);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);  // the ports' sockets are none of its business
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t set;
  sigemptyset(&set);
  posix_spawnattr_setsigmask(&attributes, &set);
  sigfillset(&set);
  posix_spawnattr_setsigdefault(&attributes, &set);
  const char* const arguments[] = {"sh", "-c", run.c_str(), nullptr};
  const int error = posix_spawn(pid, "/bin/sh", &files, &attributes, const_cast<char* const*>(arguments), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

// Its process stays a zombie until the end, so that nobody else can get the number of its group.
struct EventRunner::Command {
  EventProfile event;
  std::string failure;
  pid_t pid = 0;
  int errors = -1;  // to read its standard error from; -1: nobody has it open any more
  std::string error_text;
  int64_t started_ns = 0, ended_ns = 0;  // 0: not yet
  siginfo_t how{};
  bool ended_by_run = false;

  bool runs() const { return pid != 0 && ended_ns == 0; }

  void Start(int64_t now_ns) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      failure = absl::StrCat("no pipe: ", std::strerror(errno));
      return;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    errors = ends[0];
    started_ns = now_ns;
    const int error = Spawn(event.run, ends[1], &pid);
    close(ends[1]);
    if (error == 0) return;
    pid = 0;
    failure = absl::StrCat("/bin/sh cannot be started: ", std::strerror(error));
  }

  // Reads on beyond what is kept: a full pipe would block the command.
  void ReadErrors() {
    char bytes[4096];
    while (errors >= 0) {
      const ssize_t got = read(errors, bytes, sizeof(bytes));
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0) {
        close(errors);
        errors = -1;
      } else if (error_text.size() < kErrorBytes) {
        error_text.append(bytes, std::min(static_cast<size_t>(got), kErrorBytes - error_text.size()));
      }
    }
  }

  void LookAfter(int64_t now_ns) {
    ReadErrors();
    if (!runs()) return;
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    how = info;
    ended_ns = now_ns;
    ReadErrors();
  }

  EventResult Result(int64_t began_ns) const {
    EventResult result;
    result.at_s = static_cast<double>(event.at.count()) / 1e9;
    result.run = event.run;
    result.failure = failure;
    result.started = pid != 0;
    if (!result.started) return result;
    result.started_s = static_cast<double>(started_ns - began_ns) / 1e9;
    result.ended_by_run = ended_by_run;
    if (ended_ns != 0) result.ended_s = static_cast<double>(ended_ns - began_ns) / 1e9;
    if (ended_ns != 0 && how.si_code == CLD_EXITED) {
      result.status = how.si_status;
    } else {
      result.signal = how.si_status;
    }
    const std::string printable = Printable(error_text);
    const absl::string_view text = absl::StripTrailingAsciiWhitespace(printable);
    if (!text.empty()) result.errors = absl::StrSplit(text, '\n');
    if (result.errors.size() > kErrorLines) result.errors.resize(kErrorLines);
    return result;
  }
};

EventRunner::EventRunner(const std::vector<EventProfile>& events) {
  std::signal(SIGCHLD, SIG_DFL);  // whoever started us may have ignored it, and there would be no zombies
  for (const EventProfile& event : events) commands_.emplace_back().event = event;
}

EventRunner::~EventRunner() { End(); }

void EventRunner::Advance(size_t begun, int64_t now_ns) {
  for (; started_ < begun && started_ < commands_.size(); ++started_) commands_[started_].Start(now_ns);
  for (Command& command : commands_) command.LookAfter(now_ns);
}

bool EventRunner::busy() const {
  if (started_ < commands_.size()) return true;
  for (const Command& command : commands_) {
    if (command.runs()) return true;
  }
  return false;
}

void EventRunner::End() {
  if (ended_) return;
  ended_ = true;
  int64_t now_ns = NowNs();
  for (Command& command : commands_) {
    command.LookAfter(now_ns);
    command.ended_by_run = command.ended_by_run || command.runs();
  }
  // Who has a command's standard error open still runs, though it be in its background.
  for (const int signal : {SIGTERM, SIGKILL}) {
    for (const Command& command : commands_) {
      if (command.pid != 0) kill(-command.pid, signal);
    }
    for (const int64_t until_ns = now_ns + kGraceNs; now_ns < until_ns; now_ns = NowNs()) {
      bool some = false;
      for (Command& command : commands_) {
        command.LookAfter(now_ns);
        some = some || command.runs() || (command.pid != 0 && command.errors >= 0);
      }
      if (!some) break;
      Rest();
    }
  }
  for (Command& command : commands_) {
    if (command.errors >= 0) close(command.errors);
    command.errors = -1;
    if (command.pid != 0) waitpid(command.pid, nullptr, WNOHANG);
  }
}

std::vector<EventResult> EventRunner::Results(int64_t began_ns) const {
  std::vector<EventResult> results;
  for (const Command& command : commands_) results.push_back(command.Result(began_ns));
  return results;
}

}  // namespace baton::generator
