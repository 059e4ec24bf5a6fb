/* The plugin boundary of Tenon: the only thing that crosses between a host and a backend's shared library.
 *
 * C99, and nothing but plain data and function pointers: a plugin may be built with any compiler, standard library or
 * language. Authors in C++ use the SDK (tenon/sdk/plugin.hpp) and never see this file; authors in C, Rust or Zig
 * implement it as it stands.
 *
 * A plugin exports exactly two names:
 *   - the function tenon_plugin_entry_v1 (TENON_PLUGIN_ENTRY_NAME), and
 *   - one object in the section "tenonabi" whose NAME is the tag of the ABI it was built for, made by TENON_ABI_TAG, so
 *     that a host learns the version and the platform from the file, before any code of the plugin runs.
 *
 * Version: major.minor. A new major is a new entry function. A minor only appends: to the table, to structs that begin
 * with struct_size, to enumerations. While the major is 0 the boundary may change with each minor, and host and plugin
 * must agree exactly.
 *
 * Rules for every function
 *   Threads:  a tenon_session with all it owns is used by one thread at a time; session_cancel and the functions of the
 *             table and of tenon_database may be called from any thread at any time.
 *   Errors:   a function that takes a tenon_error returns TENON_OK or one of TENON_E_*; on failure, and only then, it
 *             fills the error, and its outputs are unchanged. No exception, longjmp or signal leaves a function.
 *   Memory:   who allocates frees. Views passed in are borrowed for the call, unless said otherwise. Views given out
 * live as long as said at the function. An error's strings live until its release function was called. Growth:   a
 * struct that begins with struct_size may be longer or shorter than the reader knows; the reader uses min(struct_size,
 * its own) and takes the rest as zero. Arrays of structs carry their stride in bytes.
 */
#ifndef TENON_ABI_H
#define TENON_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_ABI_MAJOR 0
#define TENON_ABI_MINOR 2
#define TENON_ABI_MAGIC UINT64_C(0x3176626e6f6e6574) /* "tenonbv1" in little endian */
#define TENON_PLUGIN_ENTRY_NAME "tenon_plugin_entry_v1"
#define TENON_ABI_SECTION "tenonabi"

#if defined(__linux__) && defined(__x86_64__)
#define TENON_ABI_PLATFORM linux_amd64
#elif defined(__linux__) && defined(__aarch64__)
#define TENON_ABI_PLATFORM linux_arm64
#else
#error "Tenon plugins are not supported on this platform yet"
#endif

#define TENON_ABI_JOIN_(major, minor, platform) tenon_abi__##major##_##minor##__##platform
#define TENON_ABI_JOIN(major, minor, platform) TENON_ABI_JOIN_(major, minor, platform)
#define TENON_ABI_STRING_(name) #name
#define TENON_ABI_STRING(name) TENON_ABI_STRING_(name)
/* The tag's name, as an identifier and as a string: tenon_abi__0_2__linux_amd64 */
#define TENON_ABI_TAG_NAME TENON_ABI_JOIN(TENON_ABI_MAJOR, TENON_ABI_MINOR, TENON_ABI_PLATFORM)
#define TENON_ABI_TAG_STRING TENON_ABI_STRING(TENON_ABI_TAG_NAME)

#ifdef __cplusplus
#define TENON_ABI_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define TENON_ABI_EXPORT extern __attribute__((visibility("default")))
#endif
/* Defines the tag; once per plugin, at file scope, without a semicolon behind it being needed. */
#define TENON_ABI_TAG                                                                                                  \
  TENON_ABI_EXPORT const char TENON_ABI_TAG_NAME[];                                                                    \
  const char TENON_ABI_TAG_NAME[] __attribute__((section(TENON_ABI_SECTION))) = TENON_ABI_TAG_STRING;

/* ---- results ------------------------------------------------------------------------------------------------- */

enum {
  TENON_OK = 0,
  TENON_E_CONFIG = 1,
  TENON_E_PLUGIN = 2,
  TENON_E_CONNECTION = 10,
  TENON_E_NOT_READY = 11,
  TENON_E_AUTH = 12,
  TENON_E_COMMIT_UNKNOWN = 13,
  TENON_E_UNIQUE = 20,
  TENON_E_FOREIGN_KEY = 21,
  TENON_E_NOT_NULL = 22,
  TENON_E_CHECK = 23,
  TENON_E_EXCLUSION = 24,
  TENON_E_INTEGRITY = 25,
  TENON_E_OPERATIONAL = 30,
  TENON_E_TIMEOUT = 31,
  TENON_E_POOL_TIMEOUT = 32,
  TENON_E_CANCELLED = 33,
  TENON_E_SERIALIZATION = 34,
  TENON_E_DEADLOCK = 35,
  TENON_E_READ_ONLY = 36,
  TENON_E_RESOURCE = 37,
  TENON_E_PERMISSION = 38,
  TENON_E_STALE_DATA = 39,
  TENON_E_INTERNAL = 40,
  TENON_E_DATA = 50,
  TENON_E_PROGRAMMING = 51,
  TENON_E_NOT_FOUND = 52,
  TENON_E_NOT_SUPPORTED = 53
};

