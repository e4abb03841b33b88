// The requests of API threads: each is posted to the control thread and carried out there (control.h).
#include <algorithm>
#include <memory>
#include <utility>

#include "controlplane/control.h"

namespace baton::controlplane {
namespace {

constexpr size_t kChangesWaiting = 1024;  // for workers to commit them

const char* FamilyWord(Family family) { return family == Family::kIpv4 ? "ipv4" : "ipv6"; }

}  // namespace

absl::Status Control::SetMode(const IpAddress& address, AddressMode mode) {
  return requests_.Ask<absl::Status>([this, address, mode](const StatusQuestion& question) {
    const absl::Status done = DoSetMode(address, mode, question);
    if (!done.ok()) question->Answer(done);
  });
}

absl::Status Control::ChangeBackend(const BackendChange& change) {
  return requests_.Ask<absl::Status>([this, change](const StatusQuestion& question) {
    const absl::Status done = DoChangeBackend(change, question);
    if (!done.ok()) question->Answer(done);
  });
}

absl::StatusOr<int> Control::ResignRouter(const RouterFilter& filter) {
  using Answer = absl::StatusOr<int>;
  return requests_.Ask<Answer>(
      [this, filter](const std::shared_ptr<Question<Answer>>& question) { question->Answer(DoResignRouter(filter)); });
}

absl::StatusOr<std::vector<ReviewingUnit>> Control::ReviewRouter(const RouterFilter& filter) {
  using Answer = absl::StatusOr<std::vector<ReviewingUnit>>;
  return requests_.Ask<Answer>(
      [this, filter](const std::shared_ptr<Question<Answer>>& question) { question->Answer(DoReviewRouter(filter)); });
}

absl::StatusOr<MovedConditions> Control::MoveConditions(const ConditionMove& move) {
  using Answer = absl::StatusOr<MovedConditions>;
  return requests_.Ask<Answer>(
      [this, move](const std::shared_ptr<Question<Answer>>& question) { question->Answer(DoMoveConditions(move)); });
}

absl::StatusOr<std::vector<ListedRow>> Control::ListAccess(const AccessFilter& filter) {
  using Answer = AccessListing::Answer;
  return requests_.Ask<Answer>([this, filter](const std::shared_ptr<Question<Answer>>& question) {
    const absl::Status begun = DoListAccess(filter, question);
    if (!begun.ok()) question->Answer(begun);
  });
}

absl::StatusOr<ExplainedPacket> Control::Explain(const FrameToExplain& frame) {
  using Answer = Explaining::Answer;
  return requests_.Ask<Answer>([this, frame](const std::shared_ptr<Question<Answer>>& question) {
    const absl::Status begun = DoExplain(frame, question);
    if (!begun.ok()) question->Answer(begun);
  });
}

absl::StatusOr<std::shared_ptr<CaptureSession>> Control::StartCapture(const CaptureSettings& settings) {
  using Answer = absl::StatusOr<std::shared_ptr<CaptureSession>>;
  // Should nobody wait for the answer any more, nobody holds the session, and the capture ends at once.
  return requests_.Ask<Answer>([this, settings](const std::shared_ptr<Question<Answer>>& question) {
    question->Answer(capturing_.Start(settings));
  });
}

std::shared_ptr<const View> Control::GetView() const {
  const std::lock_guard lock(view_mutex_);
  return view_;
}

void Control::Note(absl::string_view kind, const std::string& text) {
  events_.Add(turn_, kind, text);
  if (setup_.on_event) setup_.on_event(text);
}

// An address in migration stays announced, or not, as it was: before the move the old box answers for it, the new one
// does not (AM-33).
absl::Status Control::DoSetMode(const IpAddress& address, AddressMode mode, const StatusQuestion& question) {
  const auto at = address_slots_.find(address);
  if (at == address_slots_.end()) {
    return absl::NotFoundError(absl::StrCat("address: ", address.ToString(), " is no external or internal address"));
  }
  const Slot slot = at->second;  // by value: to rebuild the addresses fills the map anew
  const LocalAddress was = addresses_[slot].local;
  if (was.kind == AddressKind::kOwn) {
    return absl::FailedPreconditionError(absl::StrCat("address: ", address.ToString(), " is port ",
                                                      setup_.ports[was.port].name,
                                                      "'s own, or a virtual router's on it"));
  }
  if (mode > AddressMode::kMigration) return absl::InvalidArgumentError("mode: is none of none, normal, migration");
  RETURN_IF_ERROR(HasRoomAfterCommit());
  if (live_.leaving.contains(slot)) return EndLeaving(slot, mode, question);
  const bool announced = mode == AddressMode::kMigration ? was.announced : mode == AddressMode::kNormal;
  AfterCommit after{.generation = publisher_.generation(), .answer = question, .becoming_ours = {}};
  if (was.mode != mode || was.announced != announced) {
    live_.modes[slot] = {.mode = mode, .announced = announced};
    ASSIGN_OR_RETURN(std::shared_ptr<const AddressTable> addresses, RebuildAddresses());
    after.generation = publisher_.Publish({.routes = {}, .services = {}, .addresses = std::move(addresses)});
    if (announced && !was.announced) after.becoming_ours.push_back(slot);
  }
  after_commits_.push_back(std::move(after));
  return absl::OkStatus();
}

absl::Status Control::DoChangeBackend(const BackendChange& change, const StatusQuestion& question) {
  const ServiceConfig* service = FindService(change.service);
  if (service == nullptr) {
    return absl::NotFoundError(absl::StrCat("service: there is no service \"", change.service, "\""));
  }
  const Service& built = services_[service - config_.services.data()];
  const auto backend = std::find_if(built.backends.begin(), built.backends.end(),
                                    [&](const Backend& b) { return b.name == change.backend; });
  if (backend == built.backends.end()) {
    return absl::NotFoundError(
        absl::StrCat("backend: service \"", change.service, "\" has no backend \"", change.backend, "\""));
  }
  if (!change.weight && !change.drain) {
    return absl::InvalidArgumentError("weight: neither weight nor drain is given, nothing to change");
  }
  if (change.weight.value_or(0) > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("weight: ", *change.weight, " is outside 0..65535"));
  }
  RETURN_IF_ERROR(HasRoomAfterCommit());
  BackendSetting& setting = live_.backends[backend->slot];
  if (change.weight) setting.weight = static_cast<uint16_t>(*change.weight);
  if (change.drain) setting.drained = *change.drain;
  ASSIGN_OR_RETURN(std::shared_ptr<const ServiceTable> services, RebuildServices());
  const uint64_t generation = publisher_.Publish({.routes = {}, .services = std::move(services), .addresses = {}});
  after_commits_.push_back({.generation = generation, .answer = question, .becoming_ours = {}});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<size_t>> Control::RoutersMeant(const RouterFilter& filter) const {
  std::vector<size_t> meant;
  for (size_t i = 0; i < routers_.size(); ++i) {
    const auto& [port, family, vrid] = routers_.settings(i).key();
    const char* word = FamilyWord(family);
    const bool fits = vrid == filter.id && (filter.port.empty() || filter.port == setup_.ports[port].name) &&
                      (filter.family.empty() || filter.family == word);
    if (fits) meant.push_back(i);
  }
  if (meant.empty()) return absl::NotFoundError(absl::StrCat("virtual router: there is none with id ", filter.id));
  return meant;
}

std::string Control::NameOf(size_t router) const {
  const auto& [port, family, vrid] = routers_.settings(router).key();
  return absl::StrCat(vrid, " on ", setup_.ports[port].name, " (", FamilyWord(family), ")");
}

absl::StatusOr<int> Control::DoResignRouter(const RouterFilter& filter) {
  ASSIGN_OR_RETURN(const std::vector<size_t> meant, RoutersMeant(filter));
  for (const size_t router : meant) {
    if (routers_.settings(router).machine.priority != vrrp::kOwnerPriority) continue;
    return absl::FailedPreconditionError(absl::StrCat("virtual router: ", NameOf(router),
                                                      ": the box owns the address and would be active again at once"));
  }
  int resigned = 0;
  for (const size_t router : meant) {
    if (!routers_.active(router)) continue;
    routers_.Resign(router, turn_);
    ++resigned;
  }
  return resigned;
}

absl::StatusOr<std::vector<ReviewingUnit>> Control::DoReviewRouter(const RouterFilter& filter) {
  ASSIGN_OR_RETURN(const std::vector<size_t> meant, RoutersMeant(filter));
  std::vector<ReviewingUnit> reviewing;
  for (const size_t router : meant) {
    const load_sharing::Sharer* sharer = SharerOf(router);
    if (sharer == nullptr) {
      return absl::FailedPreconditionError(absl::StrCat("virtual router: ", NameOf(router), " shares no load"));
    }
    const auto by = sharer->machine().ReviewBy();
    if (!by.ok()) return by.status();
    const auto& [port, family, vrid] = routers_.settings(router).key();
    reviewing.push_back({setup_.ports[port].name, FamilyWord(family), *by, *by == sharer->own()});
  }
  for (const size_t router : meant) SharerOf(router)->Review(turn_).IgnoreError();  // looked at above
  return reviewing;
}

absl::StatusOr<MovedConditions> Control::DoMoveConditions(const ConditionMove& move) {
  RouterFilter filter = move.router;
  filter.family = FamilyWord(move.to.family());
  ASSIGN_OR_RETURN(const std::vector<size_t> meant, RoutersMeant(filter));
  if (meant.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("port: virtual router ", filter.id, " is on several, name one"));
  }
  load_sharing::Sharer* sharer = SharerOf(meant[0]);
  if (sharer == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("virtual router: ", NameOf(meant[0]), " shares no load"));
  }
  ASSIGN_OR_RETURN(const size_t count, sharer->Move(move.end_systems, move.to, turn_));
  return MovedConditions{count, sharer->machine().generation()};
}

