// Dave Chinner's loop as he wrote it (linux-xfs, December 2023), in the 16 MiB pieces of the xfs_spaceman RFC that
// it answers: nothing read ahead, no rest, fdatasync and punch after each piece. What Reflow is measured against.
//
//   seed-loop [--ahead] FILE
//
// With --ahead, each piece is read before it is locked, as Reflow does: the barest loop of the same calls.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "seed-loop: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void read_ahead(int file, off_t offset, size_t length) {
    void *memory = mmap(NULL, length, PROT_READ, MAP_SHARED, file, offset);
    if (memory == MAP_FAILED) check(-1, "mmap");
    check(madvise(memory, length, MADV_WILLNEED), "MADV_WILLNEED");
    check(madvise(memory, length, MADV_POPULATE_READ), "MADV_POPULATE_READ");
    check(munmap(memory, length), "munmap");
}

int main(int argc, char **argv) {
    int ahead = argc == 3 && !strcmp(argv[1], "--ahead");
    if (argc != 2 + ahead) {
        fprintf(stderr, "usage: seed-loop [--ahead] FILE\n");
        return 64;
    }
    char *path = argv[1 + ahead];
    int file = open(path, O_RDWR);
    check(file, path);
    struct stat status;
    check(fstat(file, &status), "fstat");
    int scratch = open(dirname(path), O_TMPFILE | O_RDWR, 0600);
    check(scratch, "O_TMPFILE");

    const off_t piece = 16 << 20;
    for (off_t offset = 0; offset < status.st_size; offset += piece) {
        off_t length = status.st_size - offset < piece ? status.st_size - offset : piece;
        if (ahead) read_ahead(file, offset, (size_t)length);
        struct file_clone_range range = {
            .src_fd = file, .src_offset = (__u64)offset, .src_length = (__u64)length, .dest_offset = (__u64)offset};
        check(ioctl(scratch, FICLONERANGE, &range), "FICLONERANGE");
        check(fallocate(file, FALLOC_FL_UNSHARE_RANGE, offset, length), "FALLOC_FL_UNSHARE_RANGE");
        check(fdatasync(file), "fdatasync");
        check(fallocate(scratch, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length), "FALLOC_FL_PUNCH_HOLE");
    }
    return 0;
}
