/// Numbers and names of system calls by architecture.
enum AuditSyscallTable {}
