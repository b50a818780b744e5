/* What a shell cannot try. Each command exits 0 when it got through. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *what)
{
    perror(what);
    return 1;
}

static socklen_t address(struct sockaddr_un *to, const char *name, int abstract)
{
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    strncpy(to->sun_path + abstract, name, sizeof to->sun_path - 2);
    return offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name) + (abstract ? 0 : 1);
}

static int listen_abstract(const char *name)
{
    struct sockaddr_un to;
    socklen_t length = address(&to, name, 1);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    if (s < 0 || bind(s, (struct sockaddr *)&to, length) || listen(s, 5))
        return failed("listen");
    puts("listening");
    fflush(stdout);
    for (;;)
        pause();
}

static int connect_unix(const char *name, int abstract)
{
    struct sockaddr_un to;
    socklen_t length = address(&to, name, abstract);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    return s < 0 || connect(s, (struct sockaddr *)&to, length) ? failed("connect") : 0;
}

static int shared_memory(const char *verb, int key)
{
    int id = shmget(key, 4096, strcmp(verb, "put") ? 0 : IPC_CREAT | 0666);
    if (id < 0)
        return failed("shmget");
    if (!strcmp(verb, "remove"))
        return shmctl(id, IPC_RMID, NULL) ? failed("shmctl") : 0;
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1)
        return failed("shmat");
    if (!strcmp(verb, "put"))
        strcpy(memory, "shared");
    return strcmp(memory, "shared") ? 1 : 0;
}

static int key(const char *verb, const char *name)
{
    if (!strcmp(verb, "put")) {
        long id = syscall(SYS_add_key, "user", name, "secret", 6, KEY_SPEC_USER_KEYRING);
        if (id < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, id, 0x3f3f0000))
            return failed("add_key");
        return 0;
    }
    long id = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0);
    char value[16] = "";
    if (id < 0 || syscall(SYS_keyctl, KEYCTL_READ, id, value, sizeof value - 1) < 0)
        return failed("keyctl");
    if (!strcmp(verb, "remove"))
        return syscall(SYS_keyctl, KEYCTL_UNLINK, id, KEY_SPEC_USER_KEYRING) ? failed("unlink") : 0;
    return strcmp(value, "secret") ? 1 : 0;
}

static int trace(void)
{
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    long attached = ptrace(PTRACE_ATTACH, child, NULL, NULL);
    int error = errno;
    kill(child, SIGKILL);
    waitpid(child, NULL, __WALL);
    errno = error;
    return attached ? failed("ptrace") : 0;
}

static int lease(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    return file < 0 || fcntl(file, F_SETLEASE, F_WRLCK) ? failed("lease") : 0;
}

static int open_socket(int family, int type, int protocol)
{
    return socket(family, type, protocol) < 0 ? failed("socket") : 0;
}

/* Exit 0: the call got through to the kernel. A filter answers EPERM or ENOSYS before the kernel looks at the arguments. */
static int call(long number)
{
    long result = syscall(number, -1, -1, -1, -1, -1, -1);
    return result == -1 && (errno == EPERM || errno == ENOSYS) ? failed("syscall") : 0;
}

int main(int count, char **words)
{
    const char *verb = count > 1 ? words[1] : "";
    const char *name = count > 2 ? words[2] : "";
    if (!strcmp(verb, "listen-abstract"))
        return listen_abstract(name);
    if (!strcmp(verb, "connect-abstract"))
        return connect_unix(name, 1);
    if (!strcmp(verb, "connect-unix"))
        return connect_unix(name, 0);
    if (!strcmp(verb, "memory"))
        return shared_memory(name, atoi(words[3]));
    if (!strcmp(verb, "key"))
        return key(name, words[3]);
    if (!strcmp(verb, "trace"))
        return trace();
    if (!strcmp(verb, "packet"))
        return open_socket(AF_PACKET, SOCK_RAW, 0);
    if (!strcmp(verb, "raw"))
        return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (!strcmp(verb, "vsock"))
        return open_socket(40, SOCK_STREAM, 0);
    if (!strcmp(verb, "lease"))
        return lease(name);
    if (!strcmp(verb, "call"))
        return call(atol(name));
    fprintf(stderr, "unknown: %s\n", verb);
    return 2;
}