/* Borrowed text in UTF-8; data may be NULL where size is 0, and need not end in NUL. */
typedef struct tenon_string {
  const char* data;
  uint64_t size;
} tenon_string;

enum { TENON_ERROR_RETRYABLE = 1, TENON_ERROR_BROKEN = 2 };

/* Owned by the caller, who sets struct_size and zeroes the rest. A plugin that fills it may set `release`, which the
 * caller calls exactly once when it has copied what it wants. No field but `detail` may hold parameter or row values.
 */
typedef struct tenon_error {
  uint32_t struct_size;
  int32_t code; /* TENON_E_* */
  int32_t vendor_code;
  uint32_t flags; /* TENON_ERROR_* */
  tenon_string message;
  tenon_string hint;
  tenon_string sqlstate;
  tenon_string constraint;
  tenon_string table;
  tenon_string columns; /* names, one behind each other, each ended by '\n' */
  tenon_string statement;
  tenon_string detail;
  tenon_string transaction; /* with TENON_E_COMMIT_UNKNOWN: what database_resolve takes; empty: it cannot be asked */
  void* owner;              /* for release */
  void (*release)(struct tenon_error* error);
} tenon_error;

/* ---- values -------------------------------------------------------------------------------------------------- */

enum {
  TENON_NULL = 0,
  TENON_BOOLEAN = 1,
  TENON_INT64 = 2,
  TENON_FLOAT64 = 3,
  TENON_TEXT = 4,
  TENON_BLOB = 5,
  TENON_DECIMAL = 6,
  TENON_UUID = 7,
  TENON_TIMESTAMP = 8,
  TENON_DATE = 9,
  TENON_JSON = 10,
  TENON_ARRAY = 11
};

typedef struct tenon_cell {
  uint32_t type; /* TENON_NULL … */
  uint32_t reserved;
  uint64_t size; /* bytes behind data, 0 for values held in place */
  union {
    int64_t integer;  /* boolean 0 or 1, int64, timestamp (µs since 1970 UTC), date (days since 1970) */
    double real;      /* float64; never NaN */
    const void* data; /* text, blob, decimal, uuid (16 bytes), json; array: size / sizeof(tenon_cell) cells */
  } value;
} tenon_cell;

/* rows × columns cells, row after row. */
typedef struct tenon_rows {
  const tenon_cell* cells;
  uint64_t rows;
  uint64_t columns;
} tenon_rows;

/* ---- described tables ---------------------------------------------------------------------------------------- */

enum { TENON_COLUMN_NULLABLE = 1, TENON_COLUMN_GENERATED = 2 };
enum {
  TENON_ON_DELETE_NO_ACTION = 0,
  TENON_ON_DELETE_RESTRICT = 1,
  TENON_ON_DELETE_CASCADE = 2,
  TENON_ON_DELETE_SET_NULL = 3
};

typedef struct tenon_column {
  tenon_string name;
  uint32_t type;       /* TENON_BOOLEAN … */
  uint32_t flags;      /* TENON_COLUMN_* */
  uint32_t max_length; /* of text, in code points; 0: unlimited */
  uint32_t element;    /* of TENON_ARRAY: TENON_BOOLEAN, TENON_INT64, TENON_FLOAT64 or TENON_TEXT */
} tenon_column;

/* A key or an index: positions of columns. */
typedef struct tenon_key {
  tenon_string name;
  const uint32_t* columns;
  uint64_t column_count;
} tenon_key;

typedef struct tenon_foreign_key {
  tenon_string name;
  const uint32_t* columns;
  const tenon_string* target_columns; /* column_count of them */
  uint64_t column_count;
  tenon_string target_schema;
  tenon_string target_table;
  uint32_t on_delete;
  uint32_t reserved;
} tenon_foreign_key;

