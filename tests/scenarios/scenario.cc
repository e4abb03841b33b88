#include "tests/scenarios/scenario.h"

#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include "common/status.h"

namespace baton::scenarios {
namespace {

struct Line {
  int number = 0;
  std::string text;
};

absl::Status Wrong(const std::string& file, int line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ": ", what));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Splits at `separator` outside of quotes and parentheses.
std::vector<std::string> SplitOutside(absl::string_view text, absl::string_view separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted) depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (!quoted && depth == 0 && text.substr(i, separator.size()) == separator) {
      parts.emplace_back();
      i += separator.size() - 1;
    } else {
      parts.back() += text[i];
    }
  }
  return parts;
}

std::string StripComment(absl::string_view line) {
  return std::string(absl::StripTrailingAsciiWhitespace(SplitOutside(line, " # ").front()));
}

// {i}, {i+5}, {i*2}: the counter of the `repeat` around.
std::string Expand(absl::string_view text, const std::string& name, int value) {
  std::string out(text);
  const std::string open = absl::StrCat("{", name);
  for (size_t at = out.find(open); at != std::string::npos; at = out.find(open, at)) {
    const size_t close = out.find('}', at);
    if (close == std::string::npos) break;
    const std::string rest = out.substr(at + open.size(), close - at - open.size());
    int operand = 0;
    if (!rest.empty() && !absl::SimpleAtoi(rest.substr(1), &operand)) break;
    const int result = rest.empty() ? value : rest[0] == '*' ? value * operand : rest[0] == '-' ? value - operand
                                                                                              : value + operand;
    out.replace(at, close - at + 1, absl::StrCat(result));
  }
  return out;
}

absl::StatusOr<Duration> ParseTime(absl::string_view word, Duration before) {
  const bool relative = absl::ConsumePrefix(&word, "+");
  double seconds;
  if (!absl::SimpleAtod(word, &seconds) || seconds < 0) {
    return absl::InvalidArgumentError(absl::StrCat("not a time in seconds: '", word, "'"));
  }
  const Duration time(static_cast<int64_t>(seconds * 1e6 + 0.5) * 1000);
  const Duration at = relative ? before + time : time;
  if (at < before) return absl::InvalidArgumentError(absl::StrCat("time goes back: '", word, "'"));
  return at;
}

absl::StatusOr<PortPacket> ParsePortPacket(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const bool from_kernel = absl::ConsumePrefix(&text, "kernel ");
  int times = 1;
  if (absl::ConsumePrefix(&text, "times ")) {
    const std::pair<absl::string_view, absl::string_view> counted = absl::StrSplit(text, absl::MaxSplits(' ', 1));
    if (!absl::SimpleAtoi(counted.first, &times)) return absl::InvalidArgumentError("times N PORT PACKET");
    text = counted.second;
  }
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(' ', 1));
  ASSIGN_OR_RETURN(PacketText packet, ParsePacket(parts.second));
  return PortPacket{.port = std::string(parts.first), .packet = std::move(packet), .name = "", .again = false,
                    .times = times, .from_kernel = from_kernel};
}

// sent PORT N | sent PORT as NAME | sent PORT again NAME
absl::Status ParseSent(const std::vector<std::string>& words, Outcome* outcome) {
  PortPacket any{.port = words.size() < 3 ? "" : words[1], .packet = {}, .name = "", .again = false};
  any.packet.kind = "any";
  int count;
  if (words.size() == 3 && absl::SimpleAtoi(words[2], &count)) {
    outcome->sent.insert(outcome->sent.end(), static_cast<size_t>(count), any);
    return absl::OkStatus();
  }
  if (words.size() != 4 || (words[2] != "as" && words[2] != "again")) {
    return absl::InvalidArgumentError("sent PORT N | sent PORT as NAME | sent PORT again NAME");
  }
  any.name = words[3];
  any.again = words[2] == "again";
  outcome->sent.push_back(any);
  return absl::OkStatus();
}

