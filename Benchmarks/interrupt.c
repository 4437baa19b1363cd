// Interrupts COMMAND as Ctrl-C does, at a random moment of its first SECONDS, COUNT times anew, and says how long it took to end:
//
//   interrupt COUNT SECONDS COMMAND [ARGUMENT...]     a JSON array of milliseconds on standard output
//
// The moments are the same ones every time. A run that had ended before its moment is not counted.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    fprintf(stderr, "interrupt: %s: %s\n", what, strerror(errno));
    exit(125);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t state = 1;
static double next_random(void) { // xorshift64*, from 0 to 1
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)(state * 0x2545f4914f6cdd1d >> 11) / (double)(1ull << 53);
}

int main(int argc, char **argv) {
    if (argc < 4 || atoi(argv[1]) <= 0 || atof(argv[2]) <= 0) {
        fprintf(stderr, "usage: interrupt COUNT SECONDS COMMAND [ARGUMENT...]\n");
        return 64;
    }
    const char *separator = "";
    printf("[");
    for (int i = atoi(argv[1]); i > 0; i--) {
        pid_t child = fork();
        if (child < 0) fail("fork");
        if (child == 0) {
            int null = open("/dev/null", O_WRONLY);
            if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0) fail("/dev/null");
            execvp(argv[3], argv + 3);
            fail(argv[3]);
        }
        struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
        if (ended.fd < 0) fail("pidfd_open");
        int is_late = poll(&ended, 1, (int)(1000 * next_random() * atof(argv[2])));
        double start = now();
        kill(child, SIGINT);
        if (waitpid(child, NULL, 0) != child) fail("waitpid");
        if (!is_late) {
            printf("%s%.1f", separator, (now() - start) * 1000);
            separator = ",";
        }
        close(ended.fd);
    }
    printf("]\n");
    return 0;
}
