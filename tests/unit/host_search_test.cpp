// Where plugins are looked for, and where they are not.

#include <cstdlib>

#include <catch2/catch.hpp>
#include <dlfcn.h>
#include <sys/wait.h>

#include "host_support.hpp"

using Catch::Matchers::Contains;
using host_test::Folder;
using host_test::refused;
using host_test::Variable;
using tenon::host::load_plugin;
using tenon::host::LoadCode;
using tenon::host::PluginRequest;
using tenon::host::search_places;

namespace {

constexpr const char* kPathVariable = "TENON_PLUGIN_PATH";
const host_test::fs::path kOwnProgram = host_test::fs::canonical("/proc/self/exe");

PluginRequest anywhere() {
  PluginRequest request;
  request.backend = "variant";
  return request;
}

} // namespace

TEST_CASE("a plugin that is nowhere: every place is named with why it did not match, and what there is instead") {
  const Folder empty;
  const Folder other;
  other.install("good", "variants");
  other.install("good", "zebra");
  const Variable path(kPathVariable, other.path().string() + ":relative/plugins");
  auto request = anywhere();
  request.directories = {empty.path(), empty.path() / "gone", "here"};
  const auto answer = refused(request);
  CHECK(answer.code == LoadCode::not_found);
  const std::string beside = kOwnProgram.parent_path() / "tenon/plugins/v1";
  CHECK(answer.message ==
        "cannot load backend \"variant\" [NOT_FOUND]"
        "\n  file:   libtenon_variant.so"
        "\n  searched:"
        "\n    " +
            empty.path().string() +
            "  (configured directory 1): no libtenon_variant.so"
            "\n    " +
            (empty.path() / "gone").string() +
            "  (configured directory 2): no such directory"
            "\n    here  (configured directory 3): ignored, because it is not an absolute path"
            "\n    " +
            other.path().string() +
            "  (TENON_PLUGIN_PATH entry 1): no libtenon_variant.so"
            "\n    relative/plugins  (TENON_PLUGIN_PATH entry 2): ignored, because it is not an absolute path"
            "\n    " +
            beside +
            "  (beside the library): no such directory"
            "\n  available: variants, zebra");
  CHECK(answer.hint == "did you mean \"variants\"?");
}

TEST_CASE("what() of a refusal ends with the hint") {
  const Folder empty;
  try {
    (void)load_plugin(empty.request());
    FAIL("loaded");
  } catch (const tenon::PluginError& e) {
    CHECK_THAT(e.what(),
               Catch::Matchers::EndsWith("\n  available: none\n  hint: install the plugin, or name its folder "
                                         "in TENON_PLUGIN_PATH (absolute paths)"));
    CHECK(e.backend() == "variant");
  }
}

TEST_CASE("places are searched in order, and the first match wins") {
  const Folder first;
  const Folder second;
  const Folder third;
  const Variable path(kPathVariable, second.path().string() + "::" + third.path().string());
  auto request = anywhere();
  request.directories = {first.path()};

  third.install("good");
  CHECK(load_plugin(request).origin() == "TENON_PLUGIN_PATH entry 3");
  second.install("good");
  CHECK(load_plugin(request).origin() == "TENON_PLUGIN_PATH entry 1");
  first.install("good");
  CHECK(load_plugin(request).path() == first.path() / "libtenon_variant.so");
  request.path = third.path() / "libtenon_variant.so";
  CHECK(load_plugin(request).path() == third.path() / "libtenon_variant.so");
}

TEST_CASE("a match that is broken stops the search, and says which places were passed over before it") {
  const Folder empty;
  const Folder broken;
  const Folder good;
  broken.write("libtenon_variant.so", "not a library");
  good.install("good");
  auto request = anywhere();
  request.directories = {empty.path(), broken.path(), good.path()};
  const auto answer = refused(request);
  CHECK(answer.code == LoadCode::not_a_plugin);
  CHECK_THAT(answer.message, Contains("(from configured directory 2)") &&
                                 Contains("searched:\n    " + empty.path().string()) &&
                                 !Contains(good.path().string()));
}

TEST_CASE("a path is the only place that is looked at, and must be absolute") {
  const Folder folder;
  folder.install("good");
  auto request = folder.request();
  request.path = folder.path() / "libtenon_gone.so";
  CHECK_THAT(refused(request).message,
             Contains("[NOT_FOUND]") && Contains("(the configured path): no libtenon_gone.so"));

  const auto before = host_test::fs::current_path();
  host_test::fs::current_path(folder.path());
  request.path = GENERATE("libtenon_variant.so", "./libtenon_variant.so");
  const auto answer = refused(request);
  host_test::fs::current_path(before);
  CHECK_THAT(answer.message, Contains("[NOT_FOUND]") && Contains("not an absolute path"));
}

TEST_CASE("the current directory is not searched, by no way of naming it") {
  const Folder folder;
  folder.install("good");
  const Variable path(kPathVariable, GENERATE("", ":", ".", "./", "::.:"));
  const auto before = host_test::fs::current_path();
  host_test::fs::current_path(folder.path());
  auto request = anywhere();
  request.directories = {"", "."};
  const auto answer = refused(request);
  host_test::fs::current_path(before);
  CHECK(answer.code == LoadCode::not_found);
}

TEST_CASE("an id that is none is refused before any place is looked at") {
  const Folder folder;
  auto request = folder.request(GENERATE("../variant", "Variant", "", "a/b"));
  CHECK_THROWS_AS(load_plugin(request), tenon::ConfigError);
}

TEST_CASE("a wrongly written id is answered by the nearest one") {
  const Folder folder;
  folder.install("good");
  try {
    (void)load_plugin(folder.request("Variant"));
    FAIL("loaded");
  } catch (const tenon::ConfigError& e) {
    CHECK(e.message() == "\"Variant\" is not the name of a backend");
    CHECK(e.hint() == "did you mean \"variant\"?");
  }
}

// In a process of its own, with LD_LIBRARY_PATH set from its start: see host.cmake.
TEST_CASE("LD_LIBRARY_PATH is not searched", "[.ld_library_path]") {
  const char* const value = std::getenv("LD_LIBRARY_PATH");
  REQUIRE(value != nullptr);
  const auto answer = refused(anywhere());
  void* const found_by_linker = dlopen("libtenon_variant.so", RTLD_LAZY);
  CHECK(found_by_linker != nullptr); // so the variable does its work
  CHECK(answer.code == LoadCode::not_found);
  CHECK_FALSE(Catch::contains(answer.message, value));
}

TEST_CASE("the folder beside the library is the last place, and plugins there are found") {
  const auto places = search_places(anywhere());
  REQUIRE_FALSE(places.empty());
  CHECK(places.back().origin == "beside the library");
  CHECK(places.back().directory == kOwnProgram.parent_path() / "tenon/plugins/v1");
  CHECK(places.back().ignored.empty());

  // This program, somewhere else.
  const Folder elsewhere;
  const auto program = elsewhere.path() / "program";
  host_test::fs::copy_file(kOwnProgram, program);
  const auto beside = elsewhere.path() / "tenon/plugins/v1";
  host_test::fs::create_directories(beside);
  const auto run = [&] {
    const int status =
        std::system((program.string() + " '[.beside]' > " + (elsewhere.path() / "out").string()).c_str());
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  };
  CHECK_FALSE(run());
  host_test::fs::copy_file(host_test::built_plugins() / "good.so", beside / "libtenon_variant.so");
  CHECK(run());
}

TEST_CASE("a plugin beside the program is loaded", "[.beside]") {
  CHECK(load_plugin(anywhere()).origin() == "beside the library");
}
