#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int clinux_bind_abstract(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if (length + 1 > sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path + 1, name, length);  // a leading zero byte makes it abstract
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    if (bind(fd, (struct sockaddr *)&address, size) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int clinux_lock_byte(int descriptor, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    return fcntl(descriptor, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

// Whether the socket of `message` has the abstract `name`; then its owner.
static int owner_in(const struct nlmsghdr *message, const char *name, uint32_t *owner) {
    const struct unix_diag_msg *diag = (const struct unix_diag_msg *)(message + 1);
    size_t length = strlen(name), left = message->nlmsg_len - sizeof *message;
    if (left < sizeof *diag) return 0;
    int is_named = 0, is_owned = 0;
    uint32_t user = 0;
    const char *next = (const char *)(diag + 1);
    left -= sizeof *diag;
    while (left >= sizeof(struct nlattr)) {
        struct nlattr attribute;
        memcpy(&attribute, next, sizeof attribute);
        if (attribute.nla_len < sizeof attribute || attribute.nla_len > left) break;
        const char *value = next + sizeof attribute;
        size_t size = attribute.nla_len - sizeof attribute;
        if (attribute.nla_type == UNIX_DIAG_NAME)
            is_named = size == length + 1 && value[0] == 0 && memcmp(value + 1, name, length) == 0;
        if (attribute.nla_type == UNIX_DIAG_UID && size == sizeof user) {
            memcpy(&user, value, size);
            is_owned = 1;
        }
        size_t step = NLA_ALIGN(attribute.nla_len);
        if (step > left) break;
        next += step;
        left -= step;
    }
    if (!is_named || !is_owned) return 0;
    *owner = user;
    return 1;
}

int clinux_owner_of_abstract(const char *name, uint32_t *owner) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0) return -errno;
    struct {
        struct nlmsghdr header;
        struct unix_diag_req request;
    } question = {
        .header = {
            .nlmsg_len = sizeof question,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        },
        .request = {
            .sdiag_family = AF_UNIX,
            .udiag_states = ~0u,
            .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID,
        },
    };
    int result = send(fd, &question, sizeof question, 0) < 0 ? -errno : -ENOENT;
    _Alignas(struct nlmsghdr) char buffer[1 << 15];
    for (int more = result == -ENOENT; more;) {
        ssize_t count = recv(fd, buffer, sizeof buffer, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            result = count < 0 ? -errno : result;
            break;
        }
        int left = (int)count;
        for (struct nlmsghdr *next = (struct nlmsghdr *)buffer; NLMSG_OK(next, left); next = NLMSG_NEXT(next, left)) {
            if (next->nlmsg_type == NLMSG_DONE) more = 0;
            if (next->nlmsg_type == NLMSG_ERROR) result = -EOPNOTSUPP, more = 0;
            if (!more) break;
            if (owner_in(next, name, owner)) result = 0;
        }
    }
    close(fd);
    return result;
}
