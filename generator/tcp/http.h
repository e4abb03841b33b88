// The head of an HTTP response (RFC 9112), as far as a client needs it to know where the response ends. For servers that
// are not ours: real ones behind a balancer. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include <absl/strings/string_view.h>

namespace baton::generator {

struct HttpHead {
  uint16_t status = 0;
  uint32_t length = 0;  // of the whole response, head included
  bool close = false;   // the server ends the connection after it
};

// `bytes`: the first of the response. nullopt: the head is not whole in them, is none, or does not say in Content-Length
// how long the body is.
std::optional<HttpHead> ReadHttpHead(absl::string_view bytes);

}  // namespace baton::generator
