#pragma once

#include <stdint.h>

// Two kinds of check, because they have two prices:
//
//   HEEPSTOR_CHECK(condition)   protects memory. Never compiled out.
//   HEEPSTOR_ASSERT(condition)  finds a bug earlier. Compiled out by
//                               ENABLE_DEBUG_HEEPSTOR_ASSERTIONS=0.
//
// Both end the program with ExitCode::kAssertion when the condition does not hold.

#ifndef ENABLE_DEBUG_HEEPSTOR_ASSERTIONS
#define ENABLE_DEBUG_HEEPSTOR_ASSERTIONS 1
#endif

namespace heepstor {

// Reports and ends the program. Defined by the runtime on the target and by the test on the host.
[[noreturn]] void check_failed(const char* condition, const char* file, uint32_t line);

}  // namespace heepstor

#define HEEPSTOR_CHECK(condition) \
  ((condition) ? void() : ::heepstor::check_failed(#condition, __FILE__, __LINE__))

#if ENABLE_DEBUG_HEEPSTOR_ASSERTIONS
#define HEEPSTOR_ASSERT(condition) HEEPSTOR_CHECK(condition)
#else
// The condition is still compiled, so that it cannot rot; it is not evaluated.
#define HEEPSTOR_ASSERT(condition) ((void)sizeof(!(condition)))
#endif
