// Writes JSON (RFC 8259) with two spaces per level. Calls must nest as the text does; nothing is checked. One thread.
#pragma once

#include <cstdint>
#include <string>

#include <absl/strings/string_view.h>

namespace baton::generator {

class JsonWriter {
 public:
  // An element of an array has an empty key.
  JsonWriter& Object(absl::string_view key = "") { return Open(key, '{'); }
  JsonWriter& Array(absl::string_view key = "") { return Open(key, '['); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& EndArray() { return Close(']'); }

  JsonWriter& Text(absl::string_view key, absl::string_view value);
  JsonWriter& Number(absl::string_view key, uint64_t value);
  JsonWriter& Real(absl::string_view key, double value);  // REQUIRES: finite
  JsonWriter& Flag(absl::string_view key, bool value);
  JsonWriter& Null(absl::string_view key);

  const std::string& text() const { return text_; }

 private:
  JsonWriter& Open(absl::string_view key, char bracket);
  JsonWriter& Close(char bracket);
  void Begin(absl::string_view key);
  void Quote(absl::string_view value);

  std::string text_;
  int depth_ = 0;
  bool first_ = true;  // in what is open
};

}  // namespace baton::generator
