#include "controlplane/config/addresses.h"

#include <absl/strings/str_cat.h>

#include "controlplane/config/network.h"

namespace baton::controlplane {

bool AddressBook::Add(const IpAddress& address, Entry entry) {
  if (const Entry* owner = Find(address)) {
    reporter_.Report(entry.path, address.ToString(), absl::StrCat("is also ", owner->path));
    return false;
  }
  if (entries_.size() >= kMaxOfEach) {
    if (!overflow_reported_) {
      reporter_.Report(entry.path, address.ToString(), absl::StrCat("is one address too many: at most ", kMaxOfEach));
    }
    overflow_reported_ = true;
    return false;
  }
  entries_.emplace(address, std::move(entry));
  return true;
}

const AddressBook::Entry* AddressBook::Find(const IpAddress& address) const {
  const auto at = entries_.find(address);
  return at == entries_.end() ? nullptr : &at->second;
}

std::vector<AddressGroupConfig> ResolveGroups(const std::vector<GroupDraft>& drafts, const Network& network,
                                              AddressBook& book, const Reporter& reporter) {
  std::vector<AddressGroupConfig> groups;
  FirstUses<std::string> names;
  if (reporter.errors.Refused("address_groups")) book.set_incomplete();
  for (size_t g = 0; g < drafts.size(); ++g) {
    const GroupDraft& draft = drafts[g];
    const std::string path = absl::StrCat("address_groups[", g, "]");
    if (!draft.name.empty()) names.Claim(draft.name, path + ".name", Quoted(draft.name), reporter);
    AddressGroupConfig& group = groups.emplace_back();
    group.name = draft.name;
    group.prefer = draft.prefer;
    if (draft.external.empty()) book.set_incomplete();  // refused: a group without any
    for (size_t i = 0; i < draft.external.size(); ++i) {
      const IpAddress& a = draft.external[i];
      const std::string at = absl::StrCat(path, ".external[", i, "]");
      if (a.is_unspecified()) book.set_incomplete();
      if (a.is_unspecified() || !network.CheckUsable(a, at)) continue;
      if (book.Add(a, {at, AddressKind::kExternal, g})) group.external.push_back(a);
    }
    for (size_t i = 0; i < draft.internal.size(); ++i) {
      const AddressRange& range = draft.internal[i];
      const std::string at = absl::StrCat(path, ".internal[", i, "]");
      if (range.first.is_unspecified()) continue;
      const uint64_t count = range.Count(kMaxOfEach + 1);
      if (count > kMaxOfEach) {
        reporter.Report(at, absl::StrCat(range.first.ToString(), "-", range.last.ToString()),
                        absl::StrCat("has more than ", kMaxOfEach, " addresses"));
        continue;
      }
      IpAddress a = range.first;
      for (uint64_t k = 0; k < count; ++k, a = Next(a)) {
        // One error a range is enough: what follows is mostly the same again.
        if (!network.CheckUsable(a, at) || !book.Add(a, {at, AddressKind::kInternal, g})) break;
        group.internal.push_back(a);
      }
    }
  }
  return groups;
}

}  // namespace baton::controlplane
