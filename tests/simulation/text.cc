// Messages as lines for tests: units are letters, end systems end in .N.
#include <cstdio>

#include <absl/strings/str_cat.h>

#include "tests/simulation/group.h"

namespace baton::simulation {
namespace {

std::string UnitText(const IpAddress& unit) {
  return std::string(1, static_cast<char>('A' + (unit.v4() - Group::Unit(0).v4())));
}

struct Text {
  std::string operator()(const ls::Response& m) const { return absl::StrCat("response ", m.generation); }
  std::string operator()(const ls::Allocation& m) const {
    std::string text = absl::StrCat("allocation ", m.generation, m.base == 0 ? " whole:" : ":");
    for (const ls::Charge& charge : m.charges) {
      absl::StrAppend(&text, " .", charge.condition.v4() & 0xff, ">", UnitText(charge.unit), charge.orphan ? "!" : "");
    }
    return text;
  }
  std::string operator()(const ls::Confirmation& m) const {
    using Status = ls::Confirmation::Status;
    const char* const status = m.status == Status::kRecorded ? "confirmation " :
                               m.status == Status::kMissing ? "missing " : "no base ";
    return absl::StrCat(status, m.generation, " of ", UnitText(m.unit));
  }
  std::string operator()(const ls::Report& m) const { return absl::StrCat("report ", m.generation); }
  std::string operator()(const ls::ReviewRequest&) const { return "review request"; }
  std::string operator()(const ls::FlowRequest&) const { return "flow request"; }
  std::string operator()(const ls::FlowResponse& m) const {
    std::string text = "flows";
    for (const ls::Flow& flow : m.flows) {
      absl::StrAppend(&text, " .", flow.condition.v4() & 0xff, "=", flow.bits_per_second);
    }
    return text;
  }
};

}  // namespace

std::string ToText(const ls::Message& message) { return std::visit(Text{}, message); }

std::string Group::NameOf(size_t unit) const { return std::string(1, static_cast<char>('A' + unit % 64)); }

void Group::Trace(size_t from, const ls::Send& send) {
  if (std::holds_alternative<ls::Response>(send.message)) return;
  const std::string to = send.to == IpAddress{} ? "*" : UnitText(send.to);
  const std::string line = absl::StrCat(">", to, " ", ToText(send.message));
  if (options_.narrate) Narrate(from, line);
  if (options_.trace) trace_.push_back(NameOf(from) + line);
}

void Group::Narrate(size_t unit, const std::string& what) const {
  std::printf("%.6f %s%s\n", std::chrono::duration<double>(now_ - TimePoint{}).count(), NameOf(unit).c_str(),
              what.c_str());
}

std::string ToText(const ls::Action& action) {
  const auto list = [](const std::vector<IpAddress>& conditions) {
    std::string text;
    for (size_t i = 0; i < conditions.size() && i < 40; ++i) absl::StrAppend(&text, " .", conditions[i].v4() & 0xff);
    return text;
  };
  if (const auto* a = std::get_if<ls::SetDefault>(&action)) return a->pass ? "passes by default" : "blocks by default";
  if (const auto* a = std::get_if<ls::SetConditions>(&action)) {
    return (a->pass ? "passes" : "blocks") + list(a->conditions);
  }
  if (const auto* a = std::get_if<ls::BeginGiving>(&action)) {
    return absl::StrCat("begins to give ", a->generation, " to ", UnitText(a->to), ":", list(a->conditions));
  }
  if (const auto* a = std::get_if<ls::EndGiving>(&action)) {
    return absl::StrCat("gives ", a->generation, " to ", UnitText(a->to));
  }
  if (const auto* a = std::get_if<ls::BeginTaking>(&action)) {
    return absl::StrCat("begins to take ", a->generation, " from ", UnitText(a->from), ":", list(a->conditions));
  }
  if (const auto* a = std::get_if<ls::EndTaking>(&action)) {
    return absl::StrCat("takes ", a->generation, " from ", UnitText(a->from));
  }
  if (const auto* a = std::get_if<ls::EventLogged>(&action)) {
    static const char* const kKinds[] = {"took over", "unit alive", "unit at fault", "server alive", "server at fault",
                                         "review started", "review decided", "allocated", "confirmed", "taken",
                                         "given"};
    return absl::StrCat("logs: ", kKinds[static_cast<size_t>(a->kind)], " ",
                        a->unit == IpAddress{} ? "-" : UnitText(a->unit), " ", a->generation, " ", a->number);
  }
  return "discovers";
}

}  // namespace baton::simulation
