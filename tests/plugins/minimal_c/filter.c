#include "store.h"

#include <stdlib.h>
#include <string.h>

enum { FALSE = 0, TRUE = 1, UNKNOWN = 2 }; /* as SQL's logic */

static const tenon_node* node(const tenon_filter* filter, uint64_t position) {
  return (const tenon_node*)((const char*)filter->nodes + position * filter->node_stride);
}

static int32_t check_column(const table* of, uint32_t position, tenon_error* error) {
  const int32_t status = check_positions(of, &position, 1, error);
  if (status != TENON_OK) return status;
  if (of->columns[position].type == TENON_JSON) { /* equal values may be written differently */
    return fail(error, TENON_E_NOT_SUPPORTED, "column \"%s\" cannot be compared here", of->columns[position].name);
  }
  return TENON_OK;
}

int32_t check_filter(const table* of, const tenon_filter* filter, tenon_error* error) {
  for (uint64_t i = 0; i < filter->count; ++i) {
    const tenon_node* n = node(filter, i);
    const int null_test = i > 0 && (node(filter, i - 1)->kind == TENON_NODE_IS_NULL ||
                                    node(filter, i - 1)->kind == TENON_NODE_IS_NOT_NULL);
    if (n->kind < TENON_NODE_COLUMN || n->kind > TENON_NODE_IS_NOT_NULL) {
      return fail(error, TENON_E_NOT_SUPPORTED, "a filter of kind %u is not supported", (unsigned)n->kind);
    }
    if (n->kind != TENON_NODE_COLUMN) continue;
    if (n->source != 0) return fail(error, TENON_E_NOT_SUPPORTED, "filters over several tables are not supported");
    if (null_test && n->column < of->column_count) continue;
    const int32_t status = check_column(of, n->column, error);
    if (status != TENON_OK) return status;
  }
  return TENON_OK;
}

typedef struct digits { /* "-0012.50": negative, "12", "50" and its last 0 dropped */
  int negative;
  const char *whole, *fraction;
  uint64_t whole_size, fraction_size;
} digits;

static digits read_decimal(const tenon_cell* cell) {
  const char *at = cell->value.data, *end = at + cell->size;
  digits read = {at < end && *at == '-', at, end, 0, 0};
  if (read.negative) ++at;
  while (at < end && *at == '0')
    ++at;
  for (read.whole = at; at < end && *at != '.'; ++at)
    ++read.whole_size;
  if (at < end) read.fraction = at + 1;
  while (end > read.fraction && end[-1] == '0')
    --end;
  read.fraction_size = (uint64_t)(end - read.fraction);
  if (read.whole_size == 0 && read.fraction_size == 0) read.negative = 0;
  return read;
}

static int compare_bytes(const void* a, uint64_t a_size, const void* b, uint64_t b_size) {
  const uint64_t shorter = a_size < b_size ? a_size : b_size;
  const int order = shorter == 0 ? 0 : memcmp(a, b, shorter);
  return order != 0 ? (order > 0) - (order < 0) : (a_size > b_size) - (a_size < b_size);
}

static int compare_decimals(const tenon_cell* a, const tenon_cell* b) {
  const digits left = read_decimal(a), right = read_decimal(b);
  if (left.negative != right.negative) return left.negative ? -1 : 1;
  int order = (left.whole_size > right.whole_size) - (left.whole_size < right.whole_size);
  if (order == 0) order = compare_bytes(left.whole, left.whole_size, right.whole, right.whole_size);
  if (order == 0) order = compare_bytes(left.fraction, left.fraction_size, right.fraction, right.fraction_size);
  return left.negative ? -order : order;
}

int compare_cells(const tenon_cell* a, const tenon_cell* b) {
  switch (a->type) {
    case TENON_FLOAT64: return (a->value.real > b->value.real) - (a->value.real < b->value.real);
    case TENON_DECIMAL: return compare_decimals(a, b);
    case TENON_TEXT:
    case TENON_BLOB:
    case TENON_UUID:
    case TENON_JSON: return compare_bytes(a->value.data, a->size, b->value.data, b->size);
    default: return (a->value.integer > b->value.integer) - (a->value.integer < b->value.integer);
  }
}

static int holds_at(const tenon_cell* whole, const tenon_cell* part, uint64_t offset) {
  return part->size == 0 || memcmp((const char*)whole->value.data + offset, part->value.data, part->size) == 0;
}

static const char* next_character(const char* at, const char* end) {
  do
    ++at;
  while (at < end && ((unsigned char)*at >> 6) == 2); /* the rest of a character in UTF-8 */
  return at;
}

/* % and _ stand for any text and any one character, \ takes their meaning away. */
static int is_like(const tenon_cell* text, const tenon_cell* pattern) {
  const char *t = text->value.data, *t_end = t + text->size;
  const char *p = pattern->value.data, *p_end = p + pattern->size;
  const char *after_any = NULL, *retry = NULL; /* behind the last %, and where its text may grow to */
  while (t < t_end) {
    const int escaped = p + 1 < p_end && *p == '\\';
    if (p < p_end && *p == '%') {
      after_any = ++p;
      retry = t;
    } else if (p < p_end && *p == '_') {
      ++p;
      t = next_character(t, t_end);
    } else if (p < p_end && p[escaped] == *t) {
      p += escaped + 1;
      ++t;
    } else if (after_any != NULL) {
      p = after_any;
      t = retry = next_character(retry, t_end);
    } else {
      return 0;
    }
  }
  while (p < p_end && *p == '%')
    ++p;
  return p == p_end;
}

