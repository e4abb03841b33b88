#include "tests/scenarios/load_sharing.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "tests/scenarios/box.h"

namespace baton::scenarios {
namespace {

using Words = std::vector<std::string>;

absl::Status SharingUsage(absl::string_view text) { return absl::InvalidArgumentError(absl::StrCat("usage: ", text)); }

absl::Status Differs(const Words& w, const std::string& got) {
  return absl::FailedPreconditionError(absl::StrCat(absl::StrJoin(w, " "), ": is ", got));
}

}  // namespace

bool LoadSharing::Knows(const std::string& command) {
  for (const absl::string_view known :
       {"share", "condition", "flows", "give", "take", "end-giving", "report", "abandon"}) {
    if (command == known) return true;
  }
  return false;
}

absl::Status LoadSharing::Do(const Words& w) {
  if (w[0] == "share") return Share(w);
  if (w[0] == "condition") return Condition(w);
  if (w[0] == "give") return Give(w);
  if (w[0] == "take") return Take(w);
  if (w[0] == "report") return Report(w);
  if (w[0] == "flows") return Flows();
  return End(w);
}

// Times of all hand-overs in stories.
constexpr Duration kSkew = std::chrono::milliseconds(5), kCover = std::chrono::milliseconds(50),
                   kLimit = std::chrono::milliseconds(200);
constexpr size_t kNotes = 16, kFlows = 32;
constexpr DigestKey kKey = {1, 2};

absl::StatusOr<ConditionGroup> LoadSharing::GroupOf(const std::string& vrid, const IpAddress& address) const {
  for (size_t i = 0; i < macs_.size(); ++i) {
    const bool same = absl::StrCat(macs_[i].vrid) == vrid && macs_[i].family == address.family();
    if (same) return static_cast<ConditionGroup>(i);
  }
  return absl::NotFoundError(absl::StrCat("no virtual router ", vrid));
}

absl::Status LoadSharing::Share(const Words& w) {
  if (w.size() != 5 || box_.PortNamed(w[1]) == kNoPort) {
    return SharingUsage("share PORT VRID ADDRESS active|backup|directed|off");
  }
  ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(w[3]));
  if (!GroupOf(w[2], address).ok()) {
    int vrid;
    if (!absl::SimpleAtoi(w[2], &vrid)) return SharingUsage("share PORT VRID ADDRESS active|backup|directed|off");
    macs_.push_back({box_.PortNamed(w[1]), address.family(), static_cast<uint8_t>(vrid), true, w[4] == "directed"});
    own_.push_back({.address = address, .kind = AddressKind::kOwn, .port = box_.PortNamed(w[1])});
  }
  ASSIGN_OR_RETURN(const ConditionGroup group, GroupOf(w[2], address));
  const bool passes = w[4] == "active" || w[4] == "directed";
  own_[group].mode = passes ? AddressMode::kNormal : AddressMode::kNone;
  box_.Tell(ShareLoad{group, w[4] != "off", passes ? Verdict::kPass : Verdict::kBlock});
  RETURN_IF_ERROR(box_.SetVirtualRouters(macs_, own_));
  box_.Commit();
  return absl::OkStatus();
}

absl::Status LoadSharing::Condition(const Words& w) {
  if (w.size() != 4) return SharingUsage("condition VRID ADDRESS pass|block|forget");
  ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(w[2]));
  ASSIGN_OR_RETURN(const ConditionGroup group, GroupOf(w[1], address));
  const ConditionWish wish = w[3] == "pass" ? ConditionWish::kPass
                             : w[3] == "block" ? ConditionWish::kBlock
                                               : ConditionWish::kForget;
  for (size_t worker = 0; worker < box_.workers(); ++worker) {
    auto batch = std::make_unique<ConditionBatch>();
    batch->group = group;
    batch->count = 1;
    batch->changes[0] = {address, wish};
    box_.Tell(worker, ChangeConditions{batch.get()});
    batches_.push_back(std::move(batch));
    ++lent_;
  }
  return absl::OkStatus();
}

