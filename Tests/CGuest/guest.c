#define _GNU_SOURCE
#include "CGuest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

const int cguest_preallocate = FALLOC_FL_KEEP_SIZE;
const int cguest_punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
const int cguest_zero = FALLOC_FL_ZERO_RANGE;
const int cguest_collapse = FALLOC_FL_COLLAPSE_RANGE;
const int cguest_insert = FALLOC_FL_INSERT_RANGE;

int cguest_fallocate(int descriptor, int mode, int64_t offset, int64_t length) {
    return fallocate(descriptor, mode, offset, length) < 0 ? -errno : 0;
}

int cguest_write_back(int descriptor, int64_t offset, int64_t length) {
    unsigned flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return sync_file_range(descriptor, offset, length, flags) < 0 ? -errno : 0;
}

int cguest_clone(int source, int destination) {
    return ioctl(destination, FICLONE, source) < 0 ? -errno : 0;
}

int cguest_attributes(int descriptor, char *names, size_t capacity) {
    ssize_t length = flistxattr(descriptor, names, capacity);
    return length < 0 ? -errno : (int)length;
}

int cguest_set_hints(int descriptor, uint32_t extsize, uint32_t cowextsize) {
    struct fsxattr attributes;
    memset(&attributes, 0, sizeof attributes);
    if (ioctl(descriptor, FS_IOC_FSGETXATTR, &attributes) < 0) return -errno;
    attributes.fsx_xflags &= ~(uint32_t)(FS_XFLAG_EXTSIZE | FS_XFLAG_COWEXTSIZE);
    if (extsize) attributes.fsx_xflags |= FS_XFLAG_EXTSIZE;
    if (cowextsize) attributes.fsx_xflags |= FS_XFLAG_COWEXTSIZE;
    attributes.fsx_extsize = extsize;
    attributes.fsx_cowextsize = cowextsize;
    return ioctl(descriptor, FS_IOC_FSSETXATTR, &attributes) < 0 ? -errno : 0;
}

// From fs/xfs/libxfs/xfs_fs.h, which is in no default package.
struct eof_blocks {
    uint32_t version, flags, uid, gid, project, pad32;
    uint64_t minimum, pad64[12];
};
_Static_assert(sizeof(struct eof_blocks) == 128, "the size is part of the ioctl's number");

int cguest_drop_preallocation(int descriptor) {
    struct eof_blocks all = {.version = 1, .flags = 1};  // XFS_EOFBLOCKS_VERSION, XFS_EOF_FLAGS_SYNC
    return ioctl(descriptor, _IOR('X', 58, struct eof_blocks), &all) < 0 ? -errno : 0;
}
