#ifndef REFLOW_CRABBITMQ_SHIM_H
#define REFLOW_CRABBITMQ_SHIM_H

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
// Swift's Glibc module lacks it.
#include <sys/eventfd.h>

// amqp_login_with_properties for SASL PLAIN: Swift does not import variadic functions.
static inline amqp_rpc_reply_t reflow_amqp_login_plain(
    amqp_connection_state_t connection, const char *vhost, int channel_max, int frame_max,
    int heartbeat_seconds, const amqp_table_t *client_properties, const char *user,
    const char *password) {
    return amqp_login_with_properties(connection, vhost, channel_max, frame_max, heartbeat_seconds,
                                      client_properties, AMQP_SASL_METHOD_PLAIN, user, password);
}

// The same for SASL EXTERNAL. The broker goes by the certificate; `identity` is for its log.
static inline amqp_rpc_reply_t reflow_amqp_login_external(
    amqp_connection_state_t connection, const char *vhost, int channel_max, int frame_max,
    int heartbeat_seconds, const amqp_table_t *client_properties, const char *identity) {
    return amqp_login_with_properties(connection, vhost, channel_max, frame_max, heartbeat_seconds,
                                      client_properties, AMQP_SASL_METHOD_EXTERNAL, identity);
}

#endif
