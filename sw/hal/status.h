#pragma once

#include <stdint.h>

namespace heepstor::hal {

// What a driver call did. A caller can tell a call that changed nothing from one that half
// happened.
enum class Status : uint8_t {
  kOk,
  kRefused,  // an argument is out of range; the hardware was not touched
  kFailed,   // the hardware was touched, and it reports an error
};

}  // namespace heepstor::hal
