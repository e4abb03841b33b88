#include "controlplane/control.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace baton::controlplane {
namespace {

constexpr int kEventsPerTurn = 256;  // of one worker
constexpr int kRequestsPerTurn = 16;

neighbor::Config NeighborConfig(const ControlSetup& setup) {
  neighbor::Config config;
  config.ports = setup.ports;
  config.limit = setup.config.dataplane.neighbors;
  return config;
}

}  // namespace

Control::Control(ControlSetup setup)
    : setup_(std::move(setup)),
      config_(setup_.config),
      publisher_(setup_.workers, setup_.config.dataplane.neighbors),
      neighbors_(NeighborConfig(setup_), *this),
      routers_(*this),
      worker_side_(setup_.workers, *this),
      // Less than the asker waits: it shall hear which worker was too slow.
      listing_(setup_.workers, setup_.request_time_limit * 9 / 10),
      explaining_(setup_.workers, setup_.request_time_limit * 9 / 10),
      capturing_(setup_.workers),
      requests_(setup_.request_time_limit) {}

Control::~Control() {
  Close();
  for (WorkerLink* worker : setup_.workers) {
    Event event;
    while (worker->Take(&event)) {
      if (const auto* frame = std::get_if<FrameForControl>(&event)) setup_.buffers->Free(frame->buffer);
    }
  }
}

absl::Status Control::Start(TimePoint now) {
  RETURN_IF_ERROR(CheckUnits());
  Snapshots first;
  ASSIGN_OR_RETURN(first.routes, setup_.build_routes(config_.routes));
  ASSIGN_OR_RETURN(first.services, RebuildServices());
  ASSIGN_OR_RETURN(first.addresses, RebuildAddresses());
  AfterCommit after{.generation = publisher_.Publish(first), .answer = nullptr, .becoming_ours = {}};
  for (size_t slot = 0; slot < addresses_.size(); ++slot) {
    if (addresses_[slot].local.announced) after.becoming_ours.push_back(static_cast<Slot>(slot));
  }
  after_commits_.push_back(std::move(after));
  started_ = turn_ = now;
  StartSharing();
  routers_.Configure(RouterSettings(), now);
  PublishView(now);
  return absl::OkStatus();
}

bool Control::Poll(TimePoint now) {
  turn_ = now;
  int work = 0;
  for (size_t worker = 0; worker < setup_.workers.size(); ++worker) work += TakeEvents(worker, now);
  work += requests_.Run(kRequestsPerTurn);
  work += publisher_.Poll();
  neighbors_.Tick(now);
  TrackRouters(now);
  routers_.Tick(now);
  TickSharing(now);
  work += worker_side_.Poll() ? 1 : 0;
  work += PublishRoles() ? 1 : 0;
  listing_.Tick(now);
  explaining_.Tick(now);
  capturing_.Tick();
  work += RunAfterCommits(now);
  if (now >= next_view_) {
    ReleaseLeaving();
    PublishView(now);
  }
  return work > 0 || listing_.busy() || explaining_.busy();
}

void Control::Close() {
  requests_.Close();
  listing_.Close();
  explaining_.Close();
  for (const AfterCommit& after : after_commits_) {
    if (after.answer) after.answer->Answer(absl::UnavailableError("the control thread is stopping"));
  }
  after_commits_.clear();
}

int Control::TakeEvents(size_t worker, TimePoint now) {
  int taken = 0;
  Event event;
  while (taken < kEventsPerTurn && setup_.workers[worker]->Take(&event)) {
    OnEvent(worker, event, now);
    ++taken;
  }
  return taken;
}

void Control::OnEvent(size_t worker, const Event& event, TimePoint now) {
  if (publisher_.OnEvent(worker, event) || worker_side_.OnEvent(worker, event)) return;
  if (const auto* frame = std::get_if<FrameForControl>(&event)) {
    ++counts_.frames_heard;
    if (frame->port < setup_.ports.size()) Hear(frame->port, {frame->data, frame->length}, now);
    setup_.buffers->Free(frame->buffer);
  } else if (const auto* need = std::get_if<NeedNeighbor>(&event)) {
    neighbors_.OnNeed(*need, now);
  } else if (std::holds_alternative<RowsListed>(event)) {
    listing_.OnRowsListed(worker, now);
  } else if (std::holds_alternative<Explained>(event)) {
    explaining_.OnExplained(worker, now);
  } else if (std::holds_alternative<CaptureEnded>(event)) {
    capturing_.OnEnded(worker);
  }
}

