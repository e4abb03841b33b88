// The part of the report that tells which SPIs a class of ESP flows had, and when. Pure.
#pragma once

#include "generator/report/json.h"
#include "generator/result.h"

namespace baton::generator {

// `esp`, of a class; nothing of others.
void WriteEspResult(JsonWriter& json, const ClassResult& c);
// "SPIs 256 to 355; from 5.0 s on 356 to 455"
std::string SpisInWords(const EspResult& esp);

}  // namespace baton::generator
