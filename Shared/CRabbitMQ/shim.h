// What Swift cannot import by itself: variadic functions, macros with casts, socket options that are enums in glibc.
// Nothing here decides anything; behaviour lives in Shared/AMQP.
#ifndef LT_CRABBITMQ_SHIM_H
#define LT_CRABBITMQ_SHIM_H

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// Method ids (AMQP 0-9-1, class id in the upper half).
static const uint32_t lt_connection_close = AMQP_CONNECTION_CLOSE_METHOD;
static const uint32_t lt_connection_blocked = AMQP_CONNECTION_BLOCKED_METHOD;
static const uint32_t lt_connection_unblocked = AMQP_CONNECTION_UNBLOCKED_METHOD;
static const uint32_t lt_channel_close = AMQP_CHANNEL_CLOSE_METHOD;
static const uint32_t lt_basic_ack = AMQP_BASIC_ACK_METHOD;
static const uint32_t lt_basic_nack = AMQP_BASIC_NACK_METHOD;
static const uint32_t lt_basic_return = AMQP_BASIC_RETURN_METHOD;
static const uint32_t lt_basic_deliver = AMQP_BASIC_DELIVER_METHOD;
static const uint32_t lt_basic_cancel = AMQP_BASIC_CANCEL_METHOD;

// Bits that say which basic properties are present.
static const uint32_t lt_has_content_type = AMQP_BASIC_CONTENT_TYPE_FLAG;
static const uint32_t lt_has_headers = AMQP_BASIC_HEADERS_FLAG;
static const uint32_t lt_has_delivery_mode = AMQP_BASIC_DELIVERY_MODE_FLAG;
static const uint32_t lt_has_message_id = AMQP_BASIC_MESSAGE_ID_FLAG;
static const uint32_t lt_has_timestamp = AMQP_BASIC_TIMESTAMP_FLAG;
static const uint32_t lt_has_type = AMQP_BASIC_TYPE_FLAG;
static const uint32_t lt_has_user_id = AMQP_BASIC_USER_ID_FLAG;
static const uint32_t lt_has_app_id = AMQP_BASIC_APP_ID_FLAG;

// Kinds of a header's value that we write; the signed 64-bit kind is 'l' in RabbitMQ's dialect.
static const uint8_t lt_kind_text = AMQP_FIELD_KIND_UTF8;
static const uint8_t lt_kind_i64 = AMQP_FIELD_KIND_I64;
static const uint8_t lt_kind_boolean = AMQP_FIELD_KIND_BOOLEAN;

static inline amqp_table_entry_t lt_true(char const *name) {
    amqp_table_entry_t entry;
    entry.key = amqp_cstring_bytes(name);
    entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entry.value.value.boolean = 1;
    return entry;
}

// amqp_login_with_properties is variadic. Without these capabilities the broker neither says that it blocks us nor
// that it cancelled a consumer, and closes the socket silently when it refuses a password.
static inline amqp_rpc_reply_t lt_login(amqp_connection_state_t state, char const *vhost, int heartbeat,
                                        char const *name, char const *user, char const *password) {
    amqp_table_entry_t capabilities[5] = {
        lt_true("connection.blocked"), lt_true("consumer_cancel_notify"), lt_true("publisher_confirms"),
        lt_true("basic.nack"), lt_true("authentication_failure_close"),
    };
    amqp_table_entry_t properties[2];
    properties[0].key = amqp_cstring_bytes("capabilities");
    properties[0].value.kind = AMQP_FIELD_KIND_TABLE;
    properties[0].value.value.table.num_entries = 5;
    properties[0].value.value.table.entries = capabilities;
    properties[1].key = amqp_cstring_bytes("connection_name");
    properties[1].value.kind = AMQP_FIELD_KIND_UTF8;
    properties[1].value.value.bytes = amqp_cstring_bytes(name);
    amqp_table_t table = {2, properties};
    return amqp_login_with_properties(state, vhost, 0, AMQP_DEFAULT_FRAME_SIZE, heartbeat, &table,
                                      AMQP_SASL_METHOD_PLAIN, user, password);
}

// The reason inside a channel.close or connection.close; 0 when the method is neither.
static inline int lt_refusal(amqp_method_t const *method, uint16_t *code, amqp_bytes_t *text) {
    if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
        amqp_channel_close_t const *close = (amqp_channel_close_t const *)method->decoded;
        *code = close->reply_code;
        *text = close->reply_text;
        return 1;
    }
    if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
        amqp_connection_close_t const *close = (amqp_connection_close_t const *)method->decoded;
        *code = close->reply_code;
        *text = close->reply_text;
        return 1;
    }
    return 0;
}

// RabbitMQ waits for close-ok before it lets the channel number be used again.
static inline int lt_channel_close_ok(amqp_connection_state_t state, amqp_channel_t channel) {
    amqp_channel_close_ok_t ok = {0};
    return amqp_send_method(state, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
}

static inline int lt_connection_close_ok(amqp_connection_state_t state) {
    amqp_connection_close_ok_t ok = {0};
    return amqp_send_method(state, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
}

// The enum's "latest" is above the range that Swift imports as a case.
static inline int lt_require_tls_1_2(amqp_socket_t *socket) {
    return amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
}

// 0 when every option was taken. Times in seconds, the user time-out in milliseconds (tcp(7)).
static inline int lt_keep_alive(int fd, int idle, int interval, int count, int user_timeout) {
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) |
           setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) |
           setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval) |
           setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count) |
           setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
}

static inline int lt_shutdown(int fd) { return shutdown(fd, SHUT_RDWR); }

static inline int lt_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

// A second name for the socket, so that another thread can shut it down without racing its number's reuse.
static inline int lt_dup(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

#endif