// Questions are answered here alone: a second answer, by the kernel, would tell of addresses that we are not in charge
// of.
void Control::Hear(PortId port, absl::Span<const uint8_t> frame, TimePoint now) {
  if (routers_.OnFrame(port, frame, now)) return;
  HearForSharing(port, frame, now);
  neighbors_.OnFrame(port, frame, now);
  if (!setup_.copy_to_kernel || setup_.ports[port].kernel.empty() || neighbor::IsQuestion(frame)) return;
  setup_.copy_to_kernel(port, frame);
}

// Announcements draw packets here, and answers let the asker go on to its next step: neither may come before the
// change is in effect at every worker (AM-45).
bool Control::RunAfterCommits(TimePoint now) {
  if (after_commits_.empty() || after_commits_.front().generation > committed()) return false;
  PublishView(now);  // an asker that looks after its answer sees its change
  while (!after_commits_.empty() && after_commits_.front().generation <= committed()) {
    const AfterCommit after = std::move(after_commits_.front());
    after_commits_.pop_front();
    Announce(after.becoming_ours, now);
    if (after.answer) after.answer->Answer(absl::OkStatus());
  }
  return true;
}

void Control::Announce(const std::vector<Slot>& slots, TimePoint now) {
  for (const Slot slot : slots) {
    const KnownAddress& known = addresses_[slot];
    if (!known.local.announced || known.announce_on == kNoPort) continue;
    neighbors_.Announce(known.local.address, known.announce_on, now, !known.directed);
  }
}

uint64_t Control::committed() const {
  uint64_t least = publisher_.generation();
  for (size_t worker = 0; worker < setup_.workers.size(); ++worker) {
    least = std::min(least, publisher_.committed(worker));
  }
  return least;
}

// A frame of control's own may be lost: whoever sends it repeats it or is asked again.
void Control::SendFrame(PortId port, absl::Span<const uint8_t> frame) {
  const BufferPool::Buffer buffer = setup_.buffers->Allocate();
  if (buffer.handle == nullptr) {
    ++counts_.frames_lost_no_buffer;
    return;
  }
  if (frame.size() > buffer.capacity) {
    ++counts_.frames_lost_too_long;
    setup_.buffers->Free(buffer.handle);
    return;
  }
  std::memcpy(buffer.data, frame.data(), frame.size());
  // Every worker has a transmit queue on every port; the first sends for control.
  const baton::SendFrame update{buffer.handle, buffer.data, static_cast<uint16_t>(frame.size()), port};
  if (setup_.workers.front()->Post(update)) {
    ++counts_.frames_sent;
  } else {
    ++counts_.frames_lost_ring_full;
    setup_.buffers->Free(buffer.handle);
  }
}

void Control::Tell(const SetNeighbor& update) { publisher_.Tell(update); }

bool Control::IsUsed(PortId port, const IpAddress& address) const {
  return std::any_of(setup_.workers.begin(), setup_.workers.end(), [&](const WorkerLink* worker) {
    return worker->NeighborUsed(port, address, neighbor::kUsedSeconds);
  });
}

bool Control::IsAnnounced(PortId port, const IpAddress& address) const {
  const auto at = address_slots_.find(address);
  if (at == address_slots_.end()) return false;
  const KnownAddress& known = addresses_[at->second];
  if (!known.local.announced || known.announce_on != port) return false;
  // Not yet in effect at every worker: an answer would draw packets that one of them refuses.
  return std::none_of(after_commits_.begin(), after_commits_.end(), [&](const AfterCommit& after) {
    return std::find(after.becoming_ours.begin(), after.becoming_ours.end(), at->second) != after.becoming_ours.end();
  });
}

absl::StatusOr<std::shared_ptr<const ServiceTable>> Control::RebuildServices() {
  ASSIGN_OR_RETURN(services_, BuildServices(config_, live_, slots_, services_));
  return std::make_shared<const ServiceTable>(services_, config_.dataplane.timeouts);
}

absl::StatusOr<std::shared_ptr<const AddressTable>> Control::RebuildAddresses() {
  ASSIGN_OR_RETURN(addresses_, BuildAddresses(config_, setup_.ports, live_, slots_));
  return FreezeAddresses();
}

std::shared_ptr<const AddressTable> Control::FreezeAddresses() {
  std::vector<LocalAddress> local;
  address_slots_.clear();
  for (const KnownAddress& known : addresses_) {
    if (!known.gone()) address_slots_.emplace(known.local.address, static_cast<Slot>(local.size()));
    local.push_back(known.local);
  }
  return std::make_shared<const AddressTable>(std::move(local), BuildVirtualMacs(config_, live_));
}

}  // namespace baton::controlplane
