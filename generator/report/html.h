// The report as one HTML page with plots: no script, nothing from elsewhere, readable in light and dark. The numbers
// are those of the JSON report (report.h). Well-formed XML too, so that a program can read it. Pure.
#pragma once

#include <string>

#include "generator/report/verdict.h"

namespace baton::generator {

std::string HtmlReport(const Profile& profile, const RunResult& result, const Verdict& verdict);

}  // namespace baton::generator
