// Generated; each line is a number followed by the names of that number and those after it.

/// Names of the numbers that stand in record values.
enum AuditValueTable {
    /// Error numbers, `errno.h`; from 512 on those that stay inside the kernel.
    static let errno: StaticString = """
        1 EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
        15 ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG
        28 ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP
        42 ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL
        55 ENOANO EBADRQC EBADSLT
        59 EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO
        72 EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX
        83 ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT
        93 EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL
        100 ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN
        109 ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN
        118 ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED
        128 EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON
        512 ERESTARTSYS ERESTARTNOINTR ERESTARTNOHAND ENOIOCTLCMD ERESTART_RESTARTBLOCK
        524 ENOTSUPP
        """

    /// Signals of x86 and ARM, `signal.h`.
    static let signal: StaticString = """
        1 SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2
        13 SIGPIPE SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG
        24 SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS
        34 SIGRTMIN
        64 SIGRTMAX
        """

    /// Operations, `enum io_uring_op` in `linux/io_uring.h`.
    static let uringOperation: StaticString = """
        0 nop readv writev fsync read_fixed write_fixed poll_add poll_remove sync_file_range sendmsg
        10 recvmsg timeout timeout_remove accept async_cancel link_timeout connect fallocate openat close
        20 files_update statx read write fadvise madvise send recv openat2 epoll_ctl splice
        31 provide_buffers remove_buffers tee shutdown renameat unlinkat mkdirat symlinkat linkat msg_ring
        41 fsetxattr setxattr fgetxattr getxattr socket uring_cmd send_zc sendmsg_zc read_multishot waitid
        51 futex_wait futex_wake futex_waitv fixed_fd_install ftruncate bind listen recv_zc epoll_wait
        60 readv_fixed writev_fixed pipe
        """

    /// Capabilities, `linux/capability.h`.
    static let capability: StaticString = """
        0 chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
        10 net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio
        18 sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time
        26 sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
        35 wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
        """

    /// Address families, `sys/socket.h`.
    static let addressFamily: StaticString = """
        0 unspec unix inet ax25 ipx appletalk
        7 bridge
        10 inet6
        15 key netlink packet
        21 rds
        29 can tipc bluetooth
        38 alg
        40 vsock
        44 xdp
        """
}
