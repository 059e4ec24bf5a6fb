/* A plugin that exports one name too many: what exports.sh has to find. */
#include <tenon/tenon_abi.h>

TENON_ABI_TAG

TENON_ABI_EXPORT const void* tenon_plugin_entry_v1(void);
const void* tenon_plugin_entry_v1(void) { return 0; }

TENON_ABI_EXPORT int leaked_symbol(void);
int leaked_symbol(void) { return 1; }
