#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

int clinux_fstat(int descriptor, struct clinux_stat *status) {
    struct stat raw;
    if (fstat(descriptor, &raw) < 0) return -errno;
    *status = (struct clinux_stat){
        .inode = raw.st_ino,
        .device = raw.st_dev,
        .size = raw.st_size,
        .allocated = (int64_t)raw.st_blocks * 512,
        .links = raw.st_nlink,
        .mode = raw.st_mode,
        .owner = raw.st_uid,
    };
    return 0;
}

int clinux_is_dax(int descriptor) {
    struct statx raw;
    if (statx(descriptor, "", AT_EMPTY_PATH, 0, &raw) < 0) return -errno;
    return (raw.stx_attributes & STATX_ATTR_DAX) != 0;
}

int clinux_fstatfs(int descriptor, struct clinux_statfs *status) {
    struct statfs raw;
    if (fstatfs(descriptor, &raw) < 0) return -errno;
    *status = (struct clinux_statfs){
        .type = raw.f_type,
        .size = (int64_t)raw.f_blocks * raw.f_bsize,
        .free = (int64_t)raw.f_bfree * raw.f_bsize,
        .available = (int64_t)raw.f_bavail * raw.f_bsize,
        .read_only = (raw.f_flags & ST_RDONLY) != 0,
    };
    return 0;
}

int clinux_may_write(int descriptor) {
    struct stat raw;
    if (fstat(descriptor, &raw) < 0) return -errno;
    int mode = S_ISDIR(raw.st_mode) ? W_OK | X_OK : W_OK;
    return faccessat(descriptor, "", mode, AT_EACCESS | AT_EMPTY_PATH) < 0 ? -errno : 0;
}
