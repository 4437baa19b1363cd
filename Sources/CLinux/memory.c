#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

int clinux_map(int descriptor, int64_t offset, size_t length, void **address) {
    void *mapped = mmap(NULL, length, PROT_READ, MAP_SHARED, descriptor, offset);
    if (mapped == MAP_FAILED) return -errno;
    *address = mapped;
    return 0;
}

int clinux_unmap(void *address, size_t length) {
    return munmap(address, length) < 0 ? -errno : 0;
}

int clinux_will_need(void *address, size_t length) {
    return madvise(address, length, MADV_WILLNEED) < 0 ? -errno : 0;
}

int clinux_populate_read(void *address, size_t length) {
    return madvise(address, length, MADV_POPULATE_READ) < 0 ? -errno : 0;
}

int clinux_unpopulate(void *address, size_t length) {
    return madvise(address, length, MADV_DONTNEED) < 0 ? -errno : 0;
}

int clinux_residency(void *address, size_t length, uint8_t *pages) {
    return mincore(address, length, pages) < 0 ? -errno : 0;
}

int clinux_drop_pages(int descriptor, int64_t offset, int64_t length) {
    return -posix_fadvise(descriptor, offset, length, POSIX_FADV_DONTNEED);
}
