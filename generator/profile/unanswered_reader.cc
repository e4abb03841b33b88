#include "generator/profile/unanswered_reader.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "controlplane/config/values.h"
#include "generator/profile/client_port.h"
#include "generator/profile/values.h"

namespace baton::generator {

using controlplane::Choice;
using controlplane::ErrorList;
using controlplane::MapReader;
using controlplane::Node;
using controlplane::Refuse;
using controlplane::RefuseValue;

namespace {

constexpr Choice<UnansweredKind> kUnansweredKinds[] = {{"syn_flood", UnansweredKind::kSynFlood},
                                                       {"malformed", UnansweredKind::kMalformed}};

constexpr Choice<Malformed> kKinds[] = {
#define BATON_MALFORMED_WORD(id, name, v4, v6) {name, Malformed::id},
    BATON_MALFORMED(BATON_MALFORMED_WORD)
#undef BATON_MALFORMED_WORD
};

bool Exists(Malformed kind, Family family) { return family == Family::kIpv4 ? KindOf(kind).v4 : KindOf(kind).v6; }

// All kinds of the family, when the profile names none.
void ReadKinds(const Node* node, ErrorList& errors, UnansweredProfile& profile) {
  const Family family = profile.to.family();
  if (node == nullptr) {
    for (const Choice<Malformed>& word : kKinds) {
      if (Exists(*word.value, family)) profile.kinds.push_back(*word.value);
    }
    return;
  }
  for (const Node* item : controlplane::ReadList(*node, errors)) {
    const auto kind = controlplane::ReadWord<Malformed>(*item, errors, kKinds);
    if (!kind) continue;
    if (!Exists(*kind, family)) {
      RefuseValue(*item, errors, item->text, absl::StrCat("does not exist over IPv", family == Family::kIpv4 ? 4 : 6));
    } else if (std::find(profile.kinds.begin(), profile.kinds.end(), *kind) != profile.kinds.end()) {
      RefuseValue(*item, errors, item->text, "is there twice");
    } else {
      profile.kinds.push_back(*kind);
    }
  }
  if (profile.kinds.empty() && node->kind == Node::Kind::kList && node->children.empty()) {
    Refuse(*node, errors, "needs one kind at least");
  }
}

// Sources that are hosts of ours too would be answered for them, and flows' answers would be taken for the flood's.
void CheckSources(const Node& node, const Profile& all, const UnansweredProfile& profile, ErrorList& errors) {
  const Prefix& sources = *profile.sources;
  if (sources.address.family() != profile.to.family()) {
    return RefuseValue(node, errors, node.text, "is not of the family of the destination");
  }
  for (const PortProfile& port : all.ports) {
    for (const IpAddress& address : port.addresses) {
      if (!sources.Contains(address)) continue;
      return RefuseValue(node, errors, node.text,
                         absl::StrCat("holds ", address.ToString(), ", a host of port ", port.name));
    }
  }
}

}  // namespace

bool IsUnanswered(const Node& node) {
  return std::any_of(node.children.begin(), node.children.end(), [](const Node* child) {
    return child->key == "protocol" &&
           std::any_of(std::begin(kUnansweredKinds), std::end(kUnansweredKinds),
                       [&](const Choice<UnansweredKind>& word) { return word.text == child->text; });
  });
}

void ReadUnanswered(const Node& node, ErrorList& errors, Profile& profile) {
  UnansweredProfile unanswered;
  MapReader map(node, errors);
  map.RequiredValue("name", controlplane::ParseName, unanswered.name);
  map.Words<UnansweredKind>("protocol", kUnansweredKinds, unanswered.kind);
  map.RequiredValue("rate", ParseRate, unanswered.rate);
  const Node* from = map.Optional("from");
  const Node* sources = map.Optional("sources");
  if (sources != nullptr) {
    if (const auto prefix = controlplane::ReadValue(*sources, errors, &Prefix::Parse)) unanswered.sources = *prefix;
  }
  const bool malformed = unanswered.kind == UnansweredKind::kMalformed;
  const Node* kinds = malformed ? map.Optional("kinds") : nullptr;
  if (const Node* to = map.Required("to")) {
    if (const auto target = controlplane::ReadValue(*to, errors, ParseTarget)) {
      unanswered.to = target->address;
      unanswered.to_port = target->port;
      FindClientPort(from, *to, unanswered.to.family(), profile, errors, &unanswered.port);
      if (unanswered.sources) CheckSources(*sources, profile, unanswered, errors);
      if (malformed) ReadKinds(kinds, errors, unanswered);
    }
  }
  map.Finish();
  profile.unanswered.push_back(std::move(unanswered));
}

}  // namespace baton::generator