typedef struct tenon_table {
  uint32_t struct_size;
  uint32_t column_stride, key_stride, foreign_key_stride, index_stride; /* bytes */
  uint32_t reserved;
  tenon_string schema; /* empty: the connection's default */
  tenon_string name;
  const tenon_column* columns;
  uint64_t column_count;
  const tenon_key* keys; /* keys[0] is the primary key, the rest are unique constraints */
  uint64_t key_count;
  const tenon_foreign_key* foreign_keys;
  uint64_t foreign_key_count;
  const tenon_key* indexes;
  uint64_t index_count;
} tenon_table;

/* ---- queries ------------------------------------------------------------------------------------------------- */

/* Three-valued logic as in SQL. An unknown kind is answered with TENON_E_NOT_SUPPORTED. */
enum {
  TENON_NODE_COLUMN = 1,
  TENON_NODE_VALUE = 2,
  TENON_NODE_ALL_OF = 3,
  TENON_NODE_ANY_OF = 4,
  TENON_NODE_NEGATION = 5,
  TENON_NODE_EQ = 6,
  TENON_NODE_NE = 7,
  TENON_NODE_LT = 8,
  TENON_NODE_LE = 9,
  TENON_NODE_GT = 10,
  TENON_NODE_GE = 11,
  TENON_NODE_IN = 12,
  TENON_NODE_LIKE = 13,
  TENON_NODE_CONTAINS = 14,
  TENON_NODE_STARTS_WITH = 15,
  TENON_NODE_ENDS_WITH = 16,
  TENON_NODE_IS_NULL = 17,
  TENON_NODE_IS_NOT_NULL = 18,
  TENON_NODE_ADD = 19, /* two children, int64 or float64; out of range and division by 0 are TENON_E_DATA */
  TENON_NODE_SUBTRACT = 20,
  TENON_NODE_MULTIPLY = 21,
  TENON_NODE_DIVIDE = 22,      /* of two int64: cut towards zero */
  TENON_NODE_FOLD = 23,        /* one text child without the case of its letters; flags is TENON_FOLD_* */
  TENON_NODE_JSON_VALUE = 24,  /* a document, then the path as value nodes; flags is the wanted type, else NULL */
  TENON_NODE_JSON_EXISTS = 25, /* the same children: is something there */
  TENON_NODE_EXISTS = 26,      /* source is opened; at most one child, a condition on its rows */
  TENON_NODE_OUTPUT = 27       /* leaf, in having alone: column is a position in the outputs */
};

enum {
  TENON_FOLD_ASCII = 0,  /* A-Z as a-z */
  TENON_FOLD_UNICODE = 1 /* TENON_CAP_UNICODE_CASE: capitals of small letters, full mappings, no locale */
};

/* Prefix order: a node stands before its children, and a subtree is one contiguous run. */
typedef struct tenon_node {
  uint16_t kind;
  uint16_t flags; /* for TENON_NODE_JSON_VALUE and TENON_NODE_FOLD, else 0 */
  uint32_t children;
  uint32_t column;  /* for TENON_NODE_COLUMN and TENON_NODE_OUTPUT */
  uint32_t source;  /* 0: the queried table; else position in tenon_filter.sources + 1 */
  tenon_cell value; /* for TENON_NODE_VALUE */
} tenon_node;

enum { TENON_NULLS_LARGEST = 0, TENON_NULLS_FIRST = 1, TENON_NULLS_LAST = 2 };

#define TENON_OUTPUT_SOURCE UINT32_MAX

typedef struct tenon_order_term {
  uint32_t column;
  uint32_t source; /* as in tenon_node; TENON_OUTPUT_SOURCE: column is a position in the outputs */
  uint16_t descending;
  uint16_t nulls;
} tenon_order_term;

typedef struct tenon_database tenon_database;     /* one configured database; any thread */
typedef struct tenon_session tenon_session;       /* one connection; one thread at a time */
typedef struct tenon_repository tenon_repository; /* one table of one session; owned by the session */
typedef struct tenon_cursor tenon_cursor;         /* rows of one select */

enum { TENON_JOIN_INNER = 0, TENON_JOIN_LEFT = 1, TENON_JOIN_EXISTS = 2 };

typedef struct tenon_join_on { /* two columns that are equal */
  uint32_t parent_column;
  uint32_t column;
} tenon_join_on;

