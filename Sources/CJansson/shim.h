#ifndef REFLOW_CJANSSON_SHIM_H
#define REFLOW_CJANSSON_SHIM_H

#include <jansson.h>

/* `json_error_code` is both an enum and a function, and `text` an array: neither is usable from Swift. */
static inline int reflow_json_error_code(const json_error_t *error) { return (int)json_error_code(error); }
static inline const char *reflow_json_error_text(const json_error_t *error) { return error->text; }

#endif
