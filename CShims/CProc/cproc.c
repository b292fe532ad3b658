#define _GNU_SOURCE 1
#include "cproc.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct cproc_section_header) == 8, "sections are addressed in multiples of 8");
_Static_assert(sizeof(struct cproc_snapshot_header) == 24, "the decoder reads these offsets");
_Static_assert(offsetof(struct cproc_snapshot_header, end_ns) == 16, "the decoder reads these offsets");

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Snapshots ---------------------------------------------------------------------------------------------

/// Where the next section goes.
struct writer {
    uint8_t *bytes;
    uint32_t capacity, length;
};

/// Room for a section's content, or NULL.
static uint8_t *section_room(const struct writer *writer, uint32_t *room) {
    uint32_t taken = writer->length + (uint32_t)sizeof(struct cproc_section_header) + 8;
    if (taken >= writer->capacity) return NULL;
    *room = writer->capacity - taken;
    return writer->bytes + writer->length + sizeof(struct cproc_section_header);
}

static void end_section(struct writer *writer, uint16_t section, uint32_t length, bool truncated) {
    struct cproc_section_header header = {.section = section, .truncated = truncated, .length = length};
    memcpy(writer->bytes + writer->length, &header, sizeof header);
    writer->length += (uint32_t)sizeof header + ((length + 7) & ~7u);
}

/// A whole small file of a process, up to `limit` bytes. 0, or -errno.
static int add_file(struct writer *writer, int dir, const char *name, uint16_t section, uint32_t limit) {
    uint32_t room;
    uint8_t *content = section_room(writer, &room);
    if (content == NULL) return -ENOSPC;
    if (room > limit) room = limit;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    uint32_t length = 0;
    while (length < room) {
        ssize_t got = read(fd, content + length, room - length);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        length += (uint32_t)got;
    }
    close(fd);
    end_section(writer, section, length, length == room);
    return 0;
}

static int add_link(struct writer *writer, int dir, const char *name, uint16_t section) {
    uint32_t room;
    uint8_t *content = section_room(writer, &room);
    if (content == NULL) return -ENOSPC;
    ssize_t got = readlinkat(dir, name, (char *)content, room);
    if (got < 0) return -errno;
    end_section(writer, section, (uint32_t)got, (uint32_t)got == room);
    return 0;
}

static void add_numbers(struct writer *writer, uint16_t section, uint64_t first, uint64_t second) {
    uint32_t room;
    uint8_t *content = section_room(writer, &room);
    uint64_t numbers[2] = {first, second};
    if (content == NULL || room < sizeof numbers) return;
    memcpy(content, numbers, sizeof numbers);
    end_section(writer, section, sizeof numbers, false);
}

static void add_executable(struct writer *writer, int dir) {
    struct stat status;
    if (add_link(writer, dir, "exe", CSECTION_EXE) != 0) return;
    if (fstatat(dir, "exe", &status, 0) == 0) {
        add_numbers(writer, CSECTION_EXE_STAT, status.st_dev, status.st_ino);
    }
}

static void add_namespaces(struct writer *writer, int dir) {
    struct stat mount, pid;
    if (fstatat(dir, "ns/mnt", &mount, 0) != 0 || fstatat(dir, "ns/pid", &pid, 0) != 0) return;
    add_numbers(writer, CSECTION_NAMESPACES, mount.st_ino, pid.st_ino);
}

int cproc_snapshot(int proc_fd, int32_t pid, uint16_t reason, void *buffer, uint32_t capacity, uint32_t *length) {
    struct cproc_snapshot_header header = {.pid = pid, .begin_ns = monotonic_ns()};
    struct writer writer = {.bytes = buffer, .capacity = capacity, .length = sizeof header};
    char name[16];
    snprintf(name, sizeof name, "%d", pid);
    int dir = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return -errno;
    int result = 0;
    if (reason == CREASON_FORK) {
        result = add_file(&writer, dir, "loginuid", CSECTION_LOGINUID, 64);
        if (result == 0) add_file(&writer, dir, "sessionid", CSECTION_SESSIONID, 64);
    } else {
        // What vanishes first comes first: a zombie has no executable, arguments or directory.
        add_executable(&writer, dir);
        add_file(&writer, dir, "cmdline", CSECTION_CMDLINE, 12288);
        add_file(&writer, dir, "loginuid", CSECTION_LOGINUID, 64);
        add_file(&writer, dir, "sessionid", CSECTION_SESSIONID, 64);
        result = add_file(&writer, dir, "status", CSECTION_STATUS, 4096);
        add_link(&writer, dir, "cwd", CSECTION_CWD);
        add_file(&writer, dir, "stat", CSECTION_STAT, 1024);
        add_file(&writer, dir, "cgroup", CSECTION_CGROUP, 4096);
        add_namespaces(&writer, dir);
    }
    close(dir);
    if (result < 0) return result;
    header.end_ns = monotonic_ns();
    memcpy(buffer, &header, sizeof header);
    *length = writer.length;
    return 0;
}

int cproc_list_pids(int proc_fd, int32_t *pids, uint32_t capacity) {
    struct { uint64_t inode; int64_t offset; uint16_t length; uint8_t type; char name[]; } *entry;
    static const size_t name_at = offsetof(__typeof__(*entry), name);
    char bytes[8192] __attribute__((aligned(8)));
    uint32_t count = 0;
    long got;
    while ((got = syscall(SYS_getdents64, proc_fd, bytes, sizeof bytes)) > 0) {
        for (long at = 0; at + (long)name_at < got; at += entry->length) {
            entry = (void *)(bytes + at);
            if (entry->name[0] < '1' || entry->name[0] > '9') continue;
            if (count < capacity) pids[count++] = atoi(entry->name);
        }
    }
    return got < 0 ? -errno : (int)count;
}

int cproc_pidfd_open(int32_t pid) {
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd >= 0 ? (int)fd : -errno;
}

int cproc_pidfd_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

// The process itself ------------------------------------------------------------------------------------

int cproc_raise_priority(void) {
    struct sched_param priority = {.sched_priority = 10};
    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0) return 2;
    return setpriority(PRIO_PROCESS, 0, -20) == 0 ? 1 : 0;
}

void cproc_keep_small(void) {
    mallopt(M_ARENA_MAX, 2);
    // Setting it ends that it grows with the largest block so far, up to 32 MB.
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/// Whether relocations have changed the pages of segments that are not writable.
static bool has_text_relocations(const struct dl_phdr_info *object) {
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type != PT_DYNAMIC) continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + segment->p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_TEXTREL) return true;
            if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0) return true;
        }
    }
    return false;
}

static int drop_unchanged_pages(struct dl_phdr_info *object, size_t size, void *page_size) {
    (void)size;
    if (has_text_relocations(object)) return 0;
    uintptr_t page = *(const uintptr_t *)page_size;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
        uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz + page - 1) & ~(page - 1);
        // The vDSO, which is no file, refuses or does not mind.
        madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void cproc_trim_memory(void) {
    malloc_trim(0);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(drop_unchanged_pages, &page);
}

int cproc_is_readable(int fd) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, 0) > 0;
}
