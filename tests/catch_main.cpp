// The main function and Catch2's implementation, for every test program that needs no main of its own.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
