#include "tests/scenarios/load_sharing.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "tests/scenarios/box.h"

namespace baton::scenarios {
namespace {

using Words = std::vector<std::string>;

absl::Status Usage(absl::string_view text) { return absl::InvalidArgumentError(absl::StrCat("usage: ", text)); }

absl::Status Differs(const Words& w, const std::string& got) {
  return absl::FailedPreconditionError(absl::StrCat(absl::StrJoin(w, " "), ": is ", got));
}

}  // namespace

bool LoadSharing::Knows(const std::string& command) {
  return command == "share" || command == "condition" || command == "flows";
}

absl::Status LoadSharing::Do(const Words& w) {
  if (w[0] == "share") return Share(w);
  if (w[0] == "condition") return Condition(w);
  return Flows();
}

absl::StatusOr<ConditionGroup> LoadSharing::GroupOf(const std::string& vrid, const IpAddress& address) const {
  for (size_t i = 0; i < macs_.size(); ++i) {
    if (absl::StrCat(macs_[i].vrid) == vrid && macs_[i].family == address.family()) return static_cast<ConditionGroup>(i);
  }
  return absl::NotFoundError(absl::StrCat("no virtual router ", vrid));
}

absl::Status LoadSharing::Share(const Words& w) {
  if (w.size() != 5 || box_.PortNamed(w[1]) == kNoPort) return Usage("share PORT VRID ADDRESS active|backup|off");
  ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(w[3]));
  if (!GroupOf(w[2], address).ok()) {
    int vrid;
    if (!absl::SimpleAtoi(w[2], &vrid)) return Usage("share PORT VRID ADDRESS active|backup|off");
    macs_.push_back({box_.PortNamed(w[1]), address.family(), static_cast<uint8_t>(vrid), true});
    own_.push_back({.address = address, .kind = AddressKind::kOwn, .port = box_.PortNamed(w[1])});
  }
  ASSIGN_OR_RETURN(const ConditionGroup group, GroupOf(w[2], address));
  own_[group].mode = w[4] == "active" ? AddressMode::kNormal : AddressMode::kNone;
  box_.Tell(ShareLoad{group, w[4] != "off", w[4] == "active" ? Verdict::kPass : Verdict::kBlock});
  RETURN_IF_ERROR(box_.SetVirtualRouters(macs_, own_));
  box_.Commit();
  return absl::OkStatus();
}

absl::Status LoadSharing::Condition(const Words& w) {
  if (w.size() != 4) return Usage("condition VRID ADDRESS pass|block|forget");
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
  if (w.size() != 5) return Usage("expect flow ADDRESS PACKETS BYTES");
  ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(w[2]));
  const auto at = flows_.find(address);
  const std::string got = at == flows_.end() ? "none" : absl::StrCat(at->second.first, " ", at->second.second);
  return got == absl::StrCat(w[3], " ", w[4]) ? absl::OkStatus() : Differs(w, got);
}

std::vector<std::string> LoadSharing::Mistakes() const {
  if (lent_ == 0) return {};
  return {absl::StrCat(lent_, " lent batches of conditions or flows were not handed back")};
}

}  // namespace baton::scenarios
