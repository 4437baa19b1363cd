#ifndef REFLOW_CTLS_H
#define REFLOW_CTLS_H

#include <stdint.h>

// What librabbitmq's TLS leaves out, by OpenSSL on the SSL_CTX that amqp_ssl_socket_get_context() returns.

// Prepares `context`, which must not have connected yet: the name goes into the handshake (SNI), unless it is an address.
// With `verifies`, the peer must have a certificate of a trusted authority for that name, or for that address (RFC 6125,
// and RFC 2818 3.1 for addresses), before anything is sent to it. A key with a passphrase is refused, not asked about.
// Returns 0, or -1 when there is no memory.
int ctls_prepare(void *context, const char *name, int verifies);

// Why the peer's certificate was not accepted: an X509_V_ERR_ number, or 0.
int ctls_refusal(void *context);

// The words of OpenSSL for that number.
const char *ctls_refusal_text(int refusal);

// Whether that number says that the certificate is for another name or address.
int ctls_is_other_host(int refusal);

// What OpenSSL last failed over on this thread, in its words; "" if nothing. Clears it.
void ctls_failure(char *text, int size);

// Reads the first certificate of the PEM file: its common name (UTF-8; "" without one), and when it expires, in seconds
// since 1970. Returns 0, -errno where the file cannot be read, or 1 where it is no certificate.
int ctls_certificate(const char *file, char *common_name, int size, int64_t *expires);

#endif