// drop REASON [N] | held [N] | wait [N] | control [N] | kernel [N] | nothing | PORT PACKET, separated by commas
absl::StatusOr<Outcome> ParseOutcome(absl::string_view text) {
  Outcome outcome;
  for (const std::string& part : SplitOutside(text, ",")) {
    const std::vector<std::string> words =
        absl::StrSplit(absl::StripAsciiWhitespace(part), absl::ByAnyChar(" "), absl::SkipEmpty());
    if (words.empty()) return absl::InvalidArgumentError("an empty outcome");
    if (words[0] == "nothing") continue;
    if (words[0] == "sent") {
      RETURN_IF_ERROR(ParseSent(words, &outcome));
      continue;
    }
    const bool drop = words[0] == "drop";
    int* count = drop ? nullptr : words[0] == "held" ? &outcome.held : words[0] == "wait" ? &outcome.waiting
                              : words[0] == "control" ? &outcome.control
                              : words[0] == "kernel" ? &outcome.kernel : nullptr;
    if (!drop && count == nullptr) {
      ASSIGN_OR_RETURN(PortPacket sent, ParsePortPacket(part));
      outcome.sent.push_back(std::move(sent));
      continue;
    }
    if (drop && words.size() < 2) return absl::InvalidArgumentError("`drop` wants a reason");
    if (drop) count = &outcome.drops[words[1]];
    const size_t number = drop ? 2 : 1;
    int times = 1;
    if (words.size() > number && !absl::SimpleAtoi(words[number], &times)) {
      return absl::InvalidArgumentError(absl::StrCat("not a number: '", words[number], "'"));
    }
    *count += times;
  }
  return outcome;
}

bool IsCommand(absl::string_view word) {
  for (const absl::string_view command : {"abandon", "backend", "buffers", "commit", "condition", "end-giving",
                                          "events", "expect", "flows", "give", "kernel-room", "load", "mode",
                                          "neighbor", "poll", "reload", "report", "share", "stage", "steering",
                                          "stop", "take", "transmit", "virtual-router"}) {
    if (word == command) return true;
  }
  return false;
}

absl::StatusOr<Step> ParseStep(absl::string_view text, Duration before) {
  Step step;
  step.at = before;
  std::vector<std::string> sides = SplitOutside(text, "=>");
  if (sides.size() > 2) return absl::InvalidArgumentError("`=>` twice");
  absl::string_view action = absl::StripAsciiWhitespace(sides[0]);
  if (absl::ConsumePrefix(&action, "at ")) {
    action = absl::StripLeadingAsciiWhitespace(action);
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(action, absl::MaxSplits(' ', 1));
    ASSIGN_OR_RETURN(step.at, ParseTime(parts.first, before));
    action = absl::StripLeadingAsciiWhitespace(parts.second);
  }
  const std::vector<std::string> words = absl::StrSplit(action, absl::ByAnyChar(" "), absl::SkipEmpty());
  if (words.empty()) return absl::InvalidArgumentError("nothing to do");
  if (IsCommand(words[0])) {
    step.words = words;
  } else {
    if (sides.size() != 2) return absl::InvalidArgumentError("a packet wants `=> OUTCOME`");
    for (const std::string& part : SplitOutside(action, " & ")) {
      ASSIGN_OR_RETURN(PortPacket packet, ParsePortPacket(part));
      step.burst.push_back(std::move(packet));
    }
  }
  if (sides.size() == 2) {
    ASSIGN_OR_RETURN(step.outcome, ParseOutcome(sides[1]));
  }
  return step;
}

// Joins indented lines to the line before, expands `repeat NAME FIRST LAST ... end`, drops comments and empty lines.
absl::StatusOr<std::vector<Line>> Flatten(const std::vector<Line>& lines, const std::string& file) {
  std::vector<Line> out;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string text = StripComment(lines[i].text);
    if (text.empty() || absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "#")) continue;
    if (!absl::StartsWith(text, "repeat ")) {
      if (absl::ascii_isspace(static_cast<unsigned char>(text[0])) && !out.empty()) {
        absl::StrAppend(&out.back().text, " ", absl::StripAsciiWhitespace(text));
      } else {
        out.push_back({lines[i].number, text});
      }
      continue;
    }
    const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
    int first, last;
    if (words.size() != 4 || !absl::SimpleAtoi(words[2], &first) || !absl::SimpleAtoi(words[3], &last)) {
      return Wrong(file, lines[i].number, "repeat NAME FIRST LAST");
    }
    std::vector<Line> body;
    while (++i < lines.size() && lines[i].text != "end") body.push_back(lines[i]);
    if (i == lines.size()) return Wrong(file, lines.back().number, "`repeat` without `end`");
    for (int value = first; value <= last; ++value) {
      std::vector<Line> copy = body;
      for (Line& line : copy) line.text = Expand(line.text, words[1], value);
      ASSIGN_OR_RETURN(const std::vector<Line> flat, Flatten(copy, file));
      out.insert(out.end(), flat.begin(), flat.end());
    }
  }
  return out;
}

