#define _GNU_SOURCE
#include "CTLS.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// Hangs on a context, and is freed with it.
struct expectation {
    char *name;  // NULL for an address
    int refusal;
};

static void release(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp) {
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    struct expectation *expectation = value;
    if (!expectation) return;
    OPENSSL_free(expectation->name);
    OPENSSL_free(expectation);
}

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int slot = -1;

static void make_slot(void) { slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, release); }

static struct expectation *of_context(const SSL_CTX *context) { return SSL_CTX_get_ex_data(context, slot); }

// librabbitmq puts the address that it dials into the handshake.
static void name_peer(const SSL *ssl, int where, int value) {
    (void)value;
    if (!(where & SSL_CB_HANDSHAKE_START)) return;
    const struct expectation *expectation = of_context(SSL_get_SSL_CTX(ssl));
    if (expectation) SSL_set_tlsext_host_name((SSL *)ssl, expectation->name);
}

static int note_refusal(int is_good, X509_STORE_CTX *store) {
    if (is_good) return 1;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct expectation *expectation = ssl ? of_context(SSL_get_SSL_CTX(ssl)) : NULL;
    if (expectation && !expectation->refusal) expectation->refusal = X509_STORE_CTX_get_error(store);
    return 0;
}

static int no_passphrase(char *buffer, int size, int writes, void *data) {
    (void)buffer, (void)size, (void)writes, (void)data;
    return -1;
}

int ctls_prepare(void *opaque, const char *name, int verifies) {
    SSL_CTX *context = opaque;
    if (!CRYPTO_THREAD_run_once(&once, make_slot) || slot < 0) return -1;
    struct expectation *expectation = OPENSSL_zalloc(sizeof *expectation);
    if (!expectation || !SSL_CTX_set_ex_data(context, slot, expectation)) {
        OPENSSL_free(expectation);
        return -1;
    }
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    ERR_clear_error();
    if (address) {
        ASN1_OCTET_STRING_free(address);
        if (verifies && !X509_VERIFY_PARAM_set1_ip_asc(parameters, name)) return -1;
    } else {
        expectation->name = OPENSSL_strdup(name);
        if (!expectation->name || (verifies && !X509_VERIFY_PARAM_set1_host(parameters, name, 0))) return -1;
    }
    SSL_CTX_set_info_callback(context, name_peer);
    if (verifies) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_refusal);
    return 0;
}

int ctls_refusal(void *context) {
    const struct expectation *expectation = slot < 0 ? NULL : of_context(context);
    return expectation ? expectation->refusal : 0;
}

const char *ctls_refusal_text(int refusal) { return X509_verify_cert_error_string(refusal); }

int ctls_is_other_host(int refusal) {
    return refusal == X509_V_ERR_HOSTNAME_MISMATCH || refusal == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

void ctls_failure(char *text, int size) {
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(text, size, "%s", reason ? reason : "");
    ERR_clear_error();
}

int ctls_certificate(const char *file, char *common_name, int size, int64_t *expires) {
    FILE *stream = fopen(file, "re");
    if (!stream) return -errno;
    X509 *certificate = PEM_read_X509(stream, NULL, no_passphrase, NULL);
    fclose(stream);
    ERR_clear_error();
    if (!certificate) return 1;
    common_name[0] = 0;
    X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index >= 0) {
        unsigned char *text = NULL;
        int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
        if (length >= 0 && length < size && !memchr(text, 0, length)) {
            memcpy(common_name, text, length);
            common_name[length] = 0;
        }
        OPENSSL_free(text);
    }
    struct tm end;
    int is_time = ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end);
    *expires = is_time ? timegm(&end) : 0;
    X509_free(certificate);
    return is_time ? 0 : 1;
}
