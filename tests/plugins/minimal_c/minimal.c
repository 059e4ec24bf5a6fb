/* The boundary of the smallest honest backend: see store.h. Without transactions, upsert or SQL; count and exists are
 * left to the host. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

struct tenon_database {
  pthread_mutex_t mutex; /* guards the tables and their rows */
  table* tables;
};

struct tenon_repository {
  tenon_repository* next;
  tenon_session* session;
  char* table; /* looked up at each call: it may be created later than the repository is opened */
};

struct tenon_session {
  tenon_database* database;
  tenon_repository* repositories;
  row given_out; /* cells of the last call's rows */
  uint64_t given_out_count;
};

struct tenon_cursor {
  tenon_cell* cells; /* a copy of all rows: nobody else can change them */
  uint64_t rows, columns;
  int done;
};

static int32_t database_open(const tenon_option* options, uint64_t count, tenon_database** out, tenon_error* error) {
  if (count > 0) {
    return fail(error, TENON_E_CONFIG, "unknown option \"%.*s\": minimal_c has none", (int)options[0].key.size,
                options[0].key.data);
  }
  tenon_database* database = calloc(1, sizeof *database);
  if (database == NULL) return out_of_memory(error);
  pthread_mutex_init(&database->mutex, NULL);
  *out = database;
  return TENON_OK;
}

static void database_close(tenon_database* database) {
  while (database->tables != NULL) {
    table* next = database->tables->next;
    table_free(database->tables);
    database->tables = next;
  }
  pthread_mutex_destroy(&database->mutex);
  free(database);
}

static int32_t session_open(tenon_database* database, int64_t deadline, tenon_session** out, tenon_error* error) {
  (void)deadline; /* opening never waits */
  tenon_session* session = calloc(1, sizeof *session);
  if (session == NULL) return out_of_memory(error);
  session->database = database;
  *out = session;
  return TENON_OK;
}

static void forget_given_out(tenon_session* session) {
  free_row(session->given_out, session->given_out_count);
  session->given_out = NULL;
  session->given_out_count = 0;
}

static void session_close(tenon_session* session) {
  forget_given_out(session);
  while (session->repositories != NULL) {
    tenon_repository* next = session->repositories->next;
    free(session->repositories->table);
    free(session->repositories);
    session->repositories = next;
  }
  free(session);
}

static int32_t repository_open(tenon_session* session, const tenon_table* described, tenon_repository** out,
                               tenon_error* error) {
  tenon_repository* repository = calloc(1, sizeof *repository);
  char* name = qualified_name(described);
  if (repository == NULL || name == NULL) {
    free(repository);
    free(name);
    return out_of_memory(error);
  }
  repository->table = name;
  repository->session = session;
  repository->next = session->repositories;
  session->repositories = repository;
  *out = repository;
  return TENON_OK;
}

static table* find_table(tenon_database* database, const char* name) {
  table* found = database->tables;
  while (found != NULL && strcmp(found->name, name) != 0)
    found = found->next;
  return found;
}

static int32_t session_create_tables(tenon_session* session, const tenon_table* const* tables, uint64_t count,
                                     tenon_error* error) {
  int32_t status = TENON_OK;
  pthread_mutex_lock(&session->database->mutex);
  for (uint64_t i = 0; status == TENON_OK && i < count; ++i) {
    table* made = table_new(tables[i]);
    if (made == NULL) {
      status = out_of_memory(error);
    } else if (find_table(session->database, made->name) != NULL) {
      table_free(made);
    } else {
      made->next = session->database->tables;
      session->database->tables = made;
    }
  }
  pthread_mutex_unlock(&session->database->mutex);
  return status;
}

/* Begins a call: takes the lock, ends the life of what the last call gave out, and finds the table. */
static int32_t enter(tenon_repository* repository, table** found, tenon_error* error) {
  pthread_mutex_lock(&repository->session->database->mutex);
  forget_given_out(repository->session);
  *found = find_table(repository->session->database, repository->table);
  return *found != NULL ? TENON_OK : fail(error, TENON_E_PROGRAMMING, "no table \"%s\"", repository->table);
}

static int32_t leave(tenon_repository* repository, int32_t status) {
  pthread_mutex_unlock(&repository->session->database->mutex);
  return status;
}

