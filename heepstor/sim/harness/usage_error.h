// What the caller did wrong: told in one line.

#pragma once

#include <stdexcept>

namespace heepstor::simulator {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace heepstor::simulator
