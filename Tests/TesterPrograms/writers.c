/* Short-lived writers of several kinds, one after the other, and the truth about each.
 *
 *   writers TRUTH DIR TINY TRIALS KIND [CGROUP…]
 *
 * TRUTH   file that gets one line of JSON for each trial: path, pid, parent, executable, args, uid, auid,
 *         container
 * DIR     where each trial writes a file of its own
 * TINY    a static program that writes the file which its first argument names, and exits
 * KIND    sh | tiny | fork | uring-write | uring-open | box | thread | shift
 *         thread: a second thread writes, or (every other trial) executes TINY; shift: one process writes as
 *         it was born, then as somebody else, then as another program, each time to a file of its own
 * CGROUP  for box: cgroup directories to be in, in turn; the last component is the container's id. Those of
 *         one container in several hierarchies are given as one argument with commas in between.
 *
 * Must be started after the sensor: what was forked before audit was enabled has no audit context.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "uring.h"

enum { maximum_arguments = 8 };

struct trial {
    int number;
    char path[512];
    const char *executable;
    char *arguments[maximum_arguments + 1];
    unsigned uid;
    /* -1: as inherited. */
    long auid;
    /* Comma-separated cgroup directories, or NULL. */
    const char *cgroups;
};

static const char *tiny;
static char own_executable[4096], shell[4096], text[4][1024];
static char **own_arguments;

static void fail(const char *what)
{
    perror(what);
    _exit(111);
}

static void write_text(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, line, strlen(line)) < 0)
        fail(path);
    close(fd);
}

static void enter_cgroups(const char *list)
{
    char directories[2048], path[2100];
    snprintf(directories, sizeof directories, "%s", list);
    for (char *rest = directories, *one; (one = strsep(&rest, ","));) {
        snprintf(path, sizeof path, "%s/cgroup.procs", one);
        write_text(path, "0");
    }
}

/* In the child: becomes who the trial says. */
static void become(const struct trial *trial)
{
    char line[32];
    if (trial->auid >= 0) {
        snprintf(line, sizeof line, "%ld", trial->auid);
        write_text("/proc/self/loginuid", line);
    }
    if (trial->cgroups)
        enter_cgroups(trial->cgroups);
    if (setgroups(0, NULL) || setresgid(trial->uid, trial->uid, trial->uid)
        || setresuid(trial->uid, trial->uid, trial->uid))
        fail("setresuid");
}

static void write_by_hand(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 || write(fd, "x\n", 2) != 2)
        fail(path);
    close(fd);
}

/* `all`: open, write and close through the ring; else only the write. Every other trial is done by a kernel
 * worker. */
