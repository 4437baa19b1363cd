#include "CLinux.h"

#include <errno.h>
#include <sys/xattr.h>

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
