// fanotify_bare DIR: the least that a who-data reader does, as the measure for Vedette. Marks the filesystem of
// DIR, resolves each event's path with a cache of directory handles, reads who did it from /proc, and drops it
// all. Prints "watching" when ready; ends on SIGINT or SIGTERM with its counts as JSON.
#include "peer.h"

#include <fcntl.h>
#include <linux/fanotify.h>
#include <sys/fanotify.h>

#define CACHE_SLOTS 4096

/// One cached directory; a colliding one takes its place.
struct directory {
    struct file_handle *handle;
    char *path;
};

static struct {
    int mount;
    struct directory cache[CACHE_SLOTS];
    uint64_t events, overflows, resolved, who_complete;
} reader;

static size_t handle_size(const struct file_handle *handle) { return sizeof *handle + handle->handle_bytes; }

static uint32_t hash(const uint8_t *bytes, size_t count) {
    uint32_t value = 2166136261u;
    for (size_t index = 0; index < count; index++) value = (value ^ bytes[index]) * 16777619u;
    return value;
}

/// The path of a directory, from the cache or the kernel; NULL when it is gone.
static const char *directory_path(struct file_handle *handle) {
    size_t size = handle_size(handle);
    struct directory *slot = &reader.cache[hash((const uint8_t *)handle, size) % CACHE_SLOTS];
    if (slot->handle != NULL && memcmp(slot->handle, handle, size) == 0) return slot->path;
    int fd = open_by_handle_at(reader.mount, handle, O_PATH | O_CLOEXEC);
    if (fd < 0) return NULL;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    close(fd);
    if (length < 0) return NULL;
    path[length] = 0;
    free(slot->handle);
    free(slot->path);
    slot->handle = malloc(size);
    slot->path = strdup(path);
    if (slot->handle == NULL || slot->path == NULL) exit(1);
    memcpy(slot->handle, handle, size);
    return slot->path;
}

static void resolve(struct fanotify_event_info_fid *info) {
    struct file_handle *handle = (struct file_handle *)info->handle;
    const char *name = (const char *)handle->f_handle + handle->handle_bytes;
    const char *directory = directory_path(handle);
    if (directory == NULL) return;
    char path[8192];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) > 0) reader.resolved++;
}

/// Whether `name` of the process whose /proc directory is `process` could be read.
static int read_proc(int process, const char *name) {
    char text[4096];
    int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t length = read(fd, text, sizeof text);
    close(fd);
    return length > 0;
}

static void read_who(int pid) {
    char path[64], executable[4096];
    snprintf(path, sizeof path, "/proc/%d", pid);
    int process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process < 0) return;
    int complete = readlinkat(process, "exe", executable, sizeof executable) > 0;
    complete += read_proc(process, "cmdline");
    complete += read_proc(process, "status");
    complete += read_proc(process, "loginuid");
    complete += read_proc(process, "cgroup");
    close(process);
    reader.who_complete += complete == 5;
}

static void handle_event(struct fanotify_event_metadata *event) {
    if (event->mask & FAN_Q_OVERFLOW) {
        reader.overflows++;
        return;
    }
    reader.events++;
    char *position = (char *)event + event->metadata_len, *end = (char *)event + event->event_len;
    while (position < end) {
        struct fanotify_event_info_header *info = (void *)position;
        if (info->info_type == FAN_EVENT_INFO_TYPE_PIDFD) {
            int pidfd = ((struct fanotify_event_info_pidfd *)info)->pidfd;
            if (pidfd >= 0) close(pidfd);
        } else if (info->info_type != FAN_EVENT_INFO_TYPE_FID) {
            resolve((struct fanotify_event_info_fid *)info);
        }
        position += info->len;
    }
    read_who(event->pid);
}

static int open_group(const char *path) {
    unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_DFID_NAME_TARGET | FAN_REPORT_PIDFD;
    int group = (int)must(fanotify_init(flags, O_RDONLY | O_CLOEXEC), "fanotify_init");
    uint64_t mask = FAN_CREATE | FAN_DELETE | FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_RENAME |
                    FAN_OPEN_EXEC | FAN_ONDIR;
    must(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, AT_FDCWD, path), path);
    return group;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: fanotify_bare DIR\n");
        return 2;
    }
    stop_on_signals();
    int group = open_group(argv[1]);
    reader.mount = (int)must(open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC), argv[1]);
    fprintf(stderr, "watching\n");
    static char buffer[16384] __attribute__((aligned(8)));
    uint64_t start = processor_us();
    while (!stopped) {
        ssize_t length = read(group, buffer, sizeof buffer);
        if (length < 0 && errno == EINTR) continue;
        must(length, "read");
        struct fanotify_event_metadata *event = (void *)buffer;
        for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) handle_event(event);
    }
    uint64_t used = processor_us() - start;
    printf("{\"events\": %llu, \"overflows\": %llu, \"resolved\": %llu, ", (unsigned long long)reader.events,
           (unsigned long long)reader.overflows, (unsigned long long)reader.resolved);
    printf("\"who_complete\": %llu, \"cpu_us\": %llu}\n", (unsigned long long)reader.who_complete,
           (unsigned long long)used);
    return 0;
}
