#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int clinux_fiemap(int descriptor, uint64_t start, uint64_t length, struct fiemap *map, uint32_t capacity) {
    memset(map, 0, sizeof *map);
    map->fm_start = start;
    map->fm_length = length;
    map->fm_extent_count = capacity;
    return ioctl(descriptor, FS_IOC_FIEMAP, map) < 0 ? -errno : (int)map->fm_mapped_extents;
}

int clinux_clone_range(int source, uint64_t offset, uint64_t length, int destination, uint64_t to) {
    struct file_clone_range range = {
        .src_fd = source, .src_offset = offset, .src_length = length, .dest_offset = to};
    return ioctl(destination, FICLONERANGE, &range) < 0 ? -errno : 0;
}

int clinux_unshare(int descriptor, int64_t offset, int64_t length) {
    return fallocate(descriptor, FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE, offset, length) < 0 ? -errno : 0;
}

int clinux_ftruncate(int descriptor, int64_t size) {
    return ftruncate(descriptor, size) < 0 ? -errno : 0;
}

int clinux_fdatasync(int descriptor) {
    return fdatasync(descriptor) < 0 ? -errno : 0;
}

int clinux_fsync(int descriptor) {
    return fsync(descriptor) < 0 ? -errno : 0;
}

int clinux_touch(int descriptor) {
    return fchmod(descriptor, S_IRUSR | S_IWUSR) < 0 ? -errno : 0;
}

int clinux_write_back(int descriptor, int64_t offset, int64_t length) {
    const unsigned flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return sync_file_range(descriptor, offset, length, flags) < 0 ? -errno : 0;
}
