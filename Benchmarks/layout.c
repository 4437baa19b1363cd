// Makes files that lie badly; the same ones every time.
//
//   layout overwrite FILE COUNT SEED   COUNT random direct 4 KiB writes, as a guest makes them between two backups
//   layout scatter FILE MEBIBYTES      a file each block of which is an extent of its own
//   layout fill FILE LEAVE             allocates a file until no more than LEAVE bytes are free
//   layout sieve FILE PIECE            punches every second PIECE bytes out of a file: fragmented free space
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { BLOCK = 4096 };

static int64_t check(int64_t result, const char *what) {
    if (result >= 0) return result;
    fprintf(stderr, "layout: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t state = 1;
static uint64_t next_random(void) { // xorshift64*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1d;
}

// The blocks of a contiguous file, shared in another order, whose original is then emptied and removed.
static void scatter(const char *path, int64_t size) {
    char original[4096];
    snprintf(original, sizeof original, "%s.original", path);
    int source = (int)check(open(original, O_RDWR | O_CREAT | O_EXCL, 0600), original);
    check(fallocate(source, 0, 0, size), "fallocate");
    uint64_t *buffer = malloc(1 << 20);
    for (int64_t offset = 0; offset < size; offset += 1 << 20) {
        for (int i = 0; i < 1 << 17; i++) buffer[i] = next_random();
        check(pwrite(source, buffer, 1 << 20, offset) == 1 << 20 ? 0 : -1, "write");
    }
    free(buffer);
    check(fsync(source), "fsync");
    int64_t count = size / BLOCK;
    uint32_t *order = malloc((size_t)count * sizeof *order);
    for (int64_t i = 0; i < count; i++) order[i] = (uint32_t)i;
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)(next_random() % (uint64_t)(i + 1));
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    int target = (int)check(open(path, O_RDWR | O_CREAT | O_EXCL, 0600), path);
    for (int64_t i = 0; i < count; i++) {
        struct file_clone_range range = {.src_fd = source,
                                         .src_offset = (uint64_t)order[i] * BLOCK,
                                         .src_length = BLOCK,
                                         .dest_offset = (uint64_t)i * BLOCK};
        check(ioctl(target, FICLONERANGE, &range), "FICLONERANGE");
    }
    free(order);
    check(ftruncate(source, 0), "ftruncate");
    check(unlink(original), "unlink");
    check(fsync(target), "fsync");
}

static void overwrite(const char *path, int64_t count) {
    int file = (int)check(open(path, O_RDWR | O_DIRECT), path);
    struct stat status;
    check(fstat(file, &status), "fstat");
    uint64_t *block = aligned_alloc(BLOCK, BLOCK);
    for (; count > 0; count--) {
        for (int i = 0; i < BLOCK / 8; i++) block[i] = next_random();
        off_t at = (off_t)(next_random() % (uint64_t)(status.st_size / BLOCK)) * BLOCK;
        check(pwrite(file, block, BLOCK, at) == BLOCK ? 0 : -1, "write");
    }
    free(block);
    check(fsync(file), "fsync");
}

static void fill(const char *path, int64_t leave) {
    int file = (int)check(open(path, O_RDWR | O_CREAT | O_EXCL, 0600), path);
    int64_t size = 0;
    for (int64_t step = 64 << 20; step >= BLOCK;) {
        struct statvfs space;
        check(fstatvfs(file, &space), "fstatvfs");
        int64_t surplus = (int64_t)space.f_bfree * (int64_t)space.f_bsize - leave;
        if (surplus >= step && fallocate(file, 0, size, step) == 0) size += step;
        else if (surplus >= step && errno != ENOSPC) check(-1, "fallocate");
        else step /= 2;
    }
    check(fsync(file), "fsync");
}

static void sieve(const char *path, int64_t piece) {
    int file = (int)check(open(path, O_RDWR), path);
    struct stat status;
    check(fstat(file, &status), "fstat");
    for (int64_t offset = piece; offset < status.st_size; offset += 2 * piece)
        check(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, piece), "FALLOC_FL_PUNCH_HOLE");
    check(fsync(file), "fsync");
}

int main(int argc, char **argv) {
    if (argc == 5 && !strcmp(argv[1], "overwrite") && atoll(argv[4]) > 0) {
        state = (uint64_t)atoll(argv[4]);
        overwrite(argv[2], atoll(argv[3]));
    } else if (argc == 4 && !strcmp(argv[1], "scatter") && atoll(argv[3]) > 0) scatter(argv[2], atoll(argv[3]) << 20);
    else if (argc == 4 && !strcmp(argv[1], "fill")) fill(argv[2], atoll(argv[3]));
    else if (argc == 4 && !strcmp(argv[1], "sieve") && atoll(argv[3]) > 0) sieve(argv[2], atoll(argv[3]));
    else {
        fprintf(stderr, "usage: layout overwrite FILE COUNT SEED | scatter FILE MEBIBYTES | fill FILE LEAVE | sieve FILE PIECE\n");
        return 64;
    }
    return 0;
}
