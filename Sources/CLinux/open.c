#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const uint64_t clinux_open_path = O_PATH | O_NOFOLLOW | O_CLOEXEC;
const uint64_t clinux_open_directory = O_PATH | O_DIRECTORY | O_CLOEXEC;
const uint64_t clinux_list_directory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
const int clinux_reopen_read_write = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
const int clinux_reopen_read_only = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
const uint64_t clinux_resolve_beneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const uint64_t clinux_resolve_no_mounts = RESOLVE_NO_XDEV;

int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags, .resolve = resolve};
    long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
    return fd < 0 ? -errno : (int)fd;
}

int clinux_reopen(int descriptor, int flags) {
    char path[sizeof "/proc/self/fd/" + 3 * sizeof(int)];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    int fd = open(path, flags);
    return fd < 0 ? -errno : fd;
}

int clinux_open_tmpfile(int directory) {
    int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

int clinux_close(int descriptor) {
    return close(descriptor) < 0 ? -errno : 0;
}

int clinux_duplicate(int descriptor) {
    int fd = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

int clinux_open_private(const char *path, const char *name) {
    if (mkdir(path, 0700) < 0 && errno != EEXIST) return -errno;
    int folder = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return -errno;
    struct stat status;
    int fd = -1, error = EPERM;
    if (fstat(folder, &status) == 0 && status.st_uid == 0 && (status.st_mode & 022) == 0) {
        fd = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        error = errno;
    }
    close(folder);
    return fd < 0 ? -error : fd;
}
