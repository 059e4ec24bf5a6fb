#define _POSIX_C_SOURCE 200809L
#include "store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void release_message(tenon_error* error) {
  free(error->owner);
  error->owner = NULL;
  error->release = NULL;
}

int32_t fail(tenon_error* error, int32_t code, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  error->code = code;
  error->owner = strdup(text);
  if (error->owner != NULL) {
    error->message.data = error->owner;
    error->message.size = strlen(text);
    error->release = release_message;
  }
  return code;
}

int32_t out_of_memory(tenon_error* error) {
  static const char text[] = "out of memory";
  error->code = TENON_E_RESOURCE;
  error->message.data = text;
  error->message.size = sizeof text - 1;
  return TENON_E_RESOURCE;
}

char* copy_string(tenon_string text) {
  char* copy = malloc(text.size + 1);
  if (copy == NULL) return NULL;
  if (text.size > 0) memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  return copy;
}

char* qualified_name(const tenon_table* described) {
  const tenon_string schema = described->schema, name = described->name;
  char* joined = malloc(schema.size + name.size + 2);
  if (joined == NULL) return NULL;
  snprintf(joined, schema.size + name.size + 2, "%.*s%s%.*s", (int)schema.size, schema.size > 0 ? schema.data : "",
           schema.size > 0 ? "." : "", (int)name.size, name.data);
  return joined;
}

static int points_to_bytes(uint32_t type) {
  return type == TENON_TEXT || type == TENON_BLOB || type == TENON_DECIMAL || type == TENON_UUID || type == TENON_JSON;
}

int copy_cell(tenon_cell* to, const tenon_cell* from) {
  *to = *from;
  if (!points_to_bytes(from->type)) return 1;
  void* bytes = malloc(from->size + 1); /* never 0, so that NULL means failure */
  to->value.data = bytes;
  if (bytes == NULL) {
    to->type = TENON_NULL;
    return 0;
  }
  if (from->size > 0) memcpy(bytes, from->value.data, from->size);
  return 1;
}

row copy_row(const tenon_cell* cells, uint64_t columns) {
  row copy = calloc(columns + 1, sizeof *copy);
  if (copy == NULL) return NULL;
  for (uint64_t i = 0; i < columns; ++i) {
    if (!copy_cell(&copy[i], &cells[i])) {
      free_row(copy, columns);
      return NULL;
    }
  }
  return copy;
}

void free_row(row cells, uint64_t columns) {
  if (cells == NULL) return;
  for (uint64_t i = 0; i < columns; ++i) {
    if (points_to_bytes(cells[i].type)) free((void*)cells[i].value.data);
  }
  free(cells);
}

int row_list_add(row_list* list, row added) {
  if (list->count == list->capacity) {
    const uint64_t capacity = list->capacity * 2 + 16;
    row* grown = realloc(list->rows, capacity * sizeof *grown);
    if (grown == NULL) return 0;
    list->rows = grown;
    list->capacity = capacity;
  }
  list->rows[list->count++] = added;
  return 1;
}

void row_list_clear(row_list* list, uint64_t from, uint64_t columns) {
  for (uint64_t i = from; i < list->count; ++i)
    free_row(list->rows[i], columns);
  list->count = from;
  if (from > 0) return;
  free(list->rows);
  memset(list, 0, sizeof *list);
}

static const void* element(const void* first, uint32_t stride, uint64_t index) {
  return (const char*)first + index * stride;
}

/* Names of columns, each ended by '\n'. */
static char* names_of(const tenon_table* described, const uint32_t* columns, uint64_t count) {
  uint64_t size = 1;
  for (uint64_t i = 0; i < count; ++i) {
    const tenon_column* one = element(described->columns, described->column_stride, columns[i]);
    size += one->name.size + 1;
  }
  char* names = malloc(size);
  char* end = names;
  for (uint64_t i = 0; names != NULL && i < count; ++i) {
    const tenon_column* one = element(described->columns, described->column_stride, columns[i]);
    if (one->name.size > 0) memcpy(end, one->name.data, one->name.size);
    end += one->name.size;
    *end++ = '\n';
  }
  if (names != NULL) *end = '\0';
  return names;
}

table* table_new(const tenon_table* described) {
  table* made = calloc(1, sizeof *made);
  if (made == NULL) return NULL;
  made->next_id = 1;
  made->name = qualified_name(described);
  made->columns = calloc(described->column_count + 1, sizeof *made->columns);
  made->keys = calloc(described->key_count + 1, sizeof *made->keys);
  int complete = made->name != NULL && made->columns != NULL && made->keys != NULL;
  for (uint64_t i = 0; complete && i < described->column_count; ++i) {
    const tenon_column* from = element(described->columns, described->column_stride, i);
    const column copied = {copy_string(from->name), from->type, from->flags, from->max_length};
    made->columns[made->column_count++] = copied;
    complete = copied.name != NULL;
  }
  for (uint64_t i = 0; complete && i < described->key_count; ++i) {
    const tenon_key* from = element(described->keys, described->key_stride, i);
    const key copied = {copy_string(from->name), malloc((from->column_count + 1) * sizeof(uint32_t)),
                        from->column_count, names_of(described, from->columns, from->column_count)};
    made->keys[made->key_count++] = copied;
    complete = copied.name != NULL && copied.columns != NULL && copied.column_names != NULL;
    if (complete) memcpy(copied.columns, from->columns, from->column_count * sizeof(uint32_t));
  }
  if (complete) return made;
  table_free(made);
  return NULL;
}