/* Copies columns of rows into one array; `columns` NULL means all, in their order. */
static tenon_cell* project(const row* rows, uint64_t count, const uint32_t* columns, uint64_t column_count) {
  tenon_cell* cells = calloc(count * column_count + 1, sizeof *cells);
  for (uint64_t r = 0; cells != NULL && r < count; ++r) {
    for (uint64_t c = 0; c < column_count; ++c) {
      if (copy_cell(&cells[r * column_count + c], &rows[r][columns == NULL ? c : columns[c]])) continue;
      free_row(cells, count * column_count);
      return NULL;
    }
  }
  return cells;
}

static int32_t give_out(tenon_session* session, const row* rows, uint64_t count, const uint32_t* columns,
                        uint64_t column_count, tenon_rows* out, tenon_error* error) {
  tenon_cell* cells = project(rows, count, columns, column_count);
  if (cells == NULL) return out_of_memory(error);
  session->given_out = cells;
  session->given_out_count = count * column_count;
  out->cells = cells;
  out->rows = count;
  out->columns = column_count;
  return TENON_OK;
}

static int32_t insert_row(table* into, const tenon_write* write, uint64_t index, tenon_error* error) {
  tenon_cell* gathered = calloc(into->column_count + 1, sizeof *gathered);
  if (gathered == NULL) return out_of_memory(error);
  for (uint64_t c = 0; c < write->column_count; ++c)
    gathered[write->columns[c]] = write->cells[index * write->column_count + c];
  give_id(into, gathered);
  int32_t status = check_row(into, gathered, error);
  row added = status == TENON_OK ? copy_row(gathered, into->column_count) : NULL;
  free(gathered);
  if (status != TENON_OK) return status;
  if (added == NULL || !row_list_add(&into->rows, added)) {
    free_row(added, into->column_count);
    return out_of_memory(error);
  }
  return check_keys(into, &into->rows, into->rows.count - 1, error);
}

static int32_t repository_insert(tenon_repository* repository, const tenon_write* write, tenon_rows* returned,
                                 tenon_error* error) {
  table* into;
  int32_t status = enter(repository, &into, error);
  if (status == TENON_OK) status = check_positions(into, write->columns, write->column_count, error);
  if (status == TENON_OK) status = check_positions(into, write->returning, write->returning_count, error);
  if (status != TENON_OK) return leave(repository, status);
  const uint64_t before = into->rows.count;
  for (uint64_t i = 0; status == TENON_OK && i < write->row_count; ++i)
    status = insert_row(into, write, i, error);
  if (status == TENON_OK && write->returning_count > 0) {
    row* const first = before == 0 ? into->rows.rows : into->rows.rows + before; /* NULL may not be moved */
    status = give_out(repository->session, first, write->row_count, write->returning, write->returning_count, returned,
                      error);
  }
  if (status != TENON_OK) row_list_clear(&into->rows, before, into->column_count); /* all rows or none */
  return leave(repository, status);
}

static int32_t repository_find(tenon_repository* repository, uint32_t key_index, const tenon_cell* values,
                               uint64_t count, tenon_rows* found, tenon_error* error) {
  table* in;
  int32_t status = enter(repository, &in, error);
  if (status != TENON_OK) return leave(repository, status);
  if (key_index >= in->key_count || count != in->keys[key_index].count) {
    return leave(repository, fail(error, TENON_E_PROGRAMMING, "no such key of table \"%s\"", in->name));
  }
  memset(found, 0, sizeof *found);
  for (uint64_t i = 0; i < in->rows.count; ++i) {
    if (!has_key(&in->keys[key_index], in->rows.rows[i], values)) continue;
    return leave(repository, give_out(repository->session, &in->rows.rows[i], 1, NULL, in->column_count, found, error));
  }
  return leave(repository, TENON_OK);
}