/* Another table of the same session. TENON_CAP_JOINS */
typedef struct tenon_source {
  tenon_repository* repository; /* of that table */
  uint32_t parent;              /* 0: the queried table, else an earlier position in the sources + 1 */
  uint32_t kind;                /* TENON_JOIN_*; TENON_JOIN_EXISTS joins nothing: TENON_NODE_EXISTS opens it */
  const tenon_join_on* on;      /* all of them hold */
  uint64_t on_count;
} tenon_source;

typedef struct tenon_filter {
  const tenon_node* nodes;
  uint64_t count; /* 0: every row */
  const tenon_source* sources;
  uint64_t source_count;
  uint32_t node_stride, source_stride; /* bytes */
} tenon_filter;

typedef struct tenon_column_ref {
  uint32_t source; /* as in tenon_node */
  uint32_t column;
} tenon_column_ref;

enum { /* TENON_CAP_AGGREGATES for all but the first */
       TENON_AGGREGATE_NONE = 0,
       TENON_AGGREGATE_COUNT_ROWS = 1,
       TENON_AGGREGATE_COUNT = 2,
       TENON_AGGREGATE_SUM = 3, /* of int64, float64, decimal in that type */
       TENON_AGGREGATE_AVG = 4, /* float64 */
       TENON_AGGREGATE_MIN = 5,
       TENON_AGGREGATE_MAX = 6
};

typedef struct tenon_output {
  tenon_column_ref column;
  uint16_t aggregate;
  uint16_t distinct; /* 1: count, sum and avg over distinct values */
} tenon_output;

enum { /* TENON_CAP_ROW_LOCKS for all but the first */
       TENON_LOCK_NONE = 0,
       TENON_LOCK_UPDATE = 1,
       TENON_LOCK_UPDATE_NOWAIT = 2,
       TENON_LOCK_UPDATE_SKIP_LOCKED = 3,
       TENON_LOCK_SHARE = 4
};

#define TENON_NO_LIMIT UINT64_MAX

typedef struct tenon_query {
  uint32_t struct_size;
  uint32_t order_stride, output_stride; /* bytes */
  uint32_t lock;                        /* TENON_LOCK_* */
  tenon_filter filter;
  const tenon_order_term* order;
  uint64_t order_count;
  const tenon_output* outputs; /* what each row holds; output_count 0: all columns of the table as described */
  uint64_t output_count;
  const tenon_column_ref* group;
  uint64_t group_count;
  const tenon_node* having; /* over groups, with the filter's sources and stride; having_count 0: every group */
  uint64_t having_count;
  uint64_t limit;
  uint64_t offset;
  uint32_t distinct; /* 1: equal rows once */
  uint32_t whole;    /* a hint, 1: the caller keeps all rows anyway, so memory need not be bounded */
} tenon_query;

/* node_count > 0: the value is expressions[first, first + node_count) over the row's old values. */
typedef struct tenon_assignment {
  uint32_t column;
  uint32_t first;
  uint32_t node_count;
  uint32_t reserved;
  tenon_cell value;
} tenon_assignment;

typedef struct tenon_update {
  uint32_t struct_size;
  uint32_t assignment_stride; /* bytes */
  tenon_filter filter;
  const tenon_assignment* assignments;
  uint64_t assignment_count;
  const tenon_node* expressions; /* filter.node_stride apart */
  uint64_t expression_count;
} tenon_update;

/* Rows to write. */
typedef struct tenon_write {
  uint32_t struct_size;
  uint32_t reserved;
  const uint32_t* columns; /* which columns each row gives */
  uint64_t column_count;
  const tenon_cell* cells; /* row_count × column_count */
  uint64_t row_count;
  const uint32_t* returning; /* columns wanted back, for each row, in input order */
  uint64_t returning_count;
} tenon_write;

enum { TENON_BATCH_INSERT = 1, TENON_BATCH_UPSERT = 2, TENON_BATCH_UPDATE = 3, TENON_BATCH_REMOVE = 4 };

typedef struct tenon_batch_item {
  uint32_t struct_size;
  uint32_t kind;                /* TENON_BATCH_* */
  tenon_repository* repository; /* of the same session */
  const tenon_write* write;     /* insert, upsert; without returning */
  const uint32_t* update_columns;
  uint64_t update_count;
  uint32_t key; /* upsert */
  uint32_t reserved;
  const tenon_update* update; /* update; remove: its filter */
} tenon_batch_item;

/* ---- sessions ------------------------------------------------------------------------------------------------ */

typedef struct tenon_option {
  tenon_string key;
  tenon_string value;
} tenon_option;

