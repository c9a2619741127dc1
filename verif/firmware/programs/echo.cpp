// Says what it hears, inverted, until it has heard every byte once.

#include "runtime/platform.h"

using namespace heepstor;

int main() {
  const runtime::Console console(cfg::kUartBase);
  runtime::out.text("ready").end();
  for (uint32_t i = 0; i < 256; ++i) {
    console.put(static_cast<char>(~static_cast<unsigned char>(console.receive())));
  }
  console.flush();
  return 0;
}
