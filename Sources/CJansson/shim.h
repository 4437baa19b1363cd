#ifndef REFLOW_CJANSSON_SHIM_H
#define REFLOW_CJANSSON_SHIM_H

#include <jansson.h>

#endif
