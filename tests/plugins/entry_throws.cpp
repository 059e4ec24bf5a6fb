// A plugin whose entry function throws: the host must live through it.

#include <stdexcept>

#include <tenon/tenon_abi.h>

TENON_ABI_TAG
TENON_ABI_EXPORT const tenon_backend_v1* tenon_plugin_entry_v1(const tenon_host* host, tenon_error* error);
const tenon_backend_v1* tenon_plugin_entry_v1(const tenon_host*, tenon_error*) {
  throw std::runtime_error("from the entry");
}
