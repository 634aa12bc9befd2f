// What the fuzzers share: a check that ends the program with its name, which libFuzzer reports with the
// input.
#pragma once
#include <cstdio>
#include <cstdlib>

#define FUZZ_CHECK(holds)                                                                                    \
  do {                                                                                                       \
    if (!(holds)) {                                                                                          \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds);                        \
      std::abort();                                                                                          \
    }                                                                                                        \
  } while (false)
