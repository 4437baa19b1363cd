#include "CLinux.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

int clinux_get_attribute(int descriptor, const char *name, void *value, size_t capacity) {
    ssize_t length = fgetxattr(descriptor, name, value, capacity);
    return length < 0 ? -errno : (int)length;
}

int clinux_set_attribute(int descriptor, const char *name, const void *value, size_t length) {
    return fsetxattr(descriptor, name, value, length, 0) < 0 ? -errno : 0;
}

int clinux_remove_attribute(int descriptor, const char *name) {
    return fremovexattr(descriptor, name) < 0 ? -errno : 0;
}

int clinux_drop_linux_immutable(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) < 0) return -errno;
    sets[CAP_TO_INDEX(CAP_LINUX_IMMUTABLE)].effective &= ~CAP_TO_MASK(CAP_LINUX_IMMUTABLE);
    sets[CAP_TO_INDEX(CAP_LINUX_IMMUTABLE)].permitted &= ~CAP_TO_MASK(CAP_LINUX_IMMUTABLE);
    return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}
