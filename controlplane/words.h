// The words that the API, the metrics and reload reports use for enumerators: those of the configuration file. Pure,
// any thread.
#pragma once

#include <string>

#include "common/address_table.h"
#include "common/service_table.h"
#include "common/status.h"
#include "controlplane/config/config.h"

namespace baton::controlplane {

absl::string_view Word(AddressKind kind);
absl::string_view Word(AddressMode mode);
absl::string_view Word(ForwardMethod method);
absl::string_view Word(Application application);  // "none" cannot be written in the file
absl::string_view Word(Schedule schedule);
absl::string_view Word(RowState state);
absl::string_view Word(DeviceConfig::Kind kind);  // with its colon; empty for a PCI address
std::string ProtocolWord(uint8_t protocol);  // the number when it has no word here

// InvalidArgument lists the words there are.
absl::StatusOr<AddressMode> ParseMode(absl::string_view text);

}  // namespace baton::controlplane
