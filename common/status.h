// Errors outside the packet path: absl::Status and the two macros that pass one on. A data-plane error is a DropReason.
#pragma once

#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#define BATON_CONCAT_INNER(a, b) a##b
#define BATON_CONCAT(a, b) BATON_CONCAT_INNER(a, b)

// Leaves the function with the status when it is not OK.
#define RETURN_IF_ERROR(expression)                                    \
  do {                                                                 \
    absl::Status return_if_error_status = (expression);                \
    if (!return_if_error_status.ok()) return return_if_error_status;   \
  } while (false)

// ASSIGN_OR_RETURN(auto x, F()): x is F's value, or the function is left with F's status.
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_IMPL(BATON_CONCAT(status_or_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_IMPL(result, target, expression) \
  auto result = (expression);                             \
  if (!result.ok()) return result.status();               \
  target = *std::move(result)
