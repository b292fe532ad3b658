#pragma once
// The audit netlink socket: what Swift cannot import of it.
//
// Stands for linux/audit.h and linux/netlink.h. Requests are built and answers decoded in Swift; the reader is
// cproc_reader.
#include <linux/audit.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A netlink socket of the audit protocol, with a large receive buffer. The descriptor, or -errno
/// (EPROTONOSUPPORT without CONFIG_AUDIT).
int caudit_open(void);

/// Joins or leaves AUDIT_NLGRP_READLOG. 0, or -errno (EPERM without CAP_AUDIT_READ).
int caudit_set_multicast(int fd, int joined);

/// Sends one request. 0, or -errno.
int caudit_send(int fd, uint16_t type, uint16_t flags, uint32_t sequence, const void *_Nullable payload,
                uint32_t length);

/// Waits up to `timeout_ms` for one datagram from the kernel. Its length, 0 when none came, or -errno.
int caudit_receive(int fd, void *bytes, uint32_t capacity, int timeout_ms);

#pragma clang assume_nonnull end
