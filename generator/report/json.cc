#include "generator/report/json.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

namespace baton::generator {

JsonWriter& JsonWriter::Open(absl::string_view key, char bracket) {
  Begin(key);
  text_.push_back(bracket);
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  --depth_;
  if (!first_) absl::StrAppend(&text_, "\n", std::string(static_cast<size_t>(2 * depth_), ' '));
  text_.push_back(bracket);
  first_ = false;
  return *this;
}

void JsonWriter::Begin(absl::string_view key) {
  if (!first_) text_.push_back(',');
  if (depth_ > 0) absl::StrAppend(&text_, "\n", std::string(static_cast<size_t>(2 * depth_), ' '));
  first_ = false;
  if (key.empty()) return;
  Quote(key);
  text_ += ": ";
}

void JsonWriter::Quote(absl::string_view value) {
  text_.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text_.push_back('\\');
      text_.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&text_, "\\u%04x", static_cast<unsigned>(c));
    } else {
      text_.push_back(c);
    }
  }
  text_.push_back('"');
}

JsonWriter& JsonWriter::Text(absl::string_view key, absl::string_view value) {
  Begin(key);
  Quote(value);
  return *this;
}

JsonWriter& JsonWriter::Number(absl::string_view key, uint64_t value) {
  Begin(key);
  absl::StrAppend(&text_, value);
  return *this;
}

JsonWriter& JsonWriter::Real(absl::string_view key, double value) {
  Begin(key);
  absl::StrAppendFormat(&text_, "%.15g", value);
  return *this;
}

JsonWriter& JsonWriter::Flag(absl::string_view key, bool value) {
  Begin(key);
  text_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Null(absl::string_view key) {
  Begin(key);
  text_ += "null";
  return *this;
}

}  // namespace baton::generator
