#ifndef REFLOW_CLINUX_H
#define REFLOW_CLINUX_H

#include <stdint.h>

#endif