absl::Status Control::DoListAccess(const AccessFilter& filter,
                                   const std::shared_ptr<Question<AccessListing::Answer>>& question) {
  if (filter.limit == 0 || filter.limit > AccessListing::kMostRows) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit: ", filter.limit, " is outside 1..", AccessListing::kMostRows));
  }
  Slot slot = kNoSlot;
  if (!filter.service.empty()) {
    const ServiceConfig* service = FindService(filter.service);
    if (service == nullptr) {
      return absl::NotFoundError(absl::StrCat("service: there is no service \"", filter.service, "\""));
    }
    slot = services_[service - config_.services.data()].slot;
  }
  return listing_.Start(filter, slot, question);
}

absl::Status Control::DoExplain(const FrameToExplain& frame,
                                const std::shared_ptr<Question<Explaining::Answer>>& question) {
  if (frame.port >= setup_.ports.size()) {
    return absl::InvalidArgumentError(absl::StrCat("port: there is no port ", frame.port));
  }
  if (frame.bytes.size() > PacketTrace::kMostBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("frame: ", frame.bytes.size(), " bytes are more than the limit of ", PacketTrace::kMostBytes));
  }
  return explaining_.Start(frame, question);
}

absl::Status Control::HasRoomAfterCommit() const {
  if (after_commits_.size() < kChangesWaiting) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(kChangesWaiting, " changes wait for the workers to commit them"));
}

const ServiceConfig* Control::FindService(const std::string& name) const {
  for (const ServiceConfig& service : config_.services) {
    if (service.name == name) return &service;
  }
  return nullptr;
}

}  // namespace baton::controlplane