// Takes `box NAME` and the `config ... end` block out of `lines`.
absl::Status TakeConfig(std::vector<Line>* lines, const std::string& folder, Scenario* scenario) {
  std::vector<Line> rest;
  for (size_t i = 0; i < lines->size(); ++i) {
    const Line& line = (*lines)[i];
    absl::string_view text = line.text;
    if (absl::ConsumePrefix(&text, "box ")) {
      const auto box = ReadFile(absl::StrCat(folder, "/boxes/", absl::StripAsciiWhitespace(text), ".yaml"));
      if (!box.ok()) return Wrong(scenario->file, line.number, box.status().message());
      absl::StrAppend(&scenario->config, *box);
    } else if (text == "config" || text == "config later") {
      std::string& config = text == "config" ? scenario->config : scenario->later_config;
      while (++i < lines->size() && (*lines)[i].text != "end") absl::StrAppend(&config, (*lines)[i].text, "\n");
      if (i == lines->size()) return Wrong(scenario->file, line.number, "`config` without `end`");
    } else if (text == "neighbors manual") {
      scenario->manual_neighbors = true;
    } else if (StripComment(text) == "cards" || StripComment(text) == "no cards") {
      scenario->cards = StripComment(text) == "cards";
    } else if (absl::ConsumePrefix(&text, "workers ")) {
      if (!absl::SimpleAtoi(StripComment(text), &scenario->workers)) {
        return Wrong(scenario->file, line.number, "workers N");
      }
    } else if (absl::ConsumePrefix(&text, "polls ")) {
      if (!absl::SimpleAtoi(text, &scenario->polls)) return Wrong(scenario->file, line.number, "polls N");
    } else if (absl::ConsumePrefix(&text, "clock ")) {
      ASSIGN_OR_RETURN(scenario->clock, ParseTime(text, Duration{}));
    } else {
      rest.push_back(line);
    }
  }
  *lines = std::move(rest);
  return absl::OkStatus();
}

}  // namespace

std::string Outcome::ToString() const {
  std::vector<std::string> parts;
  for (const auto& [reason, count] : drops) {
    parts.push_back(count == 1 ? absl::StrCat("drop ", reason) : absl::StrCat("drop ", reason, " ", count));
  }
  if (held != 0) parts.push_back(absl::StrCat("held ", held));
  if (waiting != 0) parts.push_back(absl::StrCat("wait ", waiting));
  if (control != 0) parts.push_back(absl::StrCat("control ", control));
  if (kernel != 0) parts.push_back(absl::StrCat("kernel ", kernel));
  int any = 0;
  for (const PortPacket& p : sent) {
    const bool counted = p.packet.kind == "any" && p.name.empty();
    if (any != 0 && !counted) parts.push_back(absl::StrCat("sent ", std::exchange(any, 0)));
    if (counted) {
      ++any;
    } else if (!p.name.empty()) {
      parts.push_back(absl::StrCat("sent ", p.port, p.again ? " again " : " as ", p.name));
    } else {
      parts.push_back(absl::StrCat(p.port, " ", p.packet.ToString()));
    }
  }
  if (any != 0) parts.push_back(absl::StrCat("sent ", any));
  return parts.empty() ? "nothing" : absl::StrJoin(parts, ",\n      ");
}

absl::StatusOr<Scenario> ParseScenario(absl::string_view text, const std::string& file, const std::string& folder) {
  Scenario scenario;
  scenario.file = file;
  std::vector<Line> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    lines.push_back({static_cast<int>(lines.size()) + 1, std::string(line)});
  }
  absl::string_view title = lines[0].text;
  if (!absl::ConsumePrefix(&title, "# ")) return Wrong(file, 1, "the first line is the title: `# ...`");
  scenario.title = std::string(title);
  RETURN_IF_ERROR(TakeConfig(&lines, folder, &scenario));
  ASSIGN_OR_RETURN(const std::vector<Line> flat, Flatten(lines, file));
  Duration now{};
  for (const Line& line : flat) {
    absl::StatusOr<Step> step = ParseStep(line.text, now);
    if (!step.ok()) return Wrong(file, line.number, step.status().message());
    step->line = line.number;
    now = step->at;
    scenario.steps.push_back(*std::move(step));
  }
  return scenario;
}

absl::StatusOr<Scenario> LoadScenario(const std::string& folder, const std::string& file) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(absl::StrCat(folder, "/", file)));
  return ParseScenario(text, file, folder);
}

}  // namespace baton::scenarios
