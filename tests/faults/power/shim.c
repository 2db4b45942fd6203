/* Writes down what processes do to the files of one folder, and when.

   Loaded with LD_PRELOAD. POWER_FOLDER is the folder (a real path, without a slash at its end),
   POWER_TRACE the file that records are appended to, one write each, by every process at once. A
   record says when a call began and when it returned, by CLOCK_MONOTONIC, which all processes share:
   so what was done before what is known across them. Reading is not written down. A record that
   cannot be written ends the process: a trace with holes would prove nothing. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPENED = 'o', WROTE = 'w', CUT = 't', SYNCED = 's', DIRECTORY = 'd', UNLINKED = 'u', RENAMED = 'r' };

struct record { /* trace.py reads it; native byte order, no padding */
  uint64_t begun, ended; /* nanoseconds */
  uint64_t file;         /* inode; 0 where a name says it */
  uint64_t offset;       /* of a write; length after a cut */
  uint32_t name, data;   /* bytes that follow */
  uint32_t process;
  uint32_t what;
};

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_rename)(const char *, const char *);

static const char *folder = "";
static size_t folder_length;
static int trace = -1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fail(const char *why) {
  dprintf(2, "power shim: %s: %s\n", why, strerror(errno));
  abort();
}

static void *next(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) fail(name);
  return found;
}

