/* The smallest honest backend in C99: rows in memory, found by walking over all of them. Tables belong to the database
 * and live as long as it does; every call is its own transaction. store.c keeps rows and their rules, filter.c reads
 * query trees, minimal.c is the boundary.
 * Threads: the caller of every function here holds the database's mutex. */
#ifndef TENON_TEST_MINIMAL_STORE_H
#define TENON_TEST_MINIMAL_STORE_H

#include <tenon/tenon_abi.h>

typedef struct column {
  char* name;
  uint32_t type, flags, max_length;
} column;

typedef struct key {
  char* name;
  uint32_t* columns;
  uint64_t count;
  char* column_names; /* as tenon_error wants them */
} key;

/* One cell per column; the cells own their bytes. */
typedef tenon_cell* row;

typedef struct row_list {
  row* rows;
  uint64_t count, capacity;
} row_list;

typedef struct table {
  struct table* next;
  char* name; /* with its schema */
  column* columns;
  uint64_t column_count;
  key* keys; /* keys[0] is the primary key */
  uint64_t key_count;
  int64_t next_id;
  row_list rows;
} table;

/* Fills the error with a formatted message and returns `code`. */
int32_t fail(tenon_error* error, int32_t code, const char* format, ...) __attribute__((format(printf, 3, 4)));
int32_t out_of_memory(tenon_error* error);

/* store.c: text and cells. Copies are NULL, or return 0, when memory is short. */
char* copy_string(tenon_string text);
char* qualified_name(const tenon_table* described);
int copy_cell(tenon_cell* to, const tenon_cell* from);
row copy_row(const tenon_cell* cells, uint64_t columns);
void free_row(row cells, uint64_t columns);
int row_list_add(row_list* list, row added);
void row_list_clear(row_list* list, uint64_t from, uint64_t columns);

/* store.c: tables */
table* table_new(const tenon_table* described);
void table_free(table* freed);
int32_t check_positions(const table* of, const uint32_t* positions, uint64_t count, tenon_error* error);
/* TENON_OK, or the error of the first rule of the table that the row breaks: types, lengths, NULLs. */
int32_t check_row(const table* of, const tenon_cell* cells, tenon_error* error);
/* Are all keys that the row at `position` of `rows` has its own? */
int32_t check_keys(const table* of, const row_list* rows, uint64_t position, tenon_error* error);
/* Gives a new row its generated key, or learns from the one that it brings. */
void give_id(table* of, tenon_cell* cells);
/* The columns of a key of the row, equal to `values`? NULL equals nothing. */
int has_key(const key* wanted, const tenon_cell* cells, const tenon_cell* values);

/* filter.c */
/* TENON_OK if filter and order of the query can be answered for this table. */
int32_t check_filter(const table* of, const tenon_filter* filter, tenon_error* error);
int32_t check_order(const table* of, const tenon_query* query, tenon_error* error);
/* Requires check_filter. */
int matches(const tenon_filter* filter, const tenon_cell* cells);
/* -1, 0 or 1. Requires cells of one comparable type, neither NULL. */
int compare_cells(const tenon_cell* a, const tenon_cell* b);
/* Sorts, keeping the order of equals. Requires check_order. Returns 0 when memory is short. */
int sort_rows(row* rows, uint64_t count, const tenon_query* query);

#endif
