/* LD_PRELOAD: the n-th file-changing call below some folders fails, or kills the process before or after it.

   cc -shared -fPIC -O1 -o shim.so shim.c -ldl; armed through ctypes by shim_arm (see shim.py). For EIO opening to read
   counts too: a disk that fails fails there as well. Calls are counted in the process that armed it only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FAIL_ONCE, FAIL_ON, KILL_BEFORE, KILL_AFTER };
enum { GO_ON, FAIL, THEN_KILL };

static long chosen, seen, seen_reads; /* seen_reads: files opened to read among them */
static int act, error_number, report = -1, armed, reads;
static pid_t owner;
static char below[4][PATH_MAX];

/* folders: absolute, separated by ':'; descriptor: where the name of the call that was hit is written */
void shim_arm(long number, int how, int error, const char *folders, int descriptor) {
    char copy[4 * PATH_MAX], *rest = copy, *one;
    int place = 0;
    snprintf(copy, sizeof copy, "%s", folders);
    memset(below, 0, sizeof below);
    while (place < 4 && (one = strsep(&rest, ":"))) snprintf(below[place++], PATH_MAX, "%s", one);
    chosen = number; act = how; error_number = error; report = descriptor; seen = seen_reads = 0; owner = getpid();
    reads = error == EIO;
    armed = 1;
}
long shim_disarm(void) { armed = 0; return seen; }
long shim_reads(void) { return seen_reads; }

static int counts(const char *path) {
    for (int place = 0; place < 4; place++)
        if (below[place][0] && !strncmp(path, below[place], strlen(below[place]))) return 1;
    return 0;
}
static int by_descriptor(int fd, char *path) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}
static int by_name(int folder, const char *name, char *path) {
    char parent[PATH_MAX];
    if (!name) return 0;
    if (name[0] == '/') { snprintf(path, PATH_MAX, "%s", name); return 1; }
    if (folder == AT_FDCWD ? !getcwd(parent, sizeof parent) : !by_descriptor(folder, parent)) return 0;
    snprintf(path, PATH_MAX, "%.2000s/%.2000s", parent, name);
    return 1;
}
static int met(const char *call, const char *path) {
    long number = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    if (number != chosen && !(act == FAIL_ON && chosen > 0 && number > chosen)) return GO_ON;
    if (number == chosen && report >= 0) dprintf(report, "%s %s\n", call, path);
    if (act == KILL_BEFORE) kill(owner, SIGKILL);
    if (act == KILL_AFTER) return THEN_KILL;
    errno = error_number;
    return FAIL;
}
static int on_descriptor(const char *call, int fd) {
    char path[PATH_MAX];
    if (!armed || getpid() != owner || !by_descriptor(fd, path) || !counts(path)) return GO_ON;
    return met(call, path);
}
static int on_name(const char *call, int folder, const char *name) {
    char path[PATH_MAX];
    if (!armed || getpid() != owner || !by_name(folder, name, path) || !counts(path)) return GO_ON;
    return met(call, path);
}
static int on_names(const char *call, int folder, const char *name, int other, const char *second) {
    char path[PATH_MAX];
    if (!armed || getpid() != owner) return GO_ON;
    if (!(by_name(other, second, path) && counts(path)) && !(by_name(folder, name, path) && counts(path))) return GO_ON;
    return met(call, path);
}

/* WRAP(result type, name, parameters in (), arguments in (), what decides) */
#define WRAP(type, name, parameters, words, decides)                                                                   \
    type name parameters {                                                                                             \
        static type(*real) parameters;                                                                                 \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                                                     \
        int what = decides;                                                                                            \
        if (what == FAIL) return -1;                                                                                   \
        type result = real words;                                                                                      \
        if (what == THEN_KILL) kill(owner, SIGKILL);                                                                   \
        return result;                                                                                                 \
    }
#define HERE AT_FDCWD
#define ON_FD(name) on_descriptor(#name, fd)
WRAP(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n), ON_FD(write))
WRAP(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), ON_FD(writev))
WRAP(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o), ON_FD(pwrite))
WRAP(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o), ON_FD(pwrite64))
WRAP(ssize_t, sendfile, (int fd, int from, off_t *o, size_t n), (fd, from, o, n), ON_FD(sendfile))
WRAP(ssize_t, sendfile64, (int fd, int from, off64_t *o, size_t n), (fd, from, o, n), ON_FD(sendfile64))
WRAP(ssize_t, copy_file_range, (int from, off64_t *i, int fd, off64_t *o, size_t n, unsigned f), (from, i, fd, o, n, f),
     ON_FD(copy_file_range))
