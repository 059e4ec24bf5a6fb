// contract_tests --subject NAME: runs every case on that subject; one process per subject, so that each plugin is
// loaded alone.

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <cstdio>
#include <string>

#include "subject.hpp"

int main(int argc, char** argv) {
  constexpr int kUsage = 64;
  std::string name;
  Catch::Session session;
  session.cli(session.cli() | Catch::clara::Opt(name, "name")["--subject"]("the backend and database to test"));
  if (const int wrong = session.applyCommandLine(argc, argv); wrong != 0) return wrong;
  if (session.configData().showHelp || session.configData().listTests) return session.run();
  if (!tenon::contract::choose_subject(name)) {
    std::fprintf(stderr, "contract_tests: no subject \"%s\"; there are:", name.c_str());
    for (const std::string& one : tenon::contract::subject_names())
      std::fprintf(stderr, " %s", one.c_str());
    std::fprintf(stderr, "\n");
    return kUsage;
  }
  return session.run();
}
