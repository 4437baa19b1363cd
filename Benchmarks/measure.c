// Runs COMMAND and says what it took, as one line of JSON in the file RESULT:
//
//   measure RESULT FOLDER COMMAND [ARGUMENT...]
//
// seconds, CPU seconds and peak resident bytes of the command and what it waited for (wait4(2)), its exit status (128
// and the signal's number, if one ended it), free bytes of FOLDER's file system before, at the least (every 5 ms)
// and after, and the seconds for which all CPUs together were busy meanwhile, whoever kept them so.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
    exit(125);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double busy(void) { // user, nice, system, (idle, iowait,) irq, softirq
    long long ticks[7];
    FILE *file = fopen("/proc/stat", "r");
    if (!file || fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld", ticks, ticks + 1, ticks + 2, ticks + 3,
                        ticks + 4, ticks + 5, ticks + 6) != 7)
        fail("/proc/stat");
    fclose(file);
    return (double)(ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / (double)sysconf(_SC_CLK_TCK);
}

static int64_t free_bytes(const char *folder) {
    struct statvfs status;
    if (statvfs(folder, &status)) fail(folder);
    return (int64_t)status.f_bfree * (int64_t)status.f_bsize;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: measure RESULT FOLDER COMMAND [ARGUMENT...]\n");
        return 64;
    }
    FILE *result = fopen(argv[1], "we");
    if (!result) fail(argv[1]);
    int64_t before = free_bytes(argv[2]), lowest = before;
    double busy_before = busy(), start = now();
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        execvp(argv[3], argv + 3);
        fail(argv[3]);
    }
    struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
    if (ended.fd < 0) fail("pidfd_open");
    while (poll(&ended, 1, 5) == 0) {
        int64_t is_free = free_bytes(argv[2]);
        if (is_free < lowest) lowest = is_free;
    }
    double end = now();
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child) fail("wait4");
    double busy_after = busy();
    fprintf(result,
            "{\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"machineCPUSeconds\":%.2f,\"peakBytes\":%lld,\"status\":%d,"
            "\"freeBytes\":{\"before\":%lld,\"lowest\":%lld,\"after\":%lld}}\n",
            end - start, seconds(usage.ru_utime) + seconds(usage.ru_stime), busy_after - busy_before,
            (long long)usage.ru_maxrss * 1024, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            (long long)before, (long long)lowest, (long long)free_bytes(argv[2]));
    return fclose(result) ? 125 : 0;
}