/* The columns of the outputs, or NULL with the error filled. What has a capability of its own the host refuses. */
static uint32_t* output_columns(const table* of, const tenon_query* query, tenon_error* error) {
  uint32_t* columns = malloc((query->output_count + 1) * sizeof *columns);
  if (columns == NULL) return out_of_memory(error), NULL;
  int32_t status = TENON_OK;
  if (query->distinct) status = fail(error, TENON_E_NOT_SUPPORTED, "distinct rows are not supported");
  for (uint64_t i = 0; status == TENON_OK && i < query->output_count; ++i) {
    const tenon_output* output = (const tenon_output*)((const char*)query->outputs + i * query->output_stride);
    columns[i] = output->column.column;
    if (output->column.source != 0 || output->aggregate != TENON_AGGREGATE_NONE) {
      status = fail(error, TENON_E_NOT_SUPPORTED, "outputs are columns of the table");
    }
  }
  if (status == TENON_OK) status = check_positions(of, columns, query->output_count, error);
  if (status == TENON_OK) return columns;
  free(columns);
  return NULL;
}

static int32_t select_rows(const table* from, const tenon_query* query, tenon_cursor* cursor, tenon_error* error) {
  int32_t status = check_filter(from, &query->filter, error);
  if (status == TENON_OK) status = check_order(from, query, error);
  if (status != TENON_OK) return status;
  uint32_t* columns = output_columns(from, query, error);
  if (columns == NULL) return error->code;
  row* found = malloc((from->rows.count + 1) * sizeof *found); /* borrows the rows */
  if (found == NULL) return free(columns), out_of_memory(error);
  uint64_t count = 0;
  for (uint64_t i = 0; i < from->rows.count; ++i) {
    if (matches(&query->filter, from->rows.rows[i])) found[count++] = from->rows.rows[i];
  }
  const uint64_t skipped = query->offset < count ? query->offset : count;
  const int sorted = sort_rows(found, count, query);
  cursor->rows = count - skipped < query->limit ? count - skipped : query->limit;
  cursor->columns = query->output_count > 0 ? query->output_count : from->column_count;
  if (sorted) {
    cursor->cells = project(found + skipped, cursor->rows, query->output_count > 0 ? columns : NULL, cursor->columns);
  }
  free(found);
  free(columns);
  return cursor->cells != NULL ? TENON_OK : out_of_memory(error);
}

static int32_t repository_select(tenon_repository* repository, const tenon_query* query, tenon_cursor** out,
                                 tenon_error* error) {
  table* from;
  int32_t status = enter(repository, &from, error);
  if (status != TENON_OK) return leave(repository, status);
  tenon_cursor* cursor = calloc(1, sizeof *cursor);
  status = cursor == NULL ? out_of_memory(error) : select_rows(from, query, cursor, error);
  if (status == TENON_OK)
    *out = cursor;
  else
    free(cursor);
  return leave(repository, status);
}

static int32_t cursor_next(tenon_cursor* cursor, tenon_rows* rows, tenon_error* error) {
  (void)error;
  memset(rows, 0, sizeof *rows);
  if (cursor->done) return TENON_OK;
  cursor->done = 1;
  rows->cells = cursor->cells;
  rows->rows = cursor->rows;
  rows->columns = cursor->columns;
  return TENON_OK;
}

static void cursor_close(tenon_cursor* cursor) {
  free_row(cursor->cells, cursor->rows * cursor->columns);
  free(cursor);
}

static const tenon_assignment* assignment_at(const tenon_update* update, uint64_t index) {
  return (const tenon_assignment*)((const char*)update->assignments + index * update->assignment_stride);
}

/* The row with the assignments made, or NULL with the error filled. */
static row changed_row(const table* of, const tenon_cell* cells, const tenon_update* update, tenon_error* error) {
  tenon_cell* gathered = malloc((of->column_count + 1) * sizeof *gathered);
  if (gathered == NULL) return out_of_memory(error), NULL;
  memcpy(gathered, cells, of->column_count * sizeof *gathered);
  for (uint64_t i = 0; i < update->assignment_count; ++i)
    gathered[assignment_at(update, i)->column] = assignment_at(update, i)->value;
  row changed = NULL;
  if (check_row(of, gathered, error) == TENON_OK) {
    changed = copy_row(gathered, of->column_count);
    if (changed == NULL) out_of_memory(error);
  }
  free(gathered);
  return changed;
}

