#include "controlplane/vrrp/machine.h"

#include <algorithm>

namespace baton::controlplane::vrrp {
namespace {

void BecomeBackup(const RouterConfig& config, Duration active_interval, TimePoint now, State& state) {
  state.role = Role::kBackup;
  state.active_interval = active_interval;
  state.deadline = now + ActiveDownInterval(config.version, state.priority, active_interval);
  state.preempt_at = TimePoint::max();
}

void TakeOver(const RouterConfig& config, TimePoint now, Step& step) {
  State& state = step.next;
  state.role = Role::kActive;
  state.active = config.own;
  state.active_priority = state.priority;
  state.rival = {};
  state.deadline = now + config.interval;
  step.actions = {BecomeActive{}, SendAdvert{state.priority}, Announce{}};
}

void Note(const AdvertHeard& advert, State& state) {
  state.active = advert.from;
  state.active_priority = advert.priority;
}

Step Start(const RouterConfig& config, State state, TimePoint now) {
  state.priority = config.priority;
  Step step{.next = state};
  if (config.priority == kOwnerPriority) {
    TakeOver(config, now, step);
  } else {
    BecomeBackup(config, config.interval, now, step.next);
  }
  return step;
}

Step Stop(const State& state) {
  Step step;
  if (state.role == Role::kActive) step.actions = {SendAdvert{kResigning}, ResignActive{}};
  return step;
}

Step Elapse(const RouterConfig& config, const State& state, TimePoint now) {
  Step step{.next = state};
  if (state.role == Role::kBackup) TakeOver(config, now, step);
  if (state.role == Role::kActive) {
    // From the time that it was due, so that intervals do not grow; but never in a row after a pause.
    step.next.deadline = std::max(state.deadline + config.interval, now + config.interval / 2);
    step.actions = {SendAdvert{state.priority}};
  }
  return step;
}

// RFC 9568, 6.4.2.
Step BackupHears(const RouterConfig& config, State state, const AdvertHeard& advert, TimePoint now) {
  if (advert.priority == kResigning) {
    state.deadline = now + SkewTime(config.version, state.priority, state.active_interval);
    return {.next = state};
  }
  const bool weaker = advert.priority < state.priority;
  if (!weaker) {
    state.preempt_at = TimePoint::max();
  } else if (state.preempt_at == TimePoint::max()) {
    state.preempt_at = now + config.preempt_delay;
  }
  if (weaker && config.preempt && now >= state.preempt_at) return {.next = state};  // it is left to time out
  Note(advert, state);
  state.active_interval = advert.interval;
  state.deadline = now + ActiveDownInterval(config.version, state.priority, advert.interval);
  return {.next = state};
}

// RFC 9568, 6.4.3.
Step ActiveHears(const RouterConfig& config, State state, const AdvertHeard& advert, TimePoint now) {
  Step step{.next = state};
  const bool stronger =
      advert.priority > state.priority || (advert.priority == state.priority && advert.from > config.own);
  if (advert.priority == kResigning || !stronger) {
    // Whoever resigned leaves us alone; whoever claims less has to hear that, and switches have to learn the way back.
    step.next.deadline = now + config.interval;
    step.actions = {SendAdvert{state.priority}};
    if (advert.priority != kResigning && state.rival != advert.from) step.actions.push_back(RivalActive{advert.from});
    step.next.rival = advert.priority == kResigning ? IpAddress{} : advert.from;
    return step;
  }
  Note(advert, step.next);
  BecomeBackup(config, advert.interval, now, step.next);
  step.actions = {ResignActive{}};
  return step;
}

}  // namespace

Duration SkewTime(uint8_t version, uint8_t priority, Duration active_interval) {
  return (256 - priority) * (version == 2 ? Duration(std::chrono::seconds(1)) : active_interval) / 256;
}

Duration ActiveDownInterval(uint8_t version, uint8_t priority, Duration active_interval) {
  return 3 * active_interval + SkewTime(version, priority, active_interval);
}

Step React(const RouterConfig& config, const State& state, const Event& event, TimePoint now) {
  if (std::holds_alternative<Started>(event)) {
    return state.role == Role::kInitialize ? Start(config, state, now) : Step{.next = state};
  }
  if (state.role == Role::kInitialize) return {.next = state};
  if (std::holds_alternative<Stopped>(event)) return Stop(state);
  if (std::holds_alternative<DeadlinePassed>(event)) {
    return now >= state.deadline ? Elapse(config, state, now) : Step{.next = state};
  }
  if (const auto* changed = std::get_if<PriorityChanged>(&event)) {
    Step step{.next = state};
    step.next.priority = changed->priority;
    return step;
  }
  const auto& advert = std::get<AdvertHeard>(event);
  if (state.role == Role::kBackup) return BackupHears(config, state, advert, now);
  return ActiveHears(config, state, advert, now);
}

Refusal Check(const RouterConfig& config, const Advert& advert, const IpAddress& from, uint8_t ttl) {
  if (ttl != kTtl) return Refusal::kTtl;
  if (advert.version != config.version) return Refusal::kVersion;
  if (advert.vrid != config.vrid) return Refusal::kVrid;
  if (from == config.own) return Refusal::kOwnAddress;
  if (config.priority == kOwnerPriority) return Refusal::kOwner;
  if (config.version == 2) {
    const bool same = advert.auth_type == config.auth_type &&
                      (advert.auth_type != kSimpleText || advert.password == config.password.substr(0, 8));
    if (!same) return Refusal::kAuthentication;
    if (advert.interval != config.interval) return Refusal::kInterval;
  }
  // An owner may have been given more addresses before the others were; from anybody else it is another virtual router.
  const bool same_addresses = std::is_permutation(advert.addresses.begin(), advert.addresses.end(),
                                                  config.addresses.begin(), config.addresses.end());
  if (!same_addresses && advert.priority != kOwnerPriority) return Refusal::kAddresses;
  return Refusal::kNothing;
}

}  // namespace baton::controlplane::vrrp