enum {
  TENON_ISOLATION_DEFAULT = 0,
  TENON_ISOLATION_READ_COMMITTED = 1,
  TENON_ISOLATION_REPEATABLE_READ = 2,
  TENON_ISOLATION_SERIALIZABLE = 3
};
enum { TENON_TRANSACTION_READ_ONLY = 1, TENON_TRANSACTION_WRITE_INTENT = 2 };

typedef struct tenon_transaction {
  uint32_t struct_size;
  uint32_t isolation;
  uint32_t flags;
  uint32_t reserved;
} tenon_transaction;

enum { TENON_SAVEPOINT_CREATE = 1, TENON_SAVEPOINT_RELEASE = 2, TENON_SAVEPOINT_ROLLBACK = 3 };

#define TENON_NO_DEADLINE INT64_MAX

enum {
  TENON_CAP_TRANSACTIONS = 1 << 0,
  TENON_CAP_SAVEPOINTS = 1 << 1,
  TENON_CAP_CONCURRENT_TRANSACTIONS = 1 << 2,
  TENON_CAP_SQL = 1 << 3,
  TENON_CAP_UPSERT = 1 << 4,
  TENON_CAP_FOREIGN_KEYS = 1 << 5,
  TENON_CAP_CREATE_TABLES = 1 << 6,
  TENON_CAP_SCHEMAS = 1 << 7,
  TENON_CAP_DEADLINES = 1 << 8,
  TENON_CAP_CANCEL = 1 << 9,
  TENON_CAP_BULK_LOAD = 1 << 10,
  TENON_CAP_PERSISTENCE = 1 << 11,
  TENON_CAP_RESOLVE_COMMIT = 1 << 12,
  TENON_CAP_JSON = 1 << 13,
  TENON_CAP_JOINS = 1 << 14,
  TENON_CAP_AGGREGATES = 1 << 15,
  TENON_CAP_ROW_LOCKS = 1 << 16,
  TENON_CAP_BATCH = 1 << 17,
  TENON_CAP_ARRAYS = 1 << 18,
  TENON_CAP_UNICODE_CASE = 1 << 19
};

/* What became of a transaction whose COMMIT was not answered. */
enum {
  TENON_OUTCOME_UNKNOWN = 0,
  TENON_OUTCOME_COMMITTED = 1,
  TENON_OUTCOME_ROLLED_BACK = 2,
  TENON_OUTCOME_IN_PROGRESS = 3
};

/* ---- what a plugin gives ------------------------------------------------------------------------------------- */

/* Static in the plugin, the same at each call of the entry. Functions marked "optional" may be NULL; the host then
 * answers TENON_E_NOT_SUPPORTED, or does what the comment says. A capability that is claimed requires its functions. */
