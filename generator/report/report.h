// The report of a run: JSON for programs (its schema: docs/baton-gen.md) and a few lines for people. Pure.
#pragma once

#include <string>

#include "generator/report/verdict.h"

namespace baton::generator {

std::string JsonReport(const Profile& profile, const RunResult& result, const Verdict& verdict);
std::string Summary(const RunResult& result, const Verdict& verdict);

}  // namespace baton::generator
