/* A plugin that loads and then supports nothing; each VARIANT_* breaks one rule of the boundary, to see the host
 * notice. Built once per variant by this folder's CMakeLists.txt. */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include <stdlib.h>

#include <tenon/tenon_abi.h>

#ifndef VARIANT_ID
#define VARIANT_ID "variant"
#endif
#ifndef VARIANT_TAG_MAJOR
#define VARIANT_TAG_MAJOR TENON_ABI_MAJOR
#endif
#ifndef VARIANT_TAG_MINOR
#define VARIANT_TAG_MINOR TENON_ABI_MINOR
#endif
#ifndef VARIANT_TAG_PLATFORM
#define VARIANT_TAG_PLATFORM TENON_ABI_PLATFORM
#endif
#ifndef VARIANT_TABLE_MINOR
#define VARIANT_TABLE_MINOR TENON_ABI_MINOR
#endif
#ifndef VARIANT_MAGIC
#define VARIANT_MAGIC TENON_ABI_MAGIC
#endif
#ifndef VARIANT_STRUCT_SIZE
#define VARIANT_STRUCT_SIZE sizeof(tenon_backend_v1)
#endif
#ifndef VARIANT_MIN_HOST_MINOR
#define VARIANT_MIN_HOST_MINOR 0
#endif
#ifndef VARIANT_CAPABILITIES
#define VARIANT_CAPABILITIES 0
#endif
#ifndef VARIANT_FIND
#define VARIANT_FIND find
#endif

#define DEFINE_TAG(major, minor, platform) DEFINE_TAG_(TENON_ABI_JOIN(major, minor, platform))
#define DEFINE_TAG_(name)                                                                                              \
  TENON_ABI_EXPORT const char name[];                                                                                  \
  const char name[] __attribute__((section(TENON_ABI_SECTION))) = TENON_ABI_STRING(name);

#ifndef VARIANT_NO_TAG
DEFINE_TAG(VARIANT_TAG_MAJOR, VARIANT_TAG_MINOR, VARIANT_TAG_PLATFORM)
#endif
#ifdef VARIANT_SECOND_TAG
DEFINE_TAG(7, 7, TENON_ABI_PLATFORM)
#endif

#ifdef VARIANT_CONSTRUCTOR
__attribute__((constructor)) static void tell_that_code_ran(void) { setenv("TENON_TEST_PLUGIN_CODE_RAN", "yes", 1); }
#endif

#ifdef VARIANT_CALLS
int VARIANT_CALLS(void);
int call_elsewhere(void);
int call_elsewhere(void) { /* called by nobody: bound late, its callee would never be missed */
  return VARIANT_CALLS();
}
#endif

#define SIZED_TEXT(literal)                                                                                            \
  { literal, sizeof(literal) - 1 }

static int32_t refuse(tenon_error* error) {
  static const tenon_string message = SIZED_TEXT("a variant supports nothing");
  error->code = TENON_E_NOT_SUPPORTED;
  error->message = message;
  return TENON_E_NOT_SUPPORTED;
}

static int32_t database_open(const tenon_option* options, uint64_t count, tenon_database** database,
                             tenon_error* error) {
  (void)options, (void)count, (void)database;
  return refuse(error);
}
static void database_close(tenon_database* database) { (void)database; }
static int32_t session_open(tenon_database* database, int64_t deadline, tenon_session** session, tenon_error* error) {
  (void)database, (void)deadline, (void)session;
  return refuse(error);
}
static void session_close(tenon_session* session) { (void)session; }
static int32_t repository_open(tenon_session* session, const tenon_table* table, tenon_repository** repository,
                               tenon_error* error) {
  (void)session, (void)table, (void)repository;
  return refuse(error);
}
static int32_t insert(tenon_repository* repository, const tenon_write* write, tenon_rows* rows, tenon_error* error) {
  (void)repository, (void)write, (void)rows;
  return refuse(error);
}
int32_t find(tenon_repository* repository, uint32_t key, const tenon_cell* values, uint64_t count, tenon_rows* row,
             tenon_error* error);
int32_t find(tenon_repository* repository, uint32_t key, const tenon_cell* values, uint64_t count, tenon_rows* row,
             tenon_error* error) {
  (void)repository, (void)key, (void)values, (void)count, (void)row;
  return refuse(error);
}
static int32_t rows_of(tenon_repository* repository, const tenon_query* query, tenon_cursor** cursor,
                       tenon_error* error) {
  (void)repository, (void)query, (void)cursor;
  return refuse(error);
}
static int32_t update(tenon_repository* repository, const tenon_update* asked, uint64_t* affected, tenon_error* error) {
  (void)repository, (void)asked, (void)affected;
  return refuse(error);
}
static int32_t delete_rows(tenon_repository* repository, const tenon_filter* filter, uint64_t* affected,
                           tenon_error* error) {
  (void)repository, (void)filter, (void)affected;
  return refuse(error);
}
static int32_t next(tenon_cursor* cursor, tenon_rows* rows, tenon_error* error) {
  (void)cursor, (void)rows;
  return refuse(error);
}
static void cursor_close(tenon_cursor* cursor) { (void)cursor; }

#ifdef VARIANT_NO_ENTRY
#define ENTRY entry_by_another_name
#else
#define ENTRY tenon_plugin_entry_v1
#endif
TENON_ABI_EXPORT const tenon_backend_v1* ENTRY(const tenon_host* host, tenon_error* error);
const tenon_backend_v1* ENTRY(const tenon_host* host, tenon_error* error) {
  static const tenon_string id = SIZED_TEXT(VARIANT_ID), version = SIZED_TEXT("4.5.6");
  static tenon_backend_v1 table;
  (void)host, (void)error;
#ifdef VARIANT_REFUSES
  if (VARIANT_REFUSES[0] != '\0') {
    static const tenon_string message = SIZED_TEXT(VARIANT_REFUSES), hint = SIZED_TEXT("plug in the dongle");
    error->code = TENON_E_PLUGIN;
    error->message = message;
    error->hint = hint;
  }
  return NULL;
#endif
  table.magic = VARIANT_MAGIC;
  table.struct_size = (uint32_t)(VARIANT_STRUCT_SIZE);
  table.abi_major = TENON_ABI_MAJOR;
  table.abi_minor = VARIANT_TABLE_MINOR;
  table.min_host_minor = VARIANT_MIN_HOST_MINOR;
  table.capabilities = VARIANT_CAPABILITIES;
  table.id = id;
  table.version = version;
  table.database_open = database_open;
  table.database_close = database_close;
  table.session_open = session_open;
  table.session_close = session_close;
  table.repository_open = repository_open;
  table.repository_insert = insert;
  table.repository_find = VARIANT_FIND;
  table.repository_select = rows_of;
  table.repository_update = update;
  table.repository_remove = delete_rows;
  table.cursor_next = next;
  table.cursor_close = cursor_close;
  return &table;
}