typedef struct tenon_backend_v1 {
  uint64_t magic; /* TENON_ABI_MAGIC */
  uint32_t struct_size;
  uint16_t abi_major, abi_minor; /* as in the tag */
  uint16_t min_host_minor;       /* the oldest minor of this major that this plugin can live with */
  uint16_t reserved0;
  uint32_t reserved1;
  uint64_t capabilities; /* TENON_CAP_*: what it can do at most */

  tenon_string id, version, vendor, license, url, build; /* for people; id is the name in the configuration */

  /* The option keys are the profile's `connection`. An unknown key is TENON_E_CONFIG and named in the message. */
  int32_t (*database_open)(const tenon_option* options, uint64_t count, tenon_database** database, tenon_error* error);
  void (*database_close)(tenon_database* database); /* requires: all its sessions are closed */
  uint64_t (*database_capabilities)(
      tenon_database* database); /* optional: a subset of `capabilities`, for this database */
  /* Optional. Where it connects to, without secrets; lives as long as the database. */
  tenon_string (*database_endpoint)(tenon_database* database);
  /* TENON_CAP_RESOLVE_COMMIT. What became of the transaction that an error's `transaction` names, asked anew of the
   * server, by `deadline`; gives one of TENON_OUTCOME_*. Opens what connection it needs, and closes it. */
  int32_t (*database_resolve)(tenon_database* database, tenon_string transaction, int64_t deadline, uint32_t* outcome,
                              tenon_error* error);

  /* Deadlines are nanoseconds of CLOCK_MONOTONIC, or TENON_NO_DEADLINE. */
  int32_t (*session_open)(tenon_database* database, int64_t deadline, tenon_session** session, tenon_error* error);
  void (*session_close)(tenon_session* session); /* rolls back what is open */

  int32_t (*session_begin)(tenon_session*, const tenon_transaction*, tenon_error*); /* TENON_CAP_TRANSACTIONS */
  int32_t (*session_commit)(tenon_session*, tenon_error*);                          /* TENON_CAP_TRANSACTIONS */
  /* TENON_CAP_TRANSACTIONS. Harmless without one; ends cursors and the deadline; fails if the session is of no use. */
  int32_t (*session_rollback)(tenon_session*, tenon_error*);
  int32_t (*session_savepoint)(tenon_session*, uint32_t action, uint32_t number,
                               tenon_error*); /* TENON_CAP_SAVEPOINTS */
  int32_t (*session_create_tables)(tenon_session*, const tenon_table* const* tables, uint64_t count,
                                   tenon_error*); /* TENON_CAP_CREATE_TABLES; in this order, if not there */
  int32_t (*session_execute)(tenon_session*, tenon_string sql, const tenon_cell* parameters, uint64_t count,
                             tenon_cursor** cursor, tenon_error*); /* TENON_CAP_SQL */
  /* All of the writes or none; `affected` has item_count places. TENON_CAP_BATCH; else the host runs them one by one.
   */
  int32_t (*session_batch)(tenon_session*, const tenon_batch_item* items, uint64_t item_count, uint32_t item_stride,
                           uint64_t* affected, tenon_error*);
  int32_t (*session_alive)(tenon_session*);              /* optional: 1 is assumed. No round trip */
  int32_t (*session_ping)(tenon_session*, tenon_error*); /* optional: TENON_OK is assumed */
  int32_t (*session_set_deadline)(tenon_session*, int64_t deadline, tenon_error*); /* TENON_CAP_DEADLINES */
  void (*session_cancel)(tenon_session*);                                          /* TENON_CAP_CANCEL; any thread */

  /* The table is borrowed for the call only. The repository is closed with its session. */
  int32_t (*repository_open)(tenon_session*, const tenon_table*, tenon_repository**, tenon_error*);
  /* Rows given out live until the next call on the same session. */
  int32_t (*repository_insert)(tenon_repository*, const tenon_write*, tenon_rows* returned, tenon_error*);
  int32_t (*repository_upsert)(tenon_repository*, const tenon_write*, uint32_t key, const uint32_t* update_columns,
                               uint64_t update_count, tenon_rows* returned, tenon_error*); /* TENON_CAP_UPSERT */
  int32_t (*repository_find)(tenon_repository*, uint32_t key, const tenon_cell* values, uint64_t count, tenon_rows* row,
                             tenon_error*);
  int32_t (*repository_select)(tenon_repository*, const tenon_query*, tenon_cursor**, tenon_error*);
  int32_t (*repository_update)(tenon_repository*, const tenon_update*, uint64_t* affected, tenon_error*);
  int32_t (*repository_remove)(tenon_repository*, const tenon_filter*, uint64_t* affected, tenon_error*);
  /* Optional: the host counts the rows of a select. */
  int32_t (*repository_count)(tenon_repository*, const tenon_filter*, uint64_t* count, tenon_error*);
  /* Optional: the host selects with a limit of 1. */
  int32_t (*repository_exists)(tenon_repository*, const tenon_filter*, uint32_t* found, tenon_error*);
  int32_t (*repository_explain)(tenon_repository*, const tenon_query*, tenon_rows*, tenon_error*); /* TENON_CAP_SQL */

  /* rows->rows is 0 behind the last row. The cells live until the next cursor_next or cursor_close. */
  int32_t (*cursor_next)(tenon_cursor*, tenon_rows* rows, tenon_error*);
  void (*cursor_close)(tenon_cursor*);

  const void* (*get_extension)(const char* id); /* optional: everything that comes later; NULL for an unknown id */
} tenon_backend_v1;

/* ---- what the host gives ------------------------------------------------------------------------------------- */

enum { TENON_LOG_DEBUG = 1, TENON_LOG_INFO = 2, TENON_LOG_WARNING = 3, TENON_LOG_ERROR = 4 };

/* Lives until the process ends. */
typedef struct tenon_host {
  uint32_t struct_size;
  uint16_t abi_major, abi_minor;
  tenon_string version;
  void (*log)(uint32_t level, tenon_string message); /* may be NULL; any thread; never with secrets or values */
} tenon_host;

/* Called at least once before anything else; thread-safe and idempotent: each call gives the same table.
 * Returns NULL, with the error filled, if the plugin cannot work in this host. */
typedef const tenon_backend_v1* (*tenon_plugin_entry_fn)(const tenon_host* host, tenon_error* error);

#ifdef __cplusplus
}
#endif
#endif