/* Makes `next` the rows as they will be: changed ones are new, the rest are borrowed. */
static int32_t plan_update(const table* of, const tenon_update* update, row_list* next, uint64_t* affected,
                           tenon_error* error) {
  for (uint64_t i = 0; i < of->rows.count; ++i) {
    row cells = of->rows.rows[i];
    const int changes = matches(&update->filter, cells);
    if (changes) cells = changed_row(of, cells, update, error);
    if (cells == NULL) return error->code;
    if (!row_list_add(next, cells)) {
      if (changes) free_row(cells, of->column_count);
      return out_of_memory(error);
    }
    *affected += changes ? 1 : 0;
  }
  for (uint64_t i = 0; i < next->count; ++i) { /* at the end of the statement: rows may swap keys */
    if (next->rows[i] == of->rows.rows[i]) continue;
    const int32_t status = check_keys(of, next, i, error);
    if (status != TENON_OK) return status;
  }
  return TENON_OK;
}

static int32_t repository_update(tenon_repository* repository, const tenon_update* update, uint64_t* affected,
                                 tenon_error* error) {
  table* of;
  const tenon_filter* filter = &update->filter;
  const uint64_t count = update->assignment_count;
  int32_t status = enter(repository, &of, error);
  if (status == TENON_OK) status = check_filter(of, filter, error);
  for (uint64_t i = 0; status == TENON_OK && i < count; ++i) {
    status = check_positions(of, &assignment_at(update, i)->column, 1, error);
    if (status == TENON_OK && assignment_at(update, i)->node_count > 0) {
      status = fail(error, TENON_E_NOT_SUPPORTED, "an update sets values, no expressions");
    }
  }
  if (status != TENON_OK) return leave(repository, status);
  row_list next = {NULL, 0, 0};
  uint64_t changed = 0;
  status = plan_update(of, update, &next, &changed, error);
  row_list* dropped = status == TENON_OK ? &of->rows : &next;
  const row_list* kept = status == TENON_OK ? &next : &of->rows; /* the two share the rows that did not change */
  for (uint64_t i = 0; i < next.count; ++i) {
    if (dropped->rows[i] != kept->rows[i]) free_row(dropped->rows[i], of->column_count);
  }
  free(dropped->rows);
  if (status == TENON_OK) {
    of->rows = next;
    *affected = changed;
  }
  return leave(repository, status);
}

static int32_t repository_remove(tenon_repository* repository, const tenon_filter* filter, uint64_t* affected,
                                 tenon_error* error) {
  table* from;
  int32_t status = enter(repository, &from, error);
  if (status == TENON_OK) status = check_filter(from, filter, error);
  if (status != TENON_OK) return leave(repository, status);
  uint64_t kept = 0;
  for (uint64_t i = 0; i < from->rows.count; ++i) {
    row cells = from->rows.rows[i];
    if (matches(filter, cells))
      free_row(cells, from->column_count);
    else
      from->rows.rows[kept++] = cells;
  }
  *affected = from->rows.count - kept;
  from->rows.count = kept;
  return leave(repository, TENON_OK);
}

TENON_ABI_TAG

#define TEXT(literal)                                                                                                  \
  { literal, sizeof(literal) - 1 }

TENON_ABI_EXPORT const tenon_backend_v1* tenon_plugin_entry_v1(const tenon_host* host, tenon_error* error);
const tenon_backend_v1* tenon_plugin_entry_v1(const tenon_host* host, tenon_error* error) {
  static const tenon_backend_v1 backend = {
      .magic = TENON_ABI_MAGIC,
      .struct_size = sizeof(tenon_backend_v1),
      .abi_major = TENON_ABI_MAJOR,
      .abi_minor = TENON_ABI_MINOR,
      .min_host_minor = TENON_ABI_MINOR,
      .capabilities = TENON_CAP_CREATE_TABLES | TENON_CAP_SCHEMAS,
      .id = TEXT("minimal_c"),
      .version = TEXT("0.1.0"),
      .vendor = TEXT("Tenon's tests"),
      .license = TEXT("as Tenon"),
      .build = TEXT("C99"),
      .database_open = database_open,
      .database_close = database_close,
      .session_open = session_open,
      .session_close = session_close,
      .session_create_tables = session_create_tables,
      .repository_open = repository_open,
      .repository_insert = repository_insert,
      .repository_find = repository_find,
      .repository_select = repository_select,
      .repository_update = repository_update,
      .repository_remove = repository_remove,
      .cursor_next = cursor_next,
      .cursor_close = cursor_close,
  };
  (void)host, (void)error;
  return &backend;
}
