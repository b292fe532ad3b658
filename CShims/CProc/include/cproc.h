#pragma once
// Process connector, taskstats, pidfd and /proc reading. Contract of the records; functions follow below.
#include <stdint.h>
#pragma clang assume_nonnull begin

/// Kinds of ring records, over all sources.
enum cproc_record_kind {
    CRECORD_FANOTIFY = 1,     ///< whole result of one read(2); the pidfd field of each event replaced (see cfanotify.h)
    CRECORD_SNAPSHOT = 2,     ///< struct cproc_snapshot_header and sections
    CRECORD_PROC_EVENTS = 3,  ///< one datagram of the process connector, from its nlmsghdr on
    CRECORD_TASKSTATS = 4,    ///< one generic netlink datagram, from its nlmsghdr on
    CRECORD_AUDIT = 5,        ///< one audit netlink datagram, from its nlmsghdr on
    CRECORD_INOTIFY = 6,      ///< whole result of one read(2)
    CRECORD_OVERRUN = 7,      ///< the socket said ENOBUFS: events before this one were lost. No payload.
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


/// Writes what /proc says about `pid` as struct cproc_snapshot_header and sections. 0, or -errno.
int cproc_snapshot(int proc_fd, int32_t pid, uint16_t reason, void *buffer, uint32_t capacity, uint32_t *length);

/// Raises the calling thread: SCHED_FIFO 10, else nice -20. 2 fifo, 1 nice, 0 none.
int cproc_raise_priority(void);

#pragma clang assume_nonnull end
