#ifndef REFLOW_COPENSSL_SHIM_H
#define REFLOW_COPENSSL_SHIM_H

#include <openssl/evp.h>

#endif
