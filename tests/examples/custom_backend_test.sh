#!/usr/bin/env bash
# The custom backend as its README has it: a project by itself, built against the SDK, selected by its storage.yaml.
# shellcheck source=tests/examples/common.sh
source "$(dirname -- "$0")/common.sh"
: "${TENON_SOURCE:?}" "${CMAKE_COMMAND:?}"

cp -r -- "$TENON_SOURCE/examples/custom_backend" backend
cd backend
options=("-DTENON_SOURCE=$TENON_SOURCE" -DCMAKE_BUILD_TYPE=Debug)
[[ -z ${TENON_SANITIZE-} ]] ||
  options+=("-DCMAKE_CXX_FLAGS=-fsanitize=$TENON_SANITIZE" "-DCMAKE_MODULE_LINKER_FLAGS=-fsanitize=$TENON_SANITIZE")
exits 0 "$CMAKE_COMMAND" -B build -G Ninja "${options[@]}"
exits 0 "$CMAKE_COMMAND" --build build
plugin=build/lib/tenon/plugins/v1/libtenon_memory_map.so
[[ -f $plugin ]] || fail "the build left no $plugin"

# Nothing but the headers of the SDK went into it.
! readelf -d "$plugin" | grep -q 'NEEDED.*tenon' || fail "the plugin links Tenon"
exits 0 "$BIN/quickstart" --config storage.yaml
same output "$DATA/quickstart.txt" "other output on the plugin that was built by itself"
says "backend: memory_map "
