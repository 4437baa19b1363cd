// A guest: random 4 KiB reads and writes to a file, at fixed rates, and how long each took.
//
//   load [--buffered | --sync] --reads N --writes N FILE        N a second; default is O_DIRECT
//
// With --sync writes are buffered, and each is made durable by fsync(2), as a heartbeat is.
//
// Open loop: I/O number i is due at start + i / N, whatever became of those before it, and its latency counts from
// then; a stall is felt by every I/O that was due in it, not only by the one that met it first. Each kind has
// DEPTH threads, so that many of its I/Os can be under way at once, and reads never wait behind writes.
//
// SIGUSR1 begins a new phase. SIGTERM ends: one line of JSON on standard output, an object a phase (by due time).
// What was due but had no turn at the end counts with the time that it had been waiting.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, DEPTH = 16, MOST_SECONDS = 1800, MOST_PHASES = 16 };
static const int64_t SECOND = 1000000000;

struct kind {
    const char *name;
    int writes;           // else reads
    int64_t rate;         // I/Os a second
    int64_t offset;       // of the first I/O, in nanoseconds from the start
    atomic_long next;     // I/O that nobody has taken yet
    int64_t *latency;     // of each I/O, nanoseconds; 0 while it is not done
    pthread_t threads[DEPTH];
};

static struct kind kinds[] = {{.name = "reads"}, {.name = "writes", .writes = 1}};
static int fd;
static int64_t blocks, start;
static int synchronizes;
static atomic_int stopping;

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t due(const struct kind *kind, int64_t io) { return start + kind->offset + io * SECOND / kind->rate; }

static uint64_t scramble(uint64_t value) { // splitmix64
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

static void *run(void *argument) {
    struct kind *kind = argument;
    uint64_t *block = aligned_alloc(BLOCK, BLOCK);
    if (!block) fail("memory");
    for (;;) {
        int64_t io = atomic_fetch_add(&kind->next, 1);
        if (io >= kind->rate * MOST_SECONDS) break;
        struct timespec until = {due(kind, io) / SECOND, due(kind, io) % SECOND};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
        if (atomic_load(&stopping)) break;
        uint64_t random = scramble((uint64_t)io * 2 + (uint64_t)kind->writes);
        off_t at = (off_t)(random % (uint64_t)blocks) * BLOCK;
        for (size_t word = 0; kind->writes && word < BLOCK / 8; word++) block[word] = random + word;
        ssize_t done = kind->writes ? pwrite(fd, block, BLOCK, at) : pread(fd, block, BLOCK, at);
        if (done != BLOCK || (synchronizes && kind->writes && fsync(fd))) fail(kind->name);
        kind->latency[io] = now() - due(kind, io);
    }
    free(block);
    return NULL;
}

static int ascending(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

// Prints what became of the I/Os of `kind` that were due from `from` to `to`.
static void report(const struct kind *kind, int64_t from, int64_t to, int64_t end) {
    int64_t *latencies = calloc((size_t)(kind->rate * MOST_SECONDS), sizeof *latencies);
    if (!latencies) fail("memory");
    size_t count = 0, completed = 0;
    for (int64_t io = 0; io < kind->rate * MOST_SECONDS && due(kind, io) < end; io++) {
        int64_t was_due = due(kind, io), latency = kind->latency[io];
        if (latency && was_due + latency >= from && was_due + latency < to) completed++;
        if (was_due >= from && was_due < to) latencies[count++] = latency ? latency : end - was_due;
    }
    qsort(latencies, count, sizeof *latencies, ascending);
    printf("\"%s\":{\"due\":%zu,\"completed\":%zu", kind->name, count, completed);
    struct { const char *name; size_t thousandths; } quantiles[] = {
        {"p50Ms", 500}, {"p99Ms", 990}, {"p999Ms", 999}, {"maxMs", 1000}};
    for (int i = 0; i < 4; i++) {
        size_t rank = (count * quantiles[i].thousandths + 999) / 1000; // nearest rank
        if (count) printf(",\"%s\":%.3f", quantiles[i].name, (double)latencies[rank - 1] / 1e6);
        else printf(",\"%s\":null", quantiles[i].name);
    }
    printf("}");
    free(latencies);
}

int main(int argc, char **argv) {
    int direct = O_DIRECT;
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--buffered")) direct = 0;
        else if (!strcmp(argv[i], "--sync")) synchronizes = 1, direct = 0;
        else if (!strcmp(argv[i], "--reads") && i + 1 < argc) kinds[0].rate = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--writes") && i + 1 < argc) kinds[1].rate = atoi(argv[++i]);
        else path = argv[i];
    }
    if (!path || kinds[0].rate < 0 || kinds[1].rate < 0) {
        fprintf(stderr, "usage: load [--buffered | --sync] --reads N --writes N FILE\n");
        return 64;
    }
    struct stat status;
    fd = open(path, O_RDWR | direct | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status)) fail(path);
    blocks = status.st_size / BLOCK;

    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    start = now() + SECOND / 100;
    for (int i = 0; i < 2; i++) {
        struct kind *kind = &kinds[i];
        if (!kind->rate) continue;
        kind->offset = i * SECOND / kind->rate / 2; // reads and writes take turns
        kind->latency = calloc((size_t)(kind->rate * MOST_SECONDS), sizeof *kind->latency);
        if (!kind->latency) fail("memory");
        for (int j = 0; j < DEPTH; j++)
            if (pthread_create(&kind->threads[j], NULL, run, kind)) fail("thread");
    }

    int64_t marks[MOST_PHASES + 1] = {start};
    int phases = 1, signal;
    while (!sigwait(&signals, &signal) && signal == SIGUSR1)
        if (phases < MOST_PHASES) marks[phases++] = now();
    marks[phases] = now();
    atomic_store(&stopping, 1);
    for (int i = 0; i < 2; i++)
        for (int j = 0; kinds[i].rate && j < DEPTH; j++) pthread_join(kinds[i].threads[j], NULL);

    printf("[");
    for (int phase = 0; phase < phases; phase++) {
        printf("%s{\"seconds\":%.3f", phase ? "," : "", (double)(marks[phase + 1] - marks[phase]) / 1e9);
        for (int i = 0; i < 2; i++) {
            if (!kinds[i].rate) continue;
            printf(",");
            report(&kinds[i], marks[phase], marks[phase + 1], marks[phases]);
        }
        printf("}");
    }
    printf("]\n");
    return 0;
}