absl::Status LoadSharing::Give(const Words& w) {
  if (w.size() < 4) return SharingUsage("give NAME VRID [sequence] ADDRESS ...");
  const bool sequence = w[3] == "sequence";
  HandOver& hand_over = hand_overs_[w[1]];
  for (size_t worker = 0; worker < box_.workers(); ++worker) {
    auto giving = std::make_unique<Giving>();
    for (size_t i = sequence ? 4 : 3; i < w.size(); ++i) {
      ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(w[i]));
      giving->conditions.push_back(address);
    }
    ASSIGN_OR_RETURN(giving->group, GroupOf(w[2], giving->conditions.front()));
    giving->kind = sequence ? HandOverKind::kSequence : HandOverKind::kExact;
    giving->cover = sequence ? Duration{} : kCover;
    giving->linger = giving->window = kSkew;
    giving->flows.resize(kFlows);
    giving->key = kKey;
    giving->notes.resize(kNotes);
    box_.Tell(worker, BeginGiving{giving.get()});
    hand_over.givings.push_back(std::move(giving));
    ++lent_;
  }
  return absl::OkStatus();
}

absl::Status LoadSharing::Take(const Words& w) {
  if (w.size() < 4) return SharingUsage("take NAME VRID [sequence] ADDRESS ...");
  const bool sequence = w[3] == "sequence";
  HandOver& hand_over = hand_overs_[w[1]];
  for (size_t worker = 0; worker < box_.workers(); ++worker) {
    auto taking = std::make_unique<Taking>();
    for (size_t i = sequence ? 4 : 3; i < w.size(); ++i) {
      ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(w[i]));
      taking->conditions.push_back(address);
    }
    ASSIGN_OR_RETURN(taking->group, GroupOf(w[2], taking->conditions.front()));
    taking->kind = sequence ? HandOverKind::kSequence : HandOverKind::kExact;
    taking->skew = kSkew;
    taking->cover = kCover;
    taking->limit = kLimit;
    taking->key = kKey;
    box_.Tell(worker, BeginTaking{taking.get()});
    hand_over.takings.push_back(std::move(taking));
    ++lent_;
  }
  return absl::OkStatus();
}

absl::Status LoadSharing::Report(const Words& w) {
  if (w.size() != 2 || hand_overs_.count(w[1]) == 0) return SharingUsage("report NAME");
  HandOver& hand_over = hand_overs_[w[1]];
  if (hand_over.given != box_.workers()) return absl::FailedPreconditionError("the old router has not stopped");
  std::vector<const Giving*> givings;
  for (const auto& giving : hand_over.givings) givings.push_back(giving.get());
  const ForwardedReport report = MakeReport(givings);
  for (size_t worker = 0; worker < hand_over.takings.size(); ++worker) {
    Taking& taking = *hand_over.takings[worker];
    taking.stopped_at = report.stopped_at;
    taking.report = SortReport(report.packets, report.stopped_at);
    SortMarks(MakeMarks(givings), taking);
    box_.Tell(worker, EndTaking{&taking});
  }
  return absl::OkStatus();
}

absl::Status LoadSharing::End(const Words& w) {
  if (w.size() != 2 || hand_overs_.count(w[1]) == 0) return SharingUsage("end-giving NAME | abandon NAME");
  HandOver& hand_over = hand_overs_[w[1]];
  for (size_t worker = 0; worker < box_.workers(); ++worker) {
    if (w[0] == "abandon") {
      box_.Tell(worker, AbandonTaking{hand_over.takings[worker].get()});
    } else {
      box_.Tell(worker, EndGiving{hand_over.givings[worker].get()});
    }
  }
  return absl::OkStatus();
}