static void prepare(void) {
  real_open = next("open64");
  real_openat = next("openat64");
  real_write = next("write");
  real_pwrite = next("pwrite64");
  real_ftruncate = next("ftruncate64");
  real_fsync = next("fsync");
  real_fdatasync = next("fdatasync");
  real_unlink = next("unlink");
  real_unlinkat = next("unlinkat");
  real_rename = next("rename");
  if (getenv("POWER_FOLDER") == NULL || getenv("POWER_TRACE") == NULL) return;
  folder = strdup(getenv("POWER_FOLDER"));
  folder_length = strlen(folder);
  trace = real_open(getenv("POWER_TRACE"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (trace < 0) fail("POWER_TRACE");
}

static void ready(void) { pthread_once(&once, prepare); }

static uint64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void record(int what, uint64_t begun, uint64_t file, uint64_t offset, const char *name,
                   const void *data, size_t length) {
  int error = errno;
  struct record head = {begun, now(), file, offset, (uint32_t)strlen(name), (uint32_t)length,
                        (uint32_t)getpid(), (uint32_t)what};
  struct iovec parts[] = {{&head, sizeof head}, {(void *)name, head.name}, {(void *)data, length}};
  size_t size = sizeof head + head.name + length;
  if (writev(trace, parts, 3) != (ssize_t)size) fail("writing the trace");
  errno = error;
}

/* The name that a path has within the folder: "" for the folder itself, NULL for what is elsewhere. */
static const char *within(const char *path) {
  if (trace < 0 || strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == 0) return "";
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

/* The same for what is open as `fd`; `into` has room for a path. However it was opened: nothing is
   kept about descriptors, so neither dup() nor inheriting one can hide it. */
static const char *name_of(int fd, char *into, struct stat *status) {
  char link[64];
  int error = errno;
  const char *name = NULL;
  ssize_t length;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = trace < 0 ? -1 : readlink(link, into, PATH_MAX - 1);
  if (length > 0) {
    into[length] = 0;
    name = within(into);
    if (name != NULL && fstat(fd, status) != 0) fail("fstat");
  }
  errno = error;
  return name;
}

/* The same for the path of a file that may not exist. */
static const char *name_at(const char *path, char *into) {
  char parent[PATH_MAX];
  int error = errno;
  const char *last = strrchr(path, '/'), *name = NULL;
  if (trace >= 0 && strlen(path) < PATH_MAX - NAME_MAX) {
    if (last == NULL) {
      strcpy(parent, ".");
    } else {
      memcpy(parent, path, (size_t)(last - path) + 1);
      parent[last - path + 1] = 0;
    }
    if (realpath(parent, into) != NULL) {
      strcat(into, "/");
      strcat(into, last == NULL ? path : last + 1);
      name = within(into);
    }
  }
  errno = error;
  return name;
}

/* ------------------------------------------------------------------------------------- the calls */

static int opened(int fd, int flags, uint64_t begun) {
  char path[PATH_MAX];
  struct stat status;
  const char *name;
  if (fd < 0 || !(flags & (O_CREAT | O_TRUNC))) return fd;
  name = name_of(fd, path, &status);
  if (name != NULL && S_ISREG(status.st_mode)) {
    record(OPENED, begun, status.st_ino, 0, name, "", 0);
    if ((flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY)
      record(CUT, begun, status.st_ino, 0, "", "", 0);
  }
  return fd;
}

static mode_t mode_in(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(NAME)                                                                                 \
  int NAME(const char *path, int flags, ...) {                                                     \
    va_list rest;                                                                                  \
    uint64_t begun;                                                                                \
    mode_t mode;                                                                                   \
    va_start(rest, flags);                                                                         \
    mode = mode_in(flags, rest);                                                                   \
    va_end(rest);                                                                                  \
    ready();                                                                                       \
    begun = now();                                                                                 \
    return opened(real_open(path, flags, mode), flags, begun);                                     \
  }
#define OPENAT(NAME)                                                                               \
  int NAME(int at, const char *path, int flags, ...) {                                             \
    va_list rest;                                                                                  \
    uint64_t begun;                                                                                \
    mode_t mode;                                                                                   \
    va_start(rest, flags);                                                                         \
    mode = mode_in(flags, rest);                                                                   \
    va_end(rest);                                                                                  \
    ready();                                                                                       \
    begun = now();                                                                                 \
    return opened(real_openat(at, path, flags, mode), flags, begun);                               \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int creat64(const char *path, mode_t mode) { return open64(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat(const char *path, mode_t mode) { return creat64(path, mode); }

static void wrote(int fd, const void *data, ssize_t done, off_t offset, uint64_t begun) {
  char path[PATH_MAX];
  struct stat status;
  if (done > 0 && name_of(fd, path, &status) != NULL && S_ISREG(status.st_mode)) {
    if (offset < 0) offset = lseek(fd, 0, SEEK_CUR) - done;
    record(WROTE, begun, status.st_ino, (uint64_t)offset, "", data, (size_t)done);
  }
}

ssize_t write(int fd, const void *data, size_t length) {
  uint64_t begun;
  ssize_t done;
  ready();
  begun = now();
  done = real_write(fd, data, length);
  wrote(fd, data, done, -1, begun);
  return done;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
  uint64_t begun;
  ssize_t done;
  ready();
  begun = now();
  done = real_pwrite(fd, data, length, offset);
  wrote(fd, data, done, offset, begun);
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  return pwrite64(fd, data, length, offset);
}

int ftruncate64(int fd, off_t length) {
  char path[PATH_MAX];
  struct stat status;
  uint64_t begun;
  int failed;
  ready();
  begun = now();
  failed = real_ftruncate(fd, length);
  if (!failed && name_of(fd, path, &status) != NULL)
    record(CUT, begun, status.st_ino, (uint64_t)length, "", "", 0);
  return failed;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, int failed, uint64_t begun) {
  char path[PATH_MAX];
  struct stat status;
  const char *name;
  if (!failed && (name = name_of(fd, path, &status)) != NULL)
    record(S_ISDIR(status.st_mode) ? DIRECTORY : SYNCED, begun, status.st_ino, 0, name, "", 0);
  return failed;
}

int fsync(int fd) {
  uint64_t begun;
  ready();
  begun = now();
  return synced(fd, real_fsync(fd), begun);
}

int fdatasync(int fd) {
  uint64_t begun;
  ready();
  begun = now();
  return synced(fd, real_fdatasync(fd), begun);
}

int unlink(const char *path) {
  char whole[PATH_MAX];
  const char *name;
  uint64_t begun;
  int failed;
  ready();
  name = name_at(path, whole);
  begun = now();
  failed = real_unlink(path);
  if (!failed && name != NULL) record(UNLINKED, begun, 0, 0, name, "", 0);
  return failed;
}

int unlinkat(int at, const char *path, int flags) {
  ready();
  if (at == AT_FDCWD && flags == 0) return unlink(path);
  return real_unlinkat(at, path, flags);
}

int rename(const char *from, const char *to) {
  char old[PATH_MAX], new[PATH_MAX];
  const char *name, *other;
  uint64_t begun;
  int failed;
  ready();
  name = name_at(from, old);
  other = name_at(to, new);
  begun = now();
  failed = real_rename(from, to);
  if (!failed && (name != NULL || other != NULL)) {
    if (name == NULL || other == NULL) fail("a file was moved into the folder or out of it");
    record(RENAMED, begun, 0, 0, name, other, strlen(other));
  }
  return failed;
}
