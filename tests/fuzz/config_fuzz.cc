// Any text as a configuration: it is read, or refused with places that lie in the text.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "controlplane/config/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using baton::controlplane::ParseResult;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const ParseResult result = baton::controlplane::ParseConfig(text, "f");
  for (const auto& error : result.errors) {
    if (error.line < 1 || error.column < 1 || static_cast<size_t>(error.line) > size + 1) std::abort();
    const std::string shown = error.ToString("f");
    if (shown.size() > 4096) std::abort();
    for (const char c : shown) {
      if (static_cast<unsigned char>(c) < ' ') std::abort();  // would spoil a terminal or a log
    }
  }
  if (result.ok() && result.config.ports.empty()) std::abort();
  return 0;
}