absl::Status LoadSharing::ExpectReport(const Words& w) {
  const auto at = hand_overs_.find(w[2]);
  if (w.size() < 4 || at == hand_overs_.end()) return SharingUsage("expect report NAME PACKETS, or incomplete");
  if (at->second.given != box_.workers()) return Differs(w, "not there");
  std::vector<const Giving*> givings;
  for (const auto& giving : at->second.givings) givings.push_back(giving.get());
  if (w.size() > 4) {
    const std::string want = absl::StrJoin(w.begin() + 3, w.end(), " ");
    const std::string marks = absl::StrJoin(MakeMarks(givings), ", ", [](std::string* out, const FlowMark& mark) {
      absl::StrAppend(out, mark.condition.ToString());
      if (mark.status == FlowMark::Status::kNotFound) return absl::StrAppend(out, " none");
      absl::StrAppend(out, mark.status == FlowMark::Status::kFirst ? " first " : " last ", mark.src_port, " ",
                      mark.dst.ToString(), " ", mark.dst_port, " ", mark.sequence);
    });
    return marks == want ? absl::OkStatus() : Differs(w, marks);
  }
  const ForwardedReport report = MakeReport(givings);
  const std::string got = report.complete ? absl::StrCat(report.packets.size()) : "incomplete";
  return got == w[3] ? absl::OkStatus() : Differs(w, got);
}

absl::Status LoadSharing::Flows() {
  flows_.clear();
  for (size_t worker = 0; worker < box_.workers(); ++worker) {
    listings_.push_back(std::make_unique<FlowBatch>());
    box_.Tell(worker, ListFlows{listings_.back().get(), 0});
    ++lent_;
  }
  return absl::OkStatus();
}

void LoadSharing::OnEvent(size_t worker, const Event& event) {
  if (std::holds_alternative<TakingEnded>(event)) --lent_;
  if (const auto* e = std::get_if<GivingEnded>(&event)) {
    --lent_;
    for (auto& [name, hand_over] : hand_overs_) {
      for (const auto& giving : hand_over.givings) hand_over.given += giving.get() == e->giving;
    }
  }
  if (const auto* e = std::get_if<EndSystemSeen>(&event)) seen_.insert(e->address);
  if (const auto* e = std::get_if<ConditionsChanged>(&event)) {
    --lent_;
    refused_ += e->batch->refused;
  }
  if (const auto* e = std::get_if<FlowsListed>(&event)) {
    for (int i = 0; i < e->batch->count; ++i) {
      const ConditionFlow& flow = e->batch->flows[static_cast<size_t>(i)];
      flows_[flow.address].first += flow.packets;
      flows_[flow.address].second += flow.bytes;
    }
    if (e->batch->done) {
      --lent_;
    } else {
      box_.Tell(worker, ListFlows{e->batch, e->batch->next});
    }
  }
}

absl::Status LoadSharing::Expect(const Words& w) {
  if (w[1] == "seen") {
    std::vector<std::string> got;
    for (const IpAddress& address : std::exchange(seen_, {})) got.push_back(address.ToString());
    const std::string want = w[2] == "nothing" ? "" : absl::StrJoin(w.begin() + 2, w.end(), " ");
    return absl::StrJoin(got, " ") == want ? absl::OkStatus() : Differs(w, absl::StrJoin(got, " "));
  }
  if (w[1] == "refused") {
    const std::string got = absl::StrCat(std::exchange(refused_, 0));
    return got == w[2] ? absl::OkStatus() : Differs(w, got);
  }
  if (w[1] == "report") return ExpectReport(w);
  if (w.size() != 5) return SharingUsage("expect flow ADDRESS PACKETS BYTES");
  ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(w[2]));
  const auto at = flows_.find(address);
  const std::string got = at == flows_.end() ? "none" : absl::StrCat(at->second.first, " ", at->second.second);
  return got == absl::StrCat(w[3], " ", w[4]) ? absl::OkStatus() : Differs(w, got);
}

std::vector<std::string> LoadSharing::Mistakes() const {
  if (lent_ == 0) return {};
  return {absl::StrCat(lent_, " lent batches, givings or takings were not handed back")};
}

}  // namespace baton::scenarios
