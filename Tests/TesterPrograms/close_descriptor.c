// close_descriptor PID FD…: closes descriptors of another process, in its main thread and behind its back. x86-64 only.
//
// The thread is stopped, made to execute close(2), and put back where it was.
#include "tester.h"

#ifdef __x86_64__
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define SYSCALL_INSTRUCTION 0x050f

static void await_stop(pid_t pid) {
    int status;
    must(waitpid(pid, &status, __WALL), "waitpid");
    if (!WIFSTOPPED(status)) {
        errno = ESRCH;
        give_up("waitpid");
    }
}

/// The result of close(fd) in `pid`, which is stopped at `regs`.
static long close_in(pid_t pid, const struct user_regs_struct *regs, int fd) {
    struct user_regs_struct call = *regs;
    call.rax = SYS_close;
    call.rdi = (unsigned long)fd;
    // Whatever call was interrupted is not started again yet.
    call.orig_rax = (unsigned long)-1;
    must(ptrace(PTRACE_SETREGS, pid, NULL, &call), "PTRACE_SETREGS");
    must(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), "PTRACE_SINGLESTEP");
    await_stop(pid);
    must(ptrace(PTRACE_GETREGS, pid, NULL, &call), "PTRACE_GETREGS");
    return (long)call.rax;
}

int main(int count, char **arguments) {
    if (count < 3) {
        errno = EINVAL;
        give_up("PID FD...");
    }
    pid_t pid = (pid_t)number(arguments[1]);
    must(ptrace(PTRACE_ATTACH, pid, NULL, NULL), "PTRACE_ATTACH");
    await_stop(pid);
    struct user_regs_struct regs;
    must(ptrace(PTRACE_GETREGS, pid, NULL, &regs), "PTRACE_GETREGS");
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, pid, regs.rip, NULL);
    if (errno != 0) give_up("PTRACE_PEEKTEXT");
    must(ptrace(PTRACE_POKETEXT, pid, regs.rip, (word & ~0xffffL) | SYSCALL_INSTRUCTION), "PTRACE_POKETEXT");
    int failed = 0;
    for (int i = 2; i < count; i++) {
        long result = close_in(pid, &regs, (int)number(arguments[i]));
        if (result != 0) fprintf(stderr, "close(%s): %s\n", arguments[i], strerror((int)-result));
        failed |= result != 0;
    }
    must(ptrace(PTRACE_POKETEXT, pid, regs.rip, word), "PTRACE_POKETEXT");
    must(ptrace(PTRACE_SETREGS, pid, NULL, &regs), "PTRACE_SETREGS");
    must(ptrace(PTRACE_DETACH, pid, NULL, NULL), "PTRACE_DETACH");
    return failed;
}
#else
int main(void) {
    errno = ENOSYS;
    give_up("close_descriptor: not on this processor");
}
#endif
