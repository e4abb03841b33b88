#include "programs/batonctl/verbs.h"

#include <algorithm>
#include <numeric>

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/types/span.h>

#include "controlplane/api/answers.h"
#include "controlplane/config/parse.h"
#include "programs/batonctl/capture.h"
#include "programs/batonctl/connection.h"
#include "programs/batonctl/events.h"
#include "programs/batonctl/frame_file.h"
#include "programs/batonctl/print.h"

namespace baton::batonctl {
namespace {

using Words = absl::Span<const std::string>;
using Stub = v1::Admin::Stub;

struct Call {
  const Options& options;
  std::ostream& out;
  std::ostream& err;
  bool usage_error = false;  // set with the error that a verb returns for its arguments
  bool refused = false;      // the answer, which is printed, says so
};

absl::Status UsageError(Call& call, const std::string& message) {
  call.usage_error = true;
  return absl::InvalidArgumentError(message);
}

template <typename Question, typename Answer>
absl::Status AskAndPrint(Call& call, Connection::Method<Question, Answer> method, const Question& question) {
  ASSIGN_OR_RETURN(Connection connection, Connection::To(call.options.socket));
  ASSIGN_OR_RETURN(const Answer answer, (connection.Ask<Question, Answer>(method, question)));
  call.out << (call.options.json ? ToJson(answer) : ToText(answer));
  return absl::OkStatus();
}

absl::Status Status(Call& call, Words) { return AskAndPrint(call, &Stub::Status, v1::StatusRequest()); }
absl::Status ShowPorts(Call& call, Words) { return AskAndPrint(call, &Stub::ShowPorts, v1::ShowPortsRequest()); }
absl::Status ShowWorkers(Call& call, Words) { return AskAndPrint(call, &Stub::ShowWorkers, v1::ShowWorkersRequest()); }
absl::Status ShowServices(Call& call, Words) {
  return AskAndPrint(call, &Stub::ShowServices, v1::ShowServicesRequest());
}
absl::Status ShowRoutes(Call& call, Words) { return AskAndPrint(call, &Stub::ShowRoutes, v1::ShowRoutesRequest()); }
absl::Status ShowNeighbors(Call& call, Words) {
  return AskAndPrint(call, &Stub::ShowNeighbors, v1::ShowNeighborsRequest());
}
absl::Status ShowModes(Call& call, Words) { return AskAndPrint(call, &Stub::ShowModes, v1::ShowModesRequest()); }

absl::Status ShowBackends(Call& call, Words) {
  v1::ShowBackendsRequest question;
  question.set_service(call.options.service);
  return AskAndPrint(call, &Stub::ShowBackends, question);
}

absl::Status ShowAccess(Call& call, Words) {
  v1::ShowAccessRequest question;
  question.set_client(call.options.client);
  question.set_external(call.options.external);
  question.set_backend(call.options.backend);
  question.set_service(call.options.service);
  question.set_limit(call.options.limit);
  return AskAndPrint(call, &Stub::ShowAccess, question);
}

absl::Status ShowDrops(Call& call, Words) {
  v1::ShowDropsRequest question;
  question.set_all(call.options.all);
  return AskAndPrint(call, &Stub::ShowDrops, question);
}

absl::Status ShowVirtualRouters(Call& call, Words) {
  return AskAndPrint(call, &Stub::ShowVirtualRouters, v1::ShowVirtualRoutersRequest());
}

absl::Status ShowConditions(Call& call, Words) {
  v1::ShowConditionsRequest question;
  question.set_id(call.options.group);
  question.set_limit(call.options.limit);
  return AskAndPrint(call, &Stub::ShowConditions, question);
}

absl::Status ShowEndSystems(Call& call, Words) {
  v1::ShowEndSystemsRequest question;
  question.set_id(call.options.group);
  question.set_limit(call.options.limit);
  return AskAndPrint(call, &Stub::ShowEndSystems, question);
}

absl::Status Resign(Call& call, uint32_t id) {
  v1::ResignVirtualRouterRequest question;
  question.set_id(id);
  question.set_port(call.options.port);
  return AskAndPrint(call, &Stub::ResignVirtualRouter, question);
}

absl::Status Review(Call& call, uint32_t id) {
  v1::ReviewVirtualRouterRequest question;
  question.set_id(id);
  question.set_port(call.options.port);
  return AskAndPrint(call, &Stub::ReviewVirtualRouter, question);
}

absl::Status MoveConditions(Call& call, uint32_t id, const std::string& end_systems, const std::string& unit) {
  v1::MoveConditionsRequest question;
  question.set_id(id);
  question.set_port(call.options.port);
  question.set_unit(unit);
  question.set_all(end_systems == "all");
  if (!question.all()) {
    for (absl::string_view one : absl::StrSplit(end_systems, ',')) question.add_end_systems(std::string(one));
  }
  return AskAndPrint(call, &Stub::MoveConditions, question);
}

absl::Status ChangeVirtualRouter(Call& call, Words arguments) {
  uint32_t id = 0;
  if (!absl::SimpleAtoi(arguments[0], &id) || id < 1 || id > 255) {
    return UsageError(call, absl::StrCat("virtual-router: \"", arguments[0], "\" is not a number in 1..255"));
  }
  const std::string& change = arguments[1];
  if (change == "resign" && arguments.size() == 2) return Resign(call, id);
  if (change == "review" && arguments.size() == 2) return Review(call, id);
  if (change == "move" && arguments.size() == 4) return MoveConditions(call, id, arguments[2], arguments[3]);
  return UsageError(call, absl::StrCat("virtual-router: \"", absl::StrJoin(arguments.subspan(1), " "),
                                       "\" is not one of resign, review, move END-SYSTEM,...|all UNIT"));
}

absl::Status SetMode(Call& call, Words arguments) {
  v1::SetModeRequest question;
  question.set_address(arguments[0]);
  question.set_mode(arguments[1]);
  return AskAndPrint(call, &Stub::SetMode, question);
}

absl::Status ChangeBackend(Call& call, Words arguments) {
  v1::ChangeBackendRequest question;
  question.set_service(arguments[0]);
  question.set_backend(arguments[1]);
  const std::string& change = arguments[2];
  if (change == "weight" && arguments.size() == 4) {
    uint32_t weight = 0;
    if (!absl::SimpleAtoi(arguments[3], &weight)) {
      return UsageError(call, absl::StrCat("weight: \"", arguments[3], "\" is not a number in 0..65535"));
    }
    question.set_weight(weight);
  } else if ((change == "drain" || change == "enable") && arguments.size() == 3) {
    question.set_drain(change == "drain");
  } else {
    return UsageError(call, absl::StrCat("backend: \"", absl::StrJoin(arguments.subspan(2), " "),
                                         "\" is not one of weight N, drain, enable"));
  }
  return AskAndPrint(call, &Stub::ChangeBackend, question);
}

absl::Status Reload(Call& call, Words) {
  v1::ReloadRequest question;
  question.set_dry_run(call.options.dry_run);
  ASSIGN_OR_RETURN(Connection connection, Connection::To(call.options.socket));
  ASSIGN_OR_RETURN(const auto answer, (connection.Ask<v1::ReloadRequest, v1::ReloadResponse>(&Stub::Reload, question)));
  call.refused = answer.errors_size() + answer.needs_restart_size() > 0;
  if (call.refused && !call.options.json) {
    return absl::FailedPreconditionError(absl::StrCat("reload: ", absl::StripTrailingAsciiWhitespace(ToText(answer))));
  }
  call.out << (call.options.json ? ToJson(answer) : ToText(answer));
  return absl::OkStatus();
}

// The packet may be one argument or several words; with --pcap the argument is the frame's number.
absl::Status Explain(Call& call, Words arguments) {
  v1::ExplainRequest question;
  if (call.options.pcap.empty()) {
    std::string packet = absl::StrJoin(arguments, " ");
    if (!call.options.port.empty()) absl::StrAppend(&packet, " on ", call.options.port);
    question.set_packet(packet);
    return AskAndPrint(call, &Stub::Explain, question);
  }
  uint32_t number = 0;
  if (arguments.size() != 1 || !absl::SimpleAtoi(arguments[0], &number)) {
    return UsageError(call, "usage: batonctl explain --pcap FILE N --port PORT: N is the frame's number, from 1");
  }
  if (call.options.port.empty()) return UsageError(call, "port: --port tells where the frame comes in");
  const auto frame = ReadFrame(call.options.pcap, number);
  if (!frame.ok()) return UsageError(call, std::string(frame.status().message()));
  question.set_frame(*frame);
  question.set_port(call.options.port);
  return AskAndPrint(call, &Stub::Explain, question);
}

struct Verb {
  const char* name;
  const char* arguments;
  const char* help;
  size_t least, most;  // number of arguments
  absl::Status (*run)(Call&, Words);
};
// Of a file without a running box only what the file tells.
absl::Status WhyNot(Call& call, Words) {
  if (call.options.config.empty()) return AskAndPrint(call, &Stub::WhyNot, v1::WhyNotRequest());
  const controlplane::ParseResult parsed = controlplane::LoadConfig(call.options.config);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat("why-not: ", parsed.Report()));
  const v1::WhyNotResponse answer =
      controlplane::AnswerWhyNot(controlplane::FindMistakes(parsed.config, controlplane::View()));
  call.out << (call.options.json ? ToJson(answer) : ToText(answer));
  return absl::OkStatus();
}

absl::Status CapturePackets(Call& call, Words) {
  if (call.options.out_is_terminal) {
    return UsageError(call, "capture: writes a pcapng file, not for a terminal; add > FILE, or | tshark -r -");
  }
  v1::CaptureRequest question;
  question.set_port(call.options.port);
  question.set_filter(call.options.filter);
  question.set_drops(call.options.drops);
  question.set_count(call.options.count);
  question.set_snap_length(call.options.snap_length);
  ASSIGN_OR_RETURN(const std::string summary, Capture(call.options.socket, question, call.out));
  call.err << "batonctl: " << summary << "\n";
  return absl::OkStatus();
}

absl::Status StreamEvents(Call& call, bool follow) {
  v1::EventsRequest question;
  question.set_follow(follow);
  question.set_count(call.options.count);
  return Events(call.options.socket, question, call.options.json, call.out);
}

absl::Status ShowEvents(Call& call, Words) { return StreamEvents(call, false); }
absl::Status FollowEvents(Call& call, Words) { return StreamEvents(call, true); }

constexpr size_t kMostWords = 32;
constexpr Verb kVerbs[] = {
    {"status", "", "the box in a few lines", 0, 0, Status},
    {"show ports", "", "ports with their traffic and what the devices lost", 0, 0, ShowPorts},
    {"show workers", "", "workers: busy share, fill of their tables and rings", 0, 0, ShowWorkers},
    {"show services", "", "services with the sums of their backends", 0, 0, ShowServices},
    {"show backends", "", "backends: weight, rows, traffic (--service)", 0, 0, ShowBackends},
    {"show access", "", "rows of live connections (--client --external --backend --service --limit)", 0, 0, ShowAccess},
    {"show routes", "", "where packets go", 0, 0, ShowRoutes},
    {"show neighbors", "", "MAC addresses of neighbours", 0, 0, ShowNeighbors},
    {"show drops", "", "why packets were dropped, and the balance of all packets (--all)", 0, 0, ShowDrops},
    {"show modes", "", "the box's addresses and the mode of each", 0, 0, ShowModes},
    {"show virtual-routers", "", "VRRP: role, priority and active router of each", 0, 0, ShowVirtualRouters},
    {"show conditions", "", "load sharing: who is in charge of which end system, measured load (--group --limit)", 0, 0,
     ShowConditions},
    {"show end-systems", "", "load sharing: end systems that are known, how they were found (--group --limit)", 0, 0,
     ShowEndSystems},
    {"show events", "", "what happened: roles of virtual routers, reloads (--count)", 0, 0, ShowEvents},
    {"events", "", "the same, and goes on with what happens, a line each (--count)", 0, 0, FollowEvents},
    {"virtual-router", "ID resign|review|move END-SYSTEM,...|all UNIT",
     "leaves the role of the active router, has the load looked at, moves shares (--port)", 2, 4, ChangeVirtualRouter},
    {"mode", "ADDRESS normal|migration|none", "sets the mode of an external or internal address", 2, 2, SetMode},
    {"backend", "SERVICE NAME weight N|drain|enable", "changes a backend's share of new connections", 3, 4,
     ChangeBackend},
    {"explain", "PROTO SRC > DST on PORT", "what becomes of a packet, and why (--pcap FILE N --port PORT: of a frame)",
     1, kMostWords, Explain},
    {"capture", "", "packets with what became of them, as pcapng (--port --filter --drops --count --snap-length)", 0, 0,
     CapturePackets},
    {"why-not", "", "what keeps traffic from passing: classic mistakes around the box (--config FILE: of a file)", 0, 0,
     WhyNot},
    {"reload", "", "reads the configuration file again, whole or not at all (--dry-run: only compares)", 0, 0, Reload},
};

// Levenshtein's distance.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// The verb's own words: "show ports" has two, others one.
size_t WordsOf(const Verb& verb) { return absl::string_view(verb.name).find(' ') == absl::string_view::npos ? 1 : 2; }

const Verb* FindVerb(Words words) {
  for (const Verb& verb : kVerbs) {
    if (words.size() >= WordsOf(verb) && absl::StrJoin(words.subspan(0, WordsOf(verb)), " ") == verb.name) return &verb;
  }
  return nullptr;
}

// After "show" only another kind of show can be meant.
const Verb& NearestVerb(Words words) {
  const auto distance = [&](const Verb& verb) {
    if (words[0] == "show" && WordsOf(verb) == 1) return std::string::npos;
    const std::string typed = absl::StrJoin(words.subspan(0, WordsOf(verb)), " ");
    return Distance(typed.substr(0, 64), verb.name);
  };
  return *std::min_element(std::begin(kVerbs), std::end(kVerbs),
                           [&](const Verb& a, const Verb& b) { return distance(a) < distance(b); });
}

absl::Status RunVerb(Call& call, Words words) {
  if (words.empty()) return UsageError(call, "a verb is missing; batonctl --help lists them");
  const Verb* verb = FindVerb(words);
  if (verb == nullptr) {
    const std::string typed = absl::StrJoin(words.subspan(0, words[0] == "show" ? 2 : 1), " ");
    return UsageError(call, absl::StrCat("unknown verb \"", typed, "\"; did you mean \"", NearestVerb(words).name,
                                         "\"? batonctl --help lists all verbs"));
  }
  const Words arguments = words.subspan(WordsOf(*verb));
  if (arguments.size() < verb->least || arguments.size() > verb->most) {
    return UsageError(call, absl::StrCat("usage: batonctl ", verb->name, *verb->arguments == '\0' ? "" : " ",
                                         verb->arguments));
  }
  return verb->run(call, arguments);
}

}  // namespace

std::string VerbsHelp() {
  std::string help;
  for (const Verb& verb : kVerbs) {
    const std::string left = absl::StrCat(verb.name, *verb.arguments == '\0' ? "" : " ", verb.arguments);
    absl::StrAppend(&help, absl::StrFormat("  %-42s  %s\n", left, verb.help));
  }
  return help;
}

int Run(const std::vector<std::string>& words, const Options& options, std::ostream& out, std::ostream& err) {
  Call call{options, out, err};
  const absl::Status status = RunVerb(call, words);
  if (status.ok()) return call.refused ? kExitFailed : 0;
  if (options.json) {
    v1::Failure failure;
    failure.set_error(std::string(status.message()));
    failure.set_code(absl::StatusCodeToString(status.code()));
    out << ToJson(failure);
  } else {
    err << "batonctl: " << status.message() << "\n";
  }
  return call.usage_error ? kExitUsage : kExitFailed;
}

}  // namespace baton::batonctl