static void write_by_uring(const struct trial *trial, bool all)
{
    struct uring ring;
    int problem = uring_open(&ring);
    if (problem) {
        errno = -problem;
        fail("io_uring_setup");
    }
    unsigned char flags = trial->number % 2 ? IOSQE_ASYNC : 0;
    int fd;
    if (all) {
        fd = uring_run(&ring, &(struct io_uring_sqe){
            .opcode = IORING_OP_OPENAT, .flags = flags, .fd = AT_FDCWD,
            .addr = (uintptr_t)trial->path, .len = 0666,
            .open_flags = O_WRONLY | O_CREAT | O_TRUNC });
    } else {
        fd = open(trial->path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    }
    if (fd < 0)
        fail(trial->path);
    int written = uring_run(&ring, &(struct io_uring_sqe){
        .opcode = IORING_OP_WRITE, .flags = flags, .fd = fd, .addr = (uintptr_t) "x\n", .len = 2 });
    if (written != 2)
        fail("uring write");
    if (!all)
        close(fd);
    else if (uring_run(&ring, &(struct io_uring_sqe){ .opcode = IORING_OP_CLOSE, .fd = fd }))
        fail("uring close");
}

static void *run_thread(void *argument)
{
    const struct trial *trial = argument;
    if (trial->executable == tiny) {
        execv(tiny, trial->arguments);
        fail(tiny);
    }
    write_by_hand(trial->path);
    _exit(0);
}

static void run_child(struct trial *trial, const char *kind)
{
    char path[sizeof trial->path + 8];
    if (!strcmp(kind, "shift")) {
        snprintf(path, sizeof path, "%.500s-born", trial->path);
        write_by_hand(path);
    }
    become(trial);
    pthread_t thread;
    if (!strcmp(kind, "fork")) {
        write_by_hand(trial->path);
    } else if (!strcmp(kind, "thread")) {
        if (pthread_create(&thread, NULL, run_thread, trial))
            fail("pthread_create");
        pause();
    } else if (!strncmp(kind, "uring", 5)) {
        write_by_uring(trial, !strcmp(kind, "uring-open"));
    } else {
        if (!strcmp(kind, "shift")) {
            snprintf(path, sizeof path, "%.500s-other", trial->path);
            write_by_hand(path);
        }
        execv(trial->executable, trial->arguments);
        fail(trial->executable);
    }
    _exit(0);
}

static void set_arguments(struct trial *trial, const char *kind)
{
    int n = 0;
    char **arguments = trial->arguments;
    snprintf(text[1], sizeof text[1], "--trial=%d", trial->number);
    snprintf(text[2], sizeof text[2], "%.*s", trial->number % 97,
        "a rather long argument, cut off at some place; "
        "with \"quotes\", a \\ and a\nnew line; äöü; and some more words to the end");
    if (!strcmp(kind, "sh")) {
        trial->executable = shell;
        snprintf(text[0], sizeof text[0], "echo x > %s", trial->path);
        arguments[n++] = "sh";
        arguments[n++] = "-c";
        arguments[n++] = text[0];
    } else if (!strcmp(kind, "tiny") || !strcmp(kind, "box") || !strcmp(kind, "shift")
        || (!strcmp(kind, "thread") && trial->number % 2)) {
        trial->executable = tiny;
        arguments[n++] = "tiny";
        arguments[n++] = trial->path;
    } else {
        trial->executable = own_executable;
        for (; n < maximum_arguments && own_arguments[n]; n++)
            arguments[n] = own_arguments[n];
        arguments[n] = NULL;
        return;
    }
    arguments[n++] = text[1];
    /* The length ends within a character of two bytes here and there; those are not JSON. */
    while (strlen(text[2]) && ((unsigned char)text[2][strlen(text[2]) - 1] & 0x80))
        text[2][strlen(text[2]) - 1] = 0;
    if (trial->number % 4)
        arguments[n++] = text[2];
    arguments[n] = NULL;
}

static void print_string(FILE *out, const char *bytes)
{
    putc('"', out);
    for (; *bytes; bytes++) {
        unsigned char byte = (unsigned char)*bytes;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(out, "\\u%04x", byte);
        else
            putc(byte, out);
    }
    putc('"', out);
}

static void print_truth(FILE *out, const struct trial *trial, const char *kind, int pid, long inherited_auid)
{
    fprintf(out, "{\"kind\":\"%s\",\"pid\":%d,\"parent\":%d,\"uid\":%u,\"path\":", kind, pid, getpid(),
        trial->uid);
    print_string(out, trial->path);
    fprintf(out, ",\"executable\":");
    print_string(out, trial->executable);
    fprintf(out, ",\"args\":[");
    for (int n = 0; trial->arguments[n]; n++) {
        if (n)
            putc(',', out);
        print_string(out, trial->arguments[n]);
    }
    long auid = trial->auid >= 0 ? trial->auid : inherited_auid;
    if (auid == (long)UINT32_MAX)
        fprintf(out, "],\"auid\":\"unset\",\"container\":");
    else
        fprintf(out, "],\"auid\":\"%ld\",\"container\":", auid);
    if (trial->cgroups)
        print_string(out, strrchr(trial->cgroups, '/') + 1);
    else
        fprintf(out, "null");
    fprintf(out, "}\n");
}

/* The two writes of a `shift` before the one that other trials have too. */
static void print_shift(FILE *out, const struct trial *trial, int pid, long inherited_auid)
{
    struct trial before = *trial;
    before.executable = own_executable;
    int n = 0;
    for (; n < maximum_arguments && own_arguments[n]; n++)
        before.arguments[n] = own_arguments[n];
    before.arguments[n] = NULL;
    snprintf(before.path, sizeof before.path, "%.500s-other", trial->path);
    print_truth(out, &before, "shift", pid, inherited_auid);
    snprintf(before.path, sizeof before.path, "%.500s-born", trial->path);
    before.uid = 0;
    before.auid = -1;
    print_truth(out, &before, "shift", pid, inherited_auid);
}

/* Runs one trial and reaps it at once. Returns the child's pid as the host sees it. */
static int run(struct trial *trial, const char *kind)
{
    long flags = SIGCHLD | (trial->cgroups ? CLONE_NEWPID | CLONE_NEWNS : 0);
    int pid = (int)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (pid < 0)
        fail("clone");
    if (pid == 0)
        run_child(trial, kind);
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "writers: trial %d of %s ended with status %#x\n", trial->number, kind, status);
        exit(1);
    }
    return pid;
}

static long own_auid(void)
{
    long auid = UINT32_MAX;
    FILE *file = fopen("/proc/self/loginuid", "r");
    if (file) {
        if (fscanf(file, "%ld", &auid) != 1)
            auid = UINT32_MAX;
        fclose(file);
    }
    return auid;
}

int main(int count, char **arguments)
{
    if (count < 6) {
        fprintf(stderr, "usage: writers TRUTH DIR TINY TRIALS KIND [CGROUP...]\n");
        return 2;
    }
    FILE *truth = fopen(arguments[1], "we");
    const char *kind = arguments[5];
    tiny = arguments[3];
    own_arguments = arguments;
    if (!truth || readlink("/proc/self/exe", own_executable, sizeof own_executable - 1) < 0
        || !realpath("/bin/sh", shell)) {
        perror("writers");
        return 1;
    }
    setvbuf(truth, NULL, _IOFBF, 1 << 20);
    umask(0);
    long inherited = own_auid();
    int trials = atoi(arguments[4]), boxes = count - 6;
    for (int i = 0; i < trials; i++) {
        struct trial trial = { .number = i, .uid = 1000 + i % 50, .auid = i % 3 ? -1 : 2000 + i % 7 };
        snprintf(trial.path, sizeof trial.path, "%s/%s-%d", arguments[2], kind, i);
        if (!strcmp(kind, "box") && boxes > 0)
            trial.cgroups = arguments[6 + i % boxes];
        set_arguments(&trial, kind);
        int pid = run(&trial, kind);
        print_truth(truth, &trial, kind, pid, inherited);
        if (!strcmp(kind, "shift"))
            print_shift(truth, &trial, pid, inherited);
    }
    return fclose(truth) ? 1 : 0;
}