void table_free(table* freed) {
  row_list_clear(&freed->rows, 0, freed->column_count);
  for (uint64_t i = 0; i < freed->column_count; ++i)
    free(freed->columns[i].name);
  for (uint64_t i = 0; i < freed->key_count; ++i) {
    free(freed->keys[i].name);
    free(freed->keys[i].columns);
    free(freed->keys[i].column_names);
  }
  free(freed->columns);
  free(freed->keys);
  free(freed->name);
  free(freed);
}

/* The number of code points, or -1 if the bytes are not UTF-8 or hold a NUL. */
static int64_t code_points(const unsigned char* bytes, uint64_t size) {
  static const uint32_t smallest[] = {1, 0x80, 0x800, 0x10000};
  int64_t count = 0;
  for (uint64_t i = 0; i < size; ++count) {
    const unsigned char lead = bytes[i++];
    const int more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : -1;
    if (more < 0 || size - i < (uint64_t)more) return -1;
    uint32_t point = more == 0 ? lead : lead & (0x3FU >> more);
    for (int m = 0; m < more; ++m, ++i) {
      if (bytes[i] >> 6 != 2) return -1;
      point = point << 6 | (bytes[i] & 0x3FU);
    }
    if (point < smallest[more] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return -1;
  }
  return count;
}

int32_t check_positions(const table* of, const uint32_t* positions, uint64_t count, tenon_error* error) {
  for (uint64_t i = 0; i < count; ++i) {
    if (positions[i] < of->column_count) continue;
    return fail(error, TENON_E_PROGRAMMING, "table \"%s\" has no column %u", of->name, positions[i]);
  }
  return TENON_OK;
}

int32_t check_row(const table* of, const tenon_cell* cells, tenon_error* error) {
  for (uint64_t i = 0; i < of->column_count; ++i) {
    const column* c = &of->columns[i];
    if (cells[i].type == TENON_NULL) {
      if ((c->flags & TENON_COLUMN_NULLABLE) != 0) continue;
      error->columns.data = c->name;
      error->columns.size = strlen(c->name);
      return fail(error, TENON_E_NOT_NULL, "column \"%s\" of table \"%s\" must not be null", c->name, of->name);
    }
    if (cells[i].type != c->type) {
      return fail(error, TENON_E_DATA, "column \"%s\" of table \"%s\" has another type", c->name, of->name);
    }
    if (c->type != TENON_TEXT && c->type != TENON_JSON) continue;
    const int64_t length = code_points(cells[i].value.data, cells[i].size);
    if (length < 0) {
      return fail(error, TENON_E_DATA, "column \"%s\" of table \"%s\": not UTF-8 without NUL", c->name, of->name);
    }
    if (c->max_length > 0 && length > (int64_t)c->max_length) {
      return fail(error, TENON_E_DATA, "column \"%s\" of table \"%s\" holds at most %u characters", c->name, of->name,
                  c->max_length);
    }
  }
  return TENON_OK;
}

int has_key(const key* wanted, const tenon_cell* cells, const tenon_cell* values) {
  for (uint64_t i = 0; i < wanted->count; ++i) {
    const tenon_cell* cell = &cells[wanted->columns[i]];
    if (cell->type == TENON_NULL || cell->type != values[i].type) return 0;
    if (compare_cells(cell, &values[i]) != 0) return 0;
  }
  return 1;
}

int32_t check_keys(const table* of, const row_list* rows, uint64_t position, tenon_error* error) {
  for (uint64_t k = 0; k < of->key_count; ++k) {
    const key* checked = &of->keys[k];
    tenon_cell* values = malloc((checked->count + 1) * sizeof *values);
    if (values == NULL) return out_of_memory(error);
    for (uint64_t i = 0; i < checked->count; ++i)
      values[i] = rows->rows[position][checked->columns[i]];
    uint64_t other = 0;
    while (other < rows->count && (other == position || !has_key(checked, rows->rows[other], values)))
      ++other;
    free(values);
    if (other == rows->count) continue;
    error->constraint.data = checked->name;
    error->constraint.size = strlen(checked->name);
    error->columns.data = checked->column_names; /* lives as long as the table */
    error->columns.size = strlen(checked->column_names);
    return fail(error, TENON_E_UNIQUE, "the key \"%s\" of table \"%s\" is taken", checked->name, of->name);
  }
  return TENON_OK;
}

void give_id(table* of, tenon_cell* cells) {
  for (uint64_t i = 0; i < of->column_count; ++i) {
    if ((of->columns[i].flags & TENON_COLUMN_GENERATED) == 0) continue;
    if (cells[i].type == TENON_NULL) {
      cells[i].type = TENON_INT64;
      cells[i].value.integer = of->next_id;
    }
    if (cells[i].type == TENON_INT64 && cells[i].value.integer >= of->next_id && cells[i].value.integer < INT64_MAX) {
      of->next_id = cells[i].value.integer + 1;
    }
  }
}