WRAP(int, fsync, (int fd), (fd), ON_FD(fsync))
WRAP(int, fdatasync, (int fd), (fd), ON_FD(fdatasync))
WRAP(int, syncfs, (int fd), (fd), ON_FD(syncfs))
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), ON_FD(ftruncate))
WRAP(int, ftruncate64, (int fd, off64_t n), (fd, n), ON_FD(ftruncate64))
WRAP(int, fchmod, (int fd, mode_t m), (fd, m), ON_FD(fchmod))
WRAP(int, fchown, (int fd, uid_t u, gid_t g), (fd, u, g), ON_FD(fchown))
WRAP(int, futimens, (int fd, const struct timespec t[2]), (fd, t), ON_FD(futimens))
WRAP(int, truncate, (const char *a, off_t n), (a, n), on_name("truncate", HERE, a))
WRAP(int, unlink, (const char *a), (a), on_name("unlink", HERE, a))
WRAP(int, unlinkat, (int d, const char *a, int f), (d, a, f), on_name("unlinkat", d, a))
WRAP(int, rmdir, (const char *a), (a), on_name("rmdir", HERE, a))
WRAP(int, mkdir, (const char *a, mode_t m), (a, m), on_name("mkdir", HERE, a))
WRAP(int, mkdirat, (int d, const char *a, mode_t m), (d, a, m), on_name("mkdirat", d, a))
WRAP(int, chmod, (const char *a, mode_t m), (a, m), on_name("chmod", HERE, a))
WRAP(int, fchmodat, (int d, const char *a, mode_t m, int f), (d, a, m, f), on_name("fchmodat", d, a))
WRAP(int, chown, (const char *a, uid_t u, gid_t g), (a, u, g), on_name("chown", HERE, a))
WRAP(int, lchown, (const char *a, uid_t u, gid_t g), (a, u, g), on_name("lchown", HERE, a))
WRAP(int, fchownat, (int d, const char *a, uid_t u, gid_t g, int f), (d, a, u, g, f), on_name("fchownat", d, a))
WRAP(int, utimensat, (int d, const char *a, const struct timespec t[2], int f), (d, a, t, f),
     on_name("utimensat", d, a))
WRAP(int, symlink, (const char *to, const char *a), (to, a), on_name("symlink", HERE, a))
WRAP(int, symlinkat, (const char *to, int d, const char *a), (to, d, a), on_name("symlinkat", d, a))
WRAP(int, rename, (const char *a, const char *b), (a, b), on_names("rename", HERE, a, HERE, b))
WRAP(int, renameat, (int x, const char *a, int y, const char *b), (x, a, y, b), on_names("renameat", x, a, y, b))
WRAP(int, renameat2, (int x, const char *a, int y, const char *b, unsigned f), (x, a, y, b, f),
     on_names("renameat2", x, a, y, b))
WRAP(int, link, (const char *a, const char *b), (a, b), on_names("link", HERE, a, HERE, b))
WRAP(int, linkat, (int x, const char *a, int y, const char *b, int f), (x, a, y, b, f), on_names("linkat", x, a, y, b))

static int on_open(int folder, const char *name, int flags) {
    if (flags & (O_CREAT | O_WRONLY | O_RDWR)) return on_name("open to write", folder, name);
    char path[PATH_MAX];
    if (!armed || getpid() != owner || !by_name(folder, name, path) || !counts(path)) return GO_ON;
    __atomic_add_fetch(&seen_reads, 1, __ATOMIC_SEQ_CST);
    return reads ? met("open to read", path) : GO_ON;
}
#define OPEN(name, real_name, first, folder)                                                                           \
    int name(first const char *a, int flags, ...) {                                                                    \
        static int (*real)(int, const char *, int, ...);                                                               \
        if (!real) real = dlsym(RTLD_NEXT, real_name);                                                                 \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = va_arg(more, int);                                                                               \
        va_end(more);                                                                                                  \
        int what = on_open(folder, a, flags);                                                                       \
        if (what == FAIL) return -1;                                                                                   \
        int result = real(folder, a, flags, mode);                                                                     \
        if (what == THEN_KILL) kill(owner, SIGKILL);                                                                   \
        return result;                                                                                                 \
    }
#define COMMA ,
OPEN(open, "openat", , HERE)
OPEN(open64, "openat64", , HERE)
OPEN(openat, "openat", int d COMMA, d)
OPEN(openat64, "openat64", int d COMMA, d)

/* what glibc has no function for: openat2 */
long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = dlsym(RTLD_NEXT, "syscall");
    long w[6];
    va_list more;
    va_start(more, number);
    for (int place = 0; place < 6; place++) w[place] = va_arg(more, long);
    va_end(more);
    int what = GO_ON;
#ifdef SYS_openat2
    if (number == SYS_openat2) what = on_name("openat2", (int)w[0], (const char *)w[1]);
#endif
    if (what == FAIL) return -1;
    long result = real(number, w[0], w[1], w[2], w[3], w[4], w[5]);
    if (what == THEN_KILL) kill(owner, SIGKILL);
    return result;
}
