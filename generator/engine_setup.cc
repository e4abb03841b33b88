// Making an engine, and what it leaves when it has ended.
#include <algorithm>

#include "generator/engine.h"
#include "generator/engine_class.h"

namespace baton::generator {

namespace {

std::vector<int64_t> TimesOf(const std::vector<EventProfile>& events) {
  std::vector<int64_t> times;
  for (const EventProfile& event : events) times.push_back(event.at.count());
  return times;
}

}  // namespace

Engine::Engine(const Profile& profile, Crew* crew, int core)
    : profile_(profile),
      crew_(crew),
      core_(core),
      key_(crew != nullptr ? crew->key() : DrawKey(profile.seed)),
      epochs_(TimesOf(profile.events)),
      timeline_(profile.duration.count(), crew != nullptr) {}
Engine::~Engine() {
  if (crew_ != nullptr) FreeHandedOver();
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const Profile& profile, const std::vector<PortUse>& uses,
                                                       Crew* crew, int core) {
  std::unique_ptr<Engine> engine(new Engine(profile, crew, core));
  const uint32_t first = crew != nullptr ? crew->first_flow(core) : 0;
  ASSIGN_OR_RETURN(engine->flows_,
                   FlowTable::Create(first, static_cast<uint32_t>(profile.flow_count()), profile.has_tcp()));
  uint32_t servers = 0;
  for (size_t i = 0; i < profile.ports.size(); ++i) {
    RETURN_IF_ERROR(engine->AddPort(profile.ports[i], uses[i], &servers));
  }
  for (const FlowProfile& flow : profile.flows) engine->AddClass(flow);
  engine->PrepareForFragments();
  engine->unanswered_.reserve(profile.unanswered.size());
  for (const UnansweredProfile& unanswered : profile.unanswered) engine->AddUnanswered(unanswered);
  for (const ReplayProfile& replay : profile.replays) {
    engine->replays_.push_back(std::make_unique<ReplaySender>(replay));
  }
  return engine;
}

absl::Status Engine::AddPort(const PortProfile& profile, const PortUse& use, uint32_t* servers) {
  auto port = std::make_unique<Port>();
  port->place = ports_.size();
  port->role = profile.role;
  port->link = use.link;
  port->mac = use.mac;
  port->mtu = profile.mtu;
  port->peer = use.peer;
  port->hosts = Hosts(profile.addresses);
  port->macs = HostMacs(use.mac, profile.own_macs);
  port->also = profile.also;
  port->neighbors = std::make_unique<Neighbors>(port->macs, port->hosts);
  for (const IpAddress& gateway : profile.gateways) {
    // A gateway of a family without hosts is nobody's: it need not be there.
    if (use.peer.is_zero() && !port->hosts.of(gateway.family()).empty()) {
      port->gateways_of(gateway.family()).push_back({.place = port->neighbors->Need(gateway)});
    }
  }
  if (profile.role == Role::kServers) {
    has_servers_ = true;
    port->first_server = static_cast<uint16_t>(*servers);
    *servers += static_cast<uint32_t>(profile.addresses.size());
    port->echoes = profile.serve.echo;
    if (profile.serve.page > 0) {
      port->v4_pages = PagesOf(port->hosts.of(Family::kIpv4), profile.serve.page);
      port->v6_pages = PagesOf(port->hosts.of(Family::kIpv6), profile.serve.page);
    }
  }
  ports_.push_back(std::move(port));
  return absl::OkStatus();
}

// Of what the port's hosts send to `to`, in its neighbors; 0 when the far end is known anyhow.
size_t Engine::NextHopPlace(Port& port, const IpAddress& to) {
  if (!port.peer.is_zero()) return 0;
  const std::vector<Gateway>& gateways = port.gateways_of(to.family());
  return gateways.empty() ? port.neighbors->Need(to) : gateways.front().place;
}

void Engine::AddClass(const FlowProfile& profile) {
  uint32_t first = flows_.first();
  if (!classes_.empty()) first = classes_.back()->first_flow + classes_.back()->profile.count;
  const auto number = static_cast<uint8_t>(classes_.size());
  Port& port = *ports_[profile.port];
  auto c = std::make_unique<Class>(profile, number, first, port, profile_.seed + number, epochs_.count(),
                                   profile_.ports[profile.port].mtu);
  c->pace = Pace(profile.rate, profile_.catch_up.count());
  c->next_hop = NextHopPlace(port, profile.to);
  for (uint32_t i = 0; i < profile.count; ++i) {
    flows_.client(first + i).flow_class = number;
    flows_.server(first + i).flow_class = number;
  }
  for (int i = 0; i < 2 && profile.count > 0; ++i) PickAhead(*c, kBurst);
  classes_.push_back(std::move(c));
}

namespace {

// The flow's longest time without an arrival, up to the end of sending when the newest packet is `missing`.
// `no_more(from)`: nothing of it arrived any more from then on; 0: never.
template <typename NoMore>
void AddFlow(const Ledger& ledger, bool missing, uint32_t flow, int64_t began_ns, int64_t ended_ns,
             DirectionResult& result, const NoMore& no_more) {
  int64_t gap_ns = int64_t{ledger.longest_gap_us()} * 1000;
  if (ledger.last_ns() == 0) {
    ++result.silent_flows;
    gap_ns = ended_ns - began_ns;
    no_more(int64_t{0});
  } else if (missing) {
    gap_ns = std::max(gap_ns, ended_ns - ledger.last_ns());
    no_more(ledger.last_ns());
  }
  if (static_cast<uint64_t>(gap_ns) > result.longest_gaps.most()) result.longest_gap_flow = flow;
  result.longest_gaps.Note(static_cast<uint64_t>(gap_ns));
}

}  // namespace

void Engine::AddFlows(const Class& c, CountsByEpoch& by_epoch, ClassResult& result) const {
  for (uint32_t i = 0; i < c.profile.count; ++i) {
    const uint32_t flow = c.first_flow + i;
    const ClientFlow& client = flows_.client(flow);
    const ServerFlow& server = flows_.server(flow);
    if (client.next_number == 0) continue;
    const auto no_more = [&](Gap EpochCounts::*gap) {
      return [&, gap](int64_t from_ns) {
        if (from_ns == 0) from_ns = epochs_.begin_of(client.first_epoch);
        if (from_ns < sending_ended_ns_) by_epoch.NoteGap(epochs_, from_ns, sending_ended_ns_, i, gap);
      };
    };
    // A client waits for a response also when its request never arrived.
    const bool request_missing = has_servers_ && server.requests.next() != client.next_number;
    const bool response_missing =
        client.responses.next() != (has_servers_ ? server.next_number : client.next_number);
    AddFlow(client.responses, request_missing || response_missing, c.profile.NumberOf(i), sending_began_ns_,
            sending_ended_ns_, result.responses, no_more(&EpochCounts::response_gap));
    if (has_servers_) {
      AddFlow(server.requests, request_missing, c.profile.NumberOf(i), sending_began_ns_, sending_ended_ns_,
              result.requests, no_more(&EpochCounts::request_gap));
    }
  }
}

namespace {

// Without servers of our own, who should have answered everything, as long as it was.
void AssumeAnswered(const DirectionCounts& requests, DirectionCounts& responses) {
  responses.sent = requests.sent;
  responses.sent_bytes = requests.sent_bytes;
}

}  // namespace

void Engine::AddSeconds(RunResult& result) const {
  if (sending_began_ns_ == 0) return;
  Timeline timeline = timeline_;
  Histogram trips;
  const Counted totals = Totals(&trips);
  timeline.Close(totals, trips);
  for (size_t i = 0; i < timeline.trips().size(); ++i) {
    SecondOfRun& second = result.timeline.emplace_back();
    second.from_s = static_cast<double>(timeline.seconds().begin_of(i) - sending_began_ns_) / 1e9;
    if (i > 0) result.timeline[i - 1].to_s = second.from_s;
    second.counts = timeline.counts().all()[i];
    second.round_trip = timeline.trips()[i];
    if (crew_ != nullptr) timeline.AddTrips(i, second.round_trips.emplace());
    if (!has_servers_) {  // nobody knows what became of the requests
      AssumeAnswered(second.counts.requests, second.counts.responses);
      second.counts.requests = {};
    }
  }
  result.timeline.back().to_s = result.sending_s;
}

void Engine::AddEsp(const Class& c, ClassResult& result) const {
  result.esp.emplace();
  result.esp->flows = c.profile.esp.step;
  if (sending_began_ns_ == 0) return;
  const uint32_t rekeyings = c.esp->RekeyingsAt(sending_ended_ns_ - sending_began_ns_);
  const double rekey_s = static_cast<double>(c.profile.esp.rekey_ns) / 1e9;
  for (uint32_t n = 0; n <= rekeyings; ++n) {
    result.esp->associations.push_back({.from_s = n * rekey_s,
                                        .first_spi = c.profile.esp.first_spi + n * c.profile.esp.step});
  }
}

RunResult Engine::Result() const {
  RunResult result;
  size_t bytes = flows_.bytes();
  for (const auto& c : classes_) {
    ClassResult& r = result.classes.emplace_back();
    r.name = c->profile.name;
    r.flows = c->profile.count;
    r.offered_rate = c->profile.rate;
    r.requests.counts = c->counts.requests;
    r.requests.judged = has_servers_;
    r.responses.counts = c->counts.responses;
    if (!has_servers_) AssumeAnswered(r.requests.counts, r.responses.counts);
    r.wrong_server = c->counts.wrong_server;
    r.wrong_address = c->counts.wrong_address;
    r.skipped = c->pace.skipped();
    r.one_way = c->counts.one_way;
    r.round_trip = c->counts.round_trip;
    r.is_tcp = c->is_tcp;
    r.in_pieces = c->profile.fragments != 0;
    r.request_pieces = c->request_pieces;
    r.response_pieces = c->response_pieces;
    r.tcp = c->counts.tcp;
    r.tcp_set_up = c->counts.tcp_set_up;
    CountsByEpoch by_epoch = c->by_epoch;
    AddFlows(*c, by_epoch, r);
    by_epoch.Close(c->counts, Ends::Of(c->counts.tcp));
    r.epochs.assign(by_epoch.all().begin(), by_epoch.all().begin() + static_cast<ptrdiff_t>(epochs_.present()) + 1);
    for (EpochCounts& epoch : r.epochs) {
      for (Gap* gap : {&epoch.request_gap, &epoch.response_gap}) gap->flow = c->profile.NumberOf(gap->flow);
      if (!has_servers_) AssumeAnswered(epoch.requests, epoch.responses);
    }
    bytes += c->picker.bytes() + (c->esp != nullptr ? c->esp->bytes() : 0);
    if (c->esp != nullptr) AddEsp(*c, r);
    if (c->terminals != nullptr) {
      r.mobile = MobileResult{.moves = c->terminals->moves(), .gaps = c->terminals->gaps()};
      bytes += c->terminals->bytes();
    }
  }
  AddUnansweredTo(result);
  AddReplaysTo(result);
  for (const auto& port : ports_) {
    for (size_t place = 0; port->peer.is_zero() && place < port->neighbors->count(); ++place) {
      const IpAddress& address = port->neighbors->address(place);
      if (port->neighbors->mac(place).is_zero()) result.unresolved.push_back(address.ToString());
    }
  }
  for (size_t epoch = 0; epoch <= epochs_.present(); ++epoch) {
    result.epoch_begins_s.push_back(static_cast<double>(epochs_.begin_of(epoch) - sending_began_ns_) / 1e9);
  }
  result.sending_s = static_cast<double>(sending_ended_ns_ - sending_began_ns_) / 1e9;
  AddSeconds(result);
  AddGateways(result);
  result.strays = strays_;
  for (const auto& port : ports_) {
    if (port->serves()) result.served = served_;
  }
  result.fragments = reassembly_->counts();
  result.handed_over = handed_over_;
  result.flows = flows_.size();
  result.bytes_per_flow = flows_.size() == 0 ? 0 : static_cast<double>(bytes) / flows_.size();
  result.interrupted = interrupted_;
  return result;
}

}  // namespace baton::generator
