#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

// A program of tests: its argument is the name of the one to run. A test is a function that returns
// when it passes.
namespace heepstor::host {

struct Test {
  const char* name;
  void (*body)();
  Test* next;

  Test(const char* test_name, void (*test_body)()) : name(test_name), body(test_body), next(all) {
    all = this;
  }

  inline static Test* all = nullptr;
};

template <class T>
void expect_equal(const T& got, const T& expected, const char* text, int line) {
  if (!(got == expected)) {
    if constexpr (std::is_same_v<T, std::string>) {
      std::fprintf(stderr, "line %d: %s is \"%s\", expected \"%s\"\n", line, text, got.c_str(),
                   expected.c_str());
    } else {
      std::fprintf(stderr, "line %d: %s is 0x%llx, expected 0x%llx\n", line, text,
                   static_cast<unsigned long long>(got), static_cast<unsigned long long>(expected));
    }
    std::exit(1);
  }
}

inline int run(const char* name) {
  for (const Test* test = Test::all; test != nullptr; test = test->next) {
    if (std::strcmp(test->name, name) == 0) {
      test->body();
      return 0;
    }
  }
  std::fprintf(stderr, "there is no test %s\n", name);
  return 2;
}

}  // namespace heepstor::host

#define TEST(name)                                              \
  static void name();                                           \
  static const ::heepstor::host::Test test_##name{#name, name}; \
  static void name()

// `expected` is converted to the type of `got`.
#define EXPECT_EQUAL(got, expected)                                                         \
  do {                                                                                      \
    using Got = std::decay_t<decltype(got)>;                                                \
    ::heepstor::host::expect_equal<Got>((got), static_cast<Got>(expected), #got, __LINE__); \
  } while (false)