static int compare(uint16_t kind, const tenon_cell* a, const tenon_cell* b) {
  if (a->type == TENON_NULL || b->type == TENON_NULL) return UNKNOWN;
  if (a->type != b->type) return FALSE;
  const int fits = b->size <= a->size;
  switch (kind) {
    case TENON_NODE_NE: return compare_cells(a, b) != 0;
    case TENON_NODE_LT: return compare_cells(a, b) < 0;
    case TENON_NODE_LE: return compare_cells(a, b) <= 0;
    case TENON_NODE_GT: return compare_cells(a, b) > 0;
    case TENON_NODE_GE: return compare_cells(a, b) >= 0;
    case TENON_NODE_LIKE: return is_like(a, b);
    case TENON_NODE_STARTS_WITH: return fits && holds_at(a, b, 0);
    case TENON_NODE_ENDS_WITH: return fits && holds_at(a, b, a->size - b->size);
    case TENON_NODE_CONTAINS:
      for (uint64_t i = 0; fits && i <= a->size - b->size; ++i) {
        if (holds_at(a, b, i)) return TRUE;
      }
      return FALSE;
    default: return compare_cells(a, b) == 0; /* TENON_NODE_EQ and TENON_NODE_IN */
  }
}

static const tenon_cell* operand(const tenon_filter* filter, uint64_t* position, const tenon_cell* cells) {
  const tenon_node* leaf = node(filter, (*position)++);
  return leaf->kind == TENON_NODE_COLUMN ? &cells[leaf->column] : &leaf->value;
}

static int evaluate(const tenon_filter* filter, uint64_t* position, const tenon_cell* cells) {
  const tenon_node* n = node(filter, (*position)++);
  switch (n->kind) {
    case TENON_NODE_ALL_OF:
    case TENON_NODE_ANY_OF: {
      const int decisive = n->kind == TENON_NODE_ALL_OF ? FALSE : TRUE;
      int result = !decisive;
      for (uint32_t i = 0; i < n->children; ++i) {
        const int child = evaluate(filter, position, cells); /* all of them: it moves the position */
        if (child == decisive) result = decisive;
        if (child == UNKNOWN && result != decisive) result = UNKNOWN;
      }
      return result;
    }
    case TENON_NODE_NEGATION: {
      const int child = evaluate(filter, position, cells);
      return child == UNKNOWN ? UNKNOWN : !child;
    }
    case TENON_NODE_IS_NULL: return operand(filter, position, cells)->type == TENON_NULL;
    case TENON_NODE_IS_NOT_NULL: return operand(filter, position, cells)->type != TENON_NULL;
    case TENON_NODE_COLUMN:
    case TENON_NODE_VALUE: { /* a boolean that stands by itself */
      --*position;
      const tenon_cell* value = operand(filter, position, cells);
      return value->type == TENON_NULL ? UNKNOWN : value->value.integer != 0;
    }
    default: {
      const tenon_cell* left = operand(filter, position, cells);
      int result = FALSE;
      for (uint32_t i = 1; i < n->children; ++i) {
        const int equal = compare(n->kind, left, operand(filter, position, cells));
        if (equal == TRUE || result == FALSE) result = equal;
      }
      return result;
    }
  }
}

int matches(const tenon_filter* filter, const tenon_cell* cells) {
  uint64_t position = 0;
  return filter->count == 0 || evaluate(filter, &position, cells) == TRUE;
}

static const tenon_order_term* order_term(const tenon_query* query, uint64_t index) {
  return (const tenon_order_term*)((const char*)query->order + index * query->order_stride);
}

int32_t check_order(const table* of, const tenon_query* query, tenon_error* error) {
  for (uint64_t i = 0; i < query->order_count; ++i) {
    const int32_t status = check_column(of, order_term(query, i)->column, error);
    if (status != TENON_OK) return status;
  }
  return TENON_OK;
}

static int before(const tenon_query* query, const tenon_cell* a, const tenon_cell* b) {
  for (uint64_t i = 0; i < query->order_count; ++i) {
    const tenon_order_term* term = order_term(query, i);
    const tenon_cell *left = &a[term->column], *right = &b[term->column];
    const int left_null = left->type == TENON_NULL, right_null = right->type == TENON_NULL;
    const int nulls_first =
        term->nulls == TENON_NULLS_FIRST || (term->nulls == TENON_NULLS_LARGEST && term->descending != 0);
    if (left_null && right_null) continue;
    if (left_null || right_null) return left_null == nulls_first;
    const int order = compare_cells(left, right);
    if (order != 0) return term->descending != 0 ? order > 0 : order < 0;
  }
  return 0;
}

int sort_rows(row* rows, uint64_t count, const tenon_query* query) {
  if (query->order_count == 0 || count < 2) return 1;
  row* merged = malloc(count * sizeof *merged);
  if (merged == NULL) return 0;
  for (uint64_t run = 1; run < count; run *= 2) {
    for (uint64_t start = 0; start < count; start += 2 * run) {
      const uint64_t middle = start + run < count ? start + run : count;
      const uint64_t end = middle + run < count ? middle + run : count;
      uint64_t left = start, right = middle;
      for (uint64_t i = start; i < end; ++i) {
        const int from_right = left == middle || (right < end && before(query, rows[right], rows[left]));
        merged[i] = from_right ? rows[right++] : rows[left++];
      }
    }
    memcpy(rows, merged, count * sizeof *rows);
  }
  free(merged);
  return 1;
}
