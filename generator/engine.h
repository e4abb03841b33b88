// One core of the generator, both ends of the traffic: sends the requests that are due, answers those that arrive for
// its servers, checks and counts everything, answers its neighbours. Driven by PollOnce; used by one core only, but for
// progress() and phase(). Several engines, one a core, make a Crew. Allocates nothing after Create.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "generator/arrival.h"
#include "generator/counts.h"
#include "generator/crew.h"
#include "generator/epochs.h"
#include "generator/flow_table.h"
#include "generator/fragments/reassembly.h"
#include "generator/frame_template.h"
#include "generator/host_answers.h"
#include "generator/neighbors.h"
#include "generator/outbox.h"
#include "generator/pace.h"
#include "generator/profile/profile.h"
#include "generator/replay/sender.h"
#include "generator/result.h"
#include "generator/serving.h"
#include "generator/timeline.h"
#include "generator/unanswered/sender.h"

namespace baton::generator {

// What a port of the profile is connected to.
struct PortUse {
  Link* link = nullptr;
  MacAddress mac;
  MacAddress peer;  // not zero: every frame goes there, nobody is asked
};

enum class Phase : uint8_t { kResolving, kSending, kSettling, kDone };

class Engine {
 public:
  // REQUIRES: one use for each port of the profile, in its order; profile and links outlive this.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const Profile& profile, const std::vector<PortUse>& uses) {
    return Create(profile, uses, nullptr, 0);
  }
  // Number `core` of several. REQUIRES: as above, and the crew outlives this; all cores have ended when it is destroyed.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(Crew& crew, int core, const std::vector<PortUse>& uses) {
    return Create(crew.part(core), uses, crew.cores() > 1 ? &crew : nullptr, core);
  }
  ~Engine();

  // Returns how many frames it moved. REQUIRES: now_ns > 0 and never runs backwards.
  int PollOnce(int64_t now_ns);

  // No more requests from the next poll on; what is on its way is waited for as the profile says.
  void StopSending() { stop_ = true; }
  // Ends at the next poll.
  void Abort() { abort_ = true; }

  Phase phase() const { return phase_.load(std::memory_order_relaxed); }
  // Events of the profile whose time has come: from then on, what is sent counts as sent after them.
  size_t events_begun() const { return events_begun_.load(std::memory_order_relaxed); }
  // REQUIRES: phase() == kDone.
  int64_t sending_began_ns() const { return sending_began_ns_; }
  const Progress& progress() const { return progress_; }

  // All but seconds, events, ports and injected. REQUIRES: phase() == kDone.
  RunResult Result() const;

 private:
  struct Gateway {
    size_t place;       // in the port's neighbors
    uint64_t sent = 0;  // frames to it
  };
  struct Port {
    size_t place;  // in the profile
    Role role;
    Link* link;
    MacAddress mac;
    MacAddress peer;
    Hosts hosts;
    HostMacs macs;
    std::vector<IpAddress> also;   // that each host accepts
    std::unique_ptr<Neighbors> neighbors;
    std::vector<Gateway> v4_gateways, v6_gateways;  // host i uses the i-th, and round again
    InformationRequests questions;
    uint16_t first_server = 0;
    bool echoes = false;           // datagrams of clients that are not ours
    std::vector<std::string> v4_pages, v6_pages;  // for such clients, of each host
    uint16_t mtu = 0;
    Outbox outbox;

    std::vector<Gateway>& gateways_of(Family family) { return family == Family::kIpv4 ? v4_gateways : v6_gateways; }
    const std::vector<std::string>& pages_of(Family family) const { return family == Family::kIpv4 ? v4_pages : v6_pages; }
    bool serves() const { return echoes || !v4_pages.empty() || !v6_pages.empty(); }
    // Frames whose MAC address is not that of their host are not taken. In memory there is nobody who would find it.
    bool strict() const { return macs.own() && peer.is_zero(); }
    bool Accepts(const IpAddress& address) const;
  };
  struct Receiver {
    uint32_t host;    // of its family
    uint16_t server;  // its number; kServerMask: an address of nobody, at a port whose hosts share a MAC address
  };
  struct Class;
  struct Unanswered {
    Port& port;
    size_t next_hop;  // place in the port's neighbors
    std::unique_ptr<UnansweredSender> sender;
  };

  static absl::StatusOr<std::unique_ptr<Engine>> Create(const Profile& profile, const std::vector<PortUse>& uses,
                                                        Crew* crew, int core);
  Engine(const Profile& profile, Crew* crew, int core);
  absl::Status AddPort(const PortProfile& profile, const PortUse& use, uint32_t* servers);
  void AddClass(const FlowProfile& profile);
  static size_t NextHopPlace(Port& port, const IpAddress& to);

  void MovePhase(int64_t now_ns);
  void BeginSending(int64_t now_ns);
  void MoveEpoch(int64_t now_ns);
  Counted Totals(Histogram* trips) const;
  bool LearnNextHops();
  Arrival Read(const Port& port, const Frame& frame);
  int Receive(Port& port, Frame* frames, Arrival* arrivals);
  int Serve(Port& port, int64_t now_ns);
  bool TakeRequest(Port& port, const Arrival& arrival, Frame& frame, int64_t now_ns);
  int TakeResponses(Port& port, int64_t now_ns);
  bool IsAddressedRight(const Class& c, uint32_t flow, const Arrival& arrival, const uint8_t* frame) const;
  void TakeResponse(const Arrival& arrival, const uint8_t* frame, int64_t now_ns);
  int SendRequests(Class& c, int64_t now_ns);
  uint32_t NumberRequest(uint32_t flow) {
    ClientFlow& client = flows_.client(flow);
    if (client.next_number == 0) client.first_epoch = static_cast<uint8_t>(epochs_.present());
    return client.next_number++;
  }
  uint32_t CountRequest(Class& c, const Stamp& stamp, uint32_t bytes, int64_t now_ns);
  void CountResponse(Class& c, const Stamp& stamp, bool wrong, int64_t now_ns);
  static uint64_t Since(int64_t now_ns, uint64_t stamp_ns) {
    return (static_cast<uint64_t>(now_ns) - stamp_ns) & kStampTimeMask;
  }

  // engine_hosts.cc
  Receiver ReceiverOf(const Port& port, const Arrival& arrival, const uint8_t* frame) const;
  bool TakenByItsHost(const Port& port, const Arrival& arrival, const uint8_t* frame);
  void AnswerAsHost(Port& port, const Arrival& arrival, const Frame& frame);
  void AnswerInformation(Port& port);
  // The next hop of a frame, which is counted; none without a gateway: answers then go to whom the request came from.
  const MacAddress* GatewayOf(Port& port, Family family, uint32_t host);
  void SendAsHost(Port& port, Family family, uint32_t host, uint8_t* frame);
  void TakeBackFromGateway(Port& port, const Arrival& arrival, const uint8_t* frame);
  void AddGateways(RunResult& result) const;
  // engine_cores.cc
  int ReceiveOwn(Port& port, Frame* frames, Arrival* arrivals);
  int OwnerOf(const Port& port, const Arrival& arrival, const uint8_t* frame) const;
  bool HandOverWhole(Port& port, const Arrival& arrival, const Reassembly::Whole& whole);
  int FlowOwner(const Port& port, const Arrival& arrival, const uint8_t* frame) const;
  int64_t AgreedBegin(int64_t now_ns);
  void ShareNextHops();
  void FreeHandedOver();

  // engine_mobile.cc
  uint32_t WriteFromTerminal(Class& c, const FrameTemplate& frame, uint32_t source, const Stamp& stamp, uint8_t* at);
  bool TakeAtTerminal(Class& c, const Arrival& arrival, const uint8_t* frame, uint32_t source, int64_t now_ns);

  // engine_serving.cc
  bool ServeStranger(Port& port, const Arrival& arrival, Frame& frame);
  bool ServeWeb(Port& port, const Arrival& arrival, uint32_t host, Frame& frame);

  // engine_tcp.cc
  int OpenConnections(Class& c, int64_t now_ns);
  void WriteHeaders(Class& c, uint32_t flow, Frame& frame);
  struct Parts;
  void WriteInParts(Port& port, bool ipv4, uint16_t l4, const Segment& whole, const Parts& parts, Frame& frame);
  void SendFromClient(Class& c, uint32_t flow, const Segment& segment, Frame& frame);
  Class* TcpClassOf(uint32_t flow);
  bool SourceIn(const Port& port, const Arrival& arrival, const uint8_t* frame, uint32_t* source) const;
  bool FlowBySource(const Port& port, const Arrival& arrival, const uint8_t* frame, uint32_t* flow) const;
  bool TakeSegmentAtClient(Port& port, const Arrival& arrival, Frame& frame, int64_t now_ns);
  void CountWhole(Class& c, uint32_t flow, uint64_t sent_ns, int64_t now_ns);
  void CountNewRequest(Class& c, uint32_t flow, int64_t now_ns);
  void CountNews(Class& c, const ClientStep& step, bool by_server, const TcpClient& client);
  void NoteResponse(Class& c, const uint8_t* payload, const Segment& in, int64_t now_ns);
  bool TakeSegmentAtServer(Port& port, const Arrival& arrival, Frame& frame, int64_t now_ns);
  bool NoteRequest(Class& c, const uint8_t* payload, const Segment& in, int64_t now_ns, Stamp* stamp);
  void Sweep(Class& c, int64_t now_ns);
  void SendAgain(Class& c, uint32_t flow, TcpClient& client, int64_t now_ns);

  // engine_fragments.cc
  void PrepareForFragments();
  int SendDatagrams(Class& c, int64_t now_ns);
  void AnswerInPieces(Class& c, Port& port, const Arrival& arrival, uint8_t* request, uint16_t length, int64_t now_ns);
  void TakeBackDatagram(const Arrival& arrival, const Frame& frame, int64_t now_ns);
  void TakeFragment(Port& port, const Arrival& arrival, const Frame& frame, int64_t now_ns);

  // engine_replay.cc
  int SendReplays(int64_t now_ns);
  void AddReplaysTo(RunResult& result) const;

  // engine_unanswered.cc
  void AddUnanswered(const UnansweredProfile& profile);
  int SendUnanswered(int64_t now_ns);
  bool NoteUnanswered(const Port& port, const Arrival& arrival, const Frame& frame);
  uint64_t UnansweredSent() const;
  void AddUnansweredTo(RunResult& result) const;

  void PickAhead(Class& c, int count);
  void SetAside(Port& port, const Arrival& arrival, const Frame& frame, int64_t now_ns);
  void Say(Port& port, const std::vector<uint8_t>& bytes);
  void CountStray(const Arrival& arrival, bool at_clients, int64_t now_ns);
  void DropUnsent(int64_t now_ns);
  void Publish();
  template <typename Count>
  void MoveIfEarlier(Class& c, uint64_t age_ns, int64_t now_ns, Count count);
  void NoteGap(Class& c, int64_t last_ns, int64_t now_ns, uint32_t flow, Gap EpochCounts::*gap);
  void AddSeconds(RunResult& result) const;
  void AddEsp(const Class& c, ClassResult& result) const;
  void AddFlows(const Class& c, CountsByEpoch& by_epoch, ClassResult& result) const;

  const Profile& profile_;
  Crew* const crew_;    // null: this is the only core
  const int core_;
  const uint64_t key_;  // of this run's stamps
  FlowTable flows_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<Class>> classes_;
  std::vector<Unanswered> unanswered_;
  std::vector<std::unique_ptr<ReplaySender>> replays_;
  StrayCounts strays_;
  ServedCounts served_;
  std::unique_ptr<Reassembly> reassembly_;
  std::vector<uint8_t> datagram_;  // one that is about to be cut up
  // Identifies a datagram in pieces. One for all classes: over IPv6 two of the same ends may not have the same, whatever
  // their protocols (RFC 8200, 4.5).
  uint32_t next_datagram_ = static_cast<uint32_t>(key_);
  int receive_burst_ = kBurst;     // at servers: each frame may be answered by many
  uint64_t neighbor_changes_ = 0;  // when the templates last learnt of them
  Epochs epochs_;
  Timeline timeline_;
  Histogram trips_;     // of all classes: room to add them up
  int64_t cut_ns_ = 0;  // when the present epoch or the present second began, whichever was later
  int64_t last_request_ns_ = 0;
  bool has_servers_ = false;
  uint64_t told_ = 0;         // next hops: what the crew was told, or this core has seen, last
  uint64_t handed_over_ = 0;  // frames, to other cores
  int first_ring_ = 0;        // that is looked at first: another one each time
  size_t first_class_ = 0;  // that is served first: another one each poll

  int64_t phase_began_ns_ = 0, sending_began_ns_ = 0, sending_ended_ns_ = 0;
  std::atomic<Phase> phase_{Phase::kResolving};  // the core writes, main reads
  std::atomic<size_t> events_begun_{0};           // the core writes, main reads; alone, so relaxed
  std::atomic<bool> stop_{false}, abort_{false};  // main writes, the core reads
  bool interrupted_ = false;
  Progress progress_;
};

}  // namespace baton::generator
