#pragma once
// Process connector, taskstats, pidfds and /proc.
//
// Here because Swift cannot import most of the calls, and because the reader loops must not allocate. Stands for
// linux/connector.h, linux/cn_proc.h, linux/genetlink.h, linux/taskstats.h and proc(5).
#include <stdint.h>

#pragma clang assume_nonnull begin

struct cring;

/// Kinds of ring records, over all sources.
enum cproc_record_kind {
    CRECORD_FANOTIFY = 1,     ///< whole result of one read(2); the pidfd field of each event replaced (see cfanotify.h)
    CRECORD_SNAPSHOT = 2,     ///< struct cproc_snapshot_header and sections
    CRECORD_PROC_EVENTS = 3,  ///< one datagram of the process connector, from its nlmsghdr on
    CRECORD_TASKSTATS = 4,    ///< one generic netlink datagram, from its nlmsghdr on
    CRECORD_AUDIT = 5,        ///< one audit netlink datagram, from its nlmsghdr on
    CRECORD_INOTIFY = 6,      ///< whole result of one read(2)
    CRECORD_OVERRUN = 7,      ///< events before this one were lost: how many (int32_t), 0 when the kernel does not say
    CRECORD_FAILED = 8,       ///< the reader ended: payload is an int32_t errno (positive)
};

/// Flags of CRECORD_SNAPSHOT: the reason (ProcessSnapshot.Reason) in the low byte.
#define CSNAPSHOT_VERIFIED 0x100 ///< a pidfd of the event was still alive after reading

/// Sections of a snapshot, in any order, each padded to 8 bytes. Raw bytes: decoding is Swift's.
enum cproc_section {
    CSECTION_STATUS = 1, CSECTION_STAT = 2, CSECTION_CMDLINE = 3, CSECTION_EXE = 4, CSECTION_CWD = 5,
    CSECTION_LOGINUID = 6, CSECTION_SESSIONID = 7, CSECTION_CGROUP = 8,
    CSECTION_EXE_STAT = 9,  ///< uint64_t st_dev, st_ino
    CSECTION_NAMESPACES = 10, ///< uint64_t inode of ns/mnt, ns/pid
};
struct cproc_section_header { uint16_t section; uint16_t truncated; uint32_t length; };
struct cproc_snapshot_header { int32_t pid; uint32_t reserved; uint64_t begin_ns; uint64_t end_ns; };


// /proc ----------------------------------------------------------------------------------------------

/// Reasons of a snapshot, as in ProcessSnapshot.Reason.
enum cproc_reason { CREASON_FIRST_EVENT = 1, CREASON_EXEC = 2, CREASON_FORK = 3, CREASON_SCAN = 4 };

/// Room that a snapshot never exceeds.
#define CPROC_SNAPSHOT_MAX 24576

/// Writes what /proc says about `pid` as struct cproc_snapshot_header and sections. `proc_fd` is a descriptor of
/// the /proc directory. For CREASON_FORK only the login user and session. 0, or -errno when the process is gone.
int cproc_snapshot(int proc_fd, int32_t pid, uint16_t reason, void *buffer, uint32_t capacity, uint32_t *length);

/// Lists the pids in /proc with raw getdents64. `proc_fd` must be at its start. The number written, or -errno;
/// `capacity` bounds it.
int cproc_list_pids(int proc_fd, int32_t *pids, uint32_t capacity);

/// pidfd_open(2) and, with signal 0, pidfd_send_signal(2). -ENOSYS before Linux 5.3.
int cproc_pidfd_open(int32_t pid);
int cproc_pidfd_signal(int pidfd, int signal);

// The process itself ------------------------------------------------------------------------------------

/// Raises the calling thread: SCHED_FIFO 10, else nice -20. 2 fifo, 1 nice, 0 none.
int cproc_raise_priority(void);

/// Keeps the heap small: at most two malloc arenas, and large blocks always in mappings of their own (mallopt(3)); no
/// huge pages (PR_SET_THP_DISABLE). Call before any thread is started.
void cproc_keep_small(void);

/// Gives the kernel back free memory of the heap (malloc_trim(3)), and the pages of code and constants of the program and
/// its libraries: those that are needed come back from the page cache, those that only the start needed do not.
///
/// A debugger's breakpoints go with the pages.
void cproc_trim_memory(void);

// Process connector and taskstats -----------------------------------------------------------------------

/// A netlink socket subscribed to the process connector. The descriptor, or -errno (EPERM without CAP_NET_ADMIN,
/// ECONNREFUSED outside of the initial network namespace or without CONFIG_PROC_EVENTS).
int cproc_open_connector(void);

/// A generic netlink socket registered for the exit records of all processors. The descriptor, or -errno (EPERM
/// without CAP_NET_ADMIN, ENOENT without CONFIG_TASKSTATS).
int cproc_open_taskstats(void);

/// Opaque. Created, started, stopped and destroyed by one thread.
struct cproc_reader;

enum cproc_counter {
    CPROC_READS = 0,      ///< datagrams committed
    CPROC_STALLS = 1,     ///< waits for room in the ring
    CPROC_OVERRUNS = 2,   ///< ENOBUFS from the socket
    CPROC_SNAPSHOTS = 3,
    CPROC_SNAPSHOTS_MISSED = 4, ///< the process was gone
    CPROC_FORGED = 5,     ///< datagrams from somebody else than the kernel, dropped
    CPROC_COUNTERS = 6,
};

/// A reader of one netlink socket: each datagram from the kernel becomes one ring record of `kind`
/// (CRECORD_PROC_EVENTS, CRECORD_TASKSTATS or CRECORD_AUDIT). With `proc_fd` >= 0 the connector's reader takes
/// snapshots after exec and fork. Descriptors and ring stay the caller's and must outlive it. NULL when memory is
/// refused.
struct cproc_reader *_Nullable cproc_reader_create(struct cring *ring, int fd, int proc_fd,
                                                   enum cproc_record_kind kind);
/// Starts the thread, named `name` (at most 15 bytes). 0, or -errno.
int cproc_reader_start(struct cproc_reader *reader, const char *name);
/// Asks the thread to end and waits for it. Does nothing when it was not started.
void cproc_reader_stop(struct cproc_reader *reader);
void cproc_reader_destroy(struct cproc_reader *reader);
/// Any thread.
uint64_t cproc_reader_count(const struct cproc_reader *reader, enum cproc_counter counter);
/// What cproc_raise_priority said; -1 before the thread ran.
int cproc_reader_priority(const struct cproc_reader *reader);

/// Whether the descriptor has something to read now.
int cproc_is_readable(int fd);

#pragma clang assume_nonnull end
