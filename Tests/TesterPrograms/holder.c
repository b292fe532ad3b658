/* Registers itself as the audit daemon, as auditd would, and throws away what it hears, until SIGTERM.
 *
 * Prints "holding" when it has the place. Enables audit with a backlog that never blocks anybody; whoever
 * starts it restores those settings. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_status(int fd, struct audit_status status)
{
    struct {
        struct nlmsghdr header;
        struct audit_status status;
    } message = {
        .header = { .nlmsg_len = sizeof message, .nlmsg_type = AUDIT_SET,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
        .status = status,
    };
    if (send(fd, &message, sizeof message, 0) < 0)
        return -errno;
    for (;;) {
        struct {
            struct nlmsghdr header;
            char rest[9000];
        } reply;
        if (recv(fd, &reply, sizeof reply, 0) < 0)
            return -errno;
        if (reply.header.nlmsg_type == NLMSG_ERROR)
            return ((struct nlmsgerr *)reply.rest)->error;
    }
}

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

int main(void)
{
    struct sigaction action = { .sa_handler = stop };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    int wait = set_status(fd, (struct audit_status){
        .mask = AUDIT_STATUS_BACKLOG_WAIT_TIME | AUDIT_STATUS_BACKLOG_LIMIT, .backlog_limit = 8192 });
    int place = set_status(fd, (struct audit_status){
        .mask = AUDIT_STATUS_PID | AUDIT_STATUS_ENABLED, .enabled = 1, .pid = (unsigned)getpid() });
    if (wait || place) {
        fprintf(stderr, "holder: cannot be the audit daemon: %s\n", strerror(-(wait ? wait : place)));
        return 1;
    }
    puts("holding");
    fflush(stdout);
    char buffer[9000];
    while (!stopped && (recv(fd, buffer, sizeof buffer, 0) >= 0 || errno == EINTR || errno == ENOBUFS)) {
    }
    set_status(fd, (struct audit_status){ .mask = AUDIT_STATUS_PID, .pid = 0 });
    return 0;
}
