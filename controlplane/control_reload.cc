// Reload: another configuration takes over, whole or not at all (requests.h, reload.h). Everything is built on copies
// first; what fails on the way, a full table or a lack of slots, leaves the old state as it was.
#include <algorithm>
#include <memory>
#include <utility>

#include "controlplane/control.h"

namespace baton::controlplane {
namespace {

std::vector<std::string> Lines(const ParseResult& parsed) {
  std::vector<std::string> lines;
  for (const ConfigError& error : parsed.errors) lines.push_back(error.ToString(parsed.file_name));
  return lines;
}

}  // namespace

struct Control::NextState {
  SlotRegistry slots;
  CarriedOver carried;
  std::vector<Service> services;
  std::vector<KnownAddress> addresses;
  std::shared_ptr<const RouteTable> routes;  // null: as before
};

absl::StatusOr<ReloadReport> Control::Reload(bool dry_run) {
  if (!setup_.read_config) return absl::FailedPreconditionError("there is no configuration file to read again");
  // Who read an older file must not come later.
  const std::lock_guard lock(reload_mutex_);
  const auto parsed = std::make_shared<const ParseResult>(setup_.read_config());
  const auto report = std::make_shared<ReloadReport>();
  report->dry_run = dry_run;
  RETURN_IF_ERROR(requests_.Ask<absl::Status>([this, parsed, report](const StatusQuestion& question) {
    const absl::Status done = DoReload(*parsed, question, *report);
    if (!done.ok()) question->Answer(done);
  }));
  return *report;
}

absl::Status Control::DoReload(const ParseResult& parsed, const StatusQuestion& question, ReloadReport& report) {
  RETURN_IF_ERROR(HasRoomAfterCommit());
  report.generation = publisher_.generation();
  report.errors = Lines(parsed);
  if (report.errors.empty()) report.difference = Compare(config_, parsed.config);
  if (report.errors.empty() && !report.difference.changes.empty()) {
    auto next = BuildNext(parsed.config);
    if (!next.ok()) {
      report.errors.push_back(std::string(next.status().message()));
    } else if (report.difference.restart.empty() && !report.dry_run) {
      TakeUp(parsed.config, *std::move(next), question, report);
      return absl::OkStatus();
    }
  }
  report.refused = !report.errors.empty() || !report.difference.restart.empty();
  CountReload(report);
  // Answered after the next view, in which who asks then sees it counted.
  after_commits_.push_back({.generation = report.generation, .answer = question, .becoming_ours = {}});
  return absl::OkStatus();
}

absl::StatusOr<Control::NextState> Control::BuildNext(const Config& config) const {
  NextState next{slots_, {}, {}, {}, nullptr};
  ASSIGN_OR_RETURN(next.carried, CarryOver(config_, config, live_, services_, addresses_, leaving_, next.slots));
  ASSIGN_OR_RETURN(next.services, BuildServices(config, next.carried.live, next.slots, services_));
  ASSIGN_OR_RETURN(next.addresses, BuildAddresses(config, setup_.ports, next.carried.live, next.slots));
  if (config.routes != config_.routes) {
    ASSIGN_OR_RETURN(next.routes, setup_.build_routes(config.routes));
  }
  return next;
}

void Control::TakeUp(const Config& config, NextState next, const StatusQuestion& question, ReloadReport& report) {
  AfterCommit after{.generation = 0, .answer = question, .becoming_ours = {}};
  for (size_t slot = 0; slot < next.addresses.size(); ++slot) {
    const bool was = slot < addresses_.size() && addresses_[slot].local.announced;
    if (next.addresses[slot].local.announced && !was) after.becoming_ours.push_back(static_cast<Slot>(slot));
  }
  config_ = config;
  shown_config_ = nullptr;
  slots_ = std::move(next.slots);
  live_ = std::move(next.carried.live);
  leaving_ = std::move(next.carried.leaving);
  services_ = std::move(next.services);
  addresses_ = std::move(next.addresses);
  report.generation = publisher_.Publish(
      {.routes = std::move(next.routes),
       .services = std::make_shared<const ServiceTable>(services_, config_.dataplane.timeouts),
       .addresses = FreezeAddresses()});
  if (!leaving_.empty()) leaving_since_ = report.generation;
  after.generation = report.generation;
  after_commits_.push_back(std::move(after));
  routers_.Configure(RouterSettings(), turn_);
  AdjustSharing();
  next_track_ = {};  // what is tracked, and priorities, may be others
  CountReload(report);
}

void Control::CountReload(const ReloadReport& report) {
  if (!report.dry_run) {
    ++(report.refused ? reloads_.refused : reloads_.applied);
    reloads_.refusal.clear();
    if (!report.errors.empty()) {
      reloads_.refusal = report.errors.front();
    } else if (report.refused) {
      reloads_.refusal = absl::StrCat(report.difference.restart.front().ToString(), " needs a restart");
    }
    const size_t causes = report.errors.size() + report.difference.restart.size();
    if (report.refused && causes > 1) absl::StrAppend(&reloads_.refusal, " (and ", causes - 1, " more)");
  }
  // To the events only: the program logs reloads in more words.
  if (!report.dry_run) {
    events_.Add(turn_, "reload", report.refused ? absl::StrCat("reload: refused: ", reloads_.refusal)
                                                : absl::StrCat("reload: ", report.outcome(), ", ",
                                                               report.difference.changes.size(), " changes"));
  }
  if (setup_.on_reload) setup_.on_reload(report);
}

// A worker that has not committed yet may still make rows, so none leaves before all have.
void Control::ReleaseLeaving() {
  if (leaving_.empty() || committed() < leaving_since_) return;
  const auto rows = [&](Slot backend) {
    uint64_t sum = 0;
    for (const WorkerLink* worker : setup_.workers) {
      const WorkerCounters& counters = worker->counters();
      if (backend < counters.backend_slots) sum += counters.backends[backend].rows.Get();
    }
    return sum;
  };
  const auto ended = std::partition(leaving_.begin(), leaving_.end(), [&](const LeavingAddress& address) {
    return std::any_of(address.backends.begin(), address.backends.end(), [&](Slot b) { return rows(b) > 0; });
  });
  if (ended == leaving_.end()) return;
  for (auto at = ended; at != leaving_.end(); ++at) live_.leaving.erase(at->slot);
  leaving_.erase(ended, leaving_.end());
  auto addresses = RebuildAddresses();  // gives no slot, so it cannot fail
  if (addresses.ok()) publisher_.Publish({.routes = {}, .services = {}, .addresses = *std::move(addresses)});
}

// The operator need not wait for the rows to end, and cannot keep what the file does not have.
absl::Status Control::EndLeaving(Slot slot, AddressMode mode, const StatusQuestion& question) {
  if (mode != AddressMode::kNone) {
    return absl::FailedPreconditionError(
        absl::StrCat("address: ", addresses_[slot].local.address.ToString(),
                     " is no longer configured; only mode none can be set, which gives it up at once"));
  }
  live_.leaving.erase(slot);
  leaving_.erase(
      std::find_if(leaving_.begin(), leaving_.end(), [&](const LeavingAddress& a) { return a.slot == slot; }));
  ASSIGN_OR_RETURN(std::shared_ptr<const AddressTable> addresses, RebuildAddresses());
  const uint64_t generation = publisher_.Publish({.routes = {}, .services = {}, .addresses = std::move(addresses)});
  after_commits_.push_back({.generation = generation, .answer = question, .becoming_ours = {}});
  return absl::OkStatus();
}

}  // namespace baton::controlplane
