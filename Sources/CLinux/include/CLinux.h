// What Swift cannot import: ioctls, flags and variadic system calls.
//
// Every function is one system call. It returns the call's value, or the error number negated (as the kernel
// itself does), so that nobody has to look at errno afterwards. No policy, no retries, no allocation.
#ifndef REFLOW_CLINUX_H
#define REFLOW_CLINUX_H

#include <linux/fiemap.h>
#include <stddef.h>
#include <stdint.h>

// ---- Opening (open.c)

// openat2(2), Linux 5.6. `resolve` is a set of RESOLVE_* bits.
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve);
// Opens what an O_PATH descriptor stands for, by /proc/self/fd: the same inode, whatever its path is by now.
int clinux_reopen(int descriptor, int flags);
// open(2) with O_TMPFILE | O_RDWR | O_CLOEXEC in a directory.
int clinux_open_tmpfile(int directory);
int clinux_close(int descriptor);
// fcntl(2) with F_DUPFD_CLOEXEC
int clinux_duplicate(int descriptor);

extern const uint64_t clinux_open_path;             // O_PATH | O_NOFOLLOW | O_CLOEXEC
extern const uint64_t clinux_open_directory;        // O_PATH | O_DIRECTORY | O_CLOEXEC
extern const uint64_t clinux_list_directory;        // O_RDONLY | O_DIRECTORY | O_CLOEXEC
extern const int clinux_reopen_read_write;          // O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
extern const int clinux_reopen_read_only;           // O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
extern const uint64_t clinux_resolve_beneath;       // RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
extern const uint64_t clinux_resolve_no_mounts;     // RESOLVE_NO_XDEV

// ---- What a descriptor stands for (status.c)

struct clinux_stat {
    uint64_t inode;
    uint64_t device;
    int64_t size;
    int64_t allocated;   // bytes: st_blocks times 512
    uint64_t links;
    uint32_t mode;
    uint32_t owner;
};
int clinux_fstat(int descriptor, struct clinux_stat *status);

// statx(2) with STATX_ATTR_DAX: whether it is accessed without the page cache now. 0 before Linux 5.8.
int clinux_is_dax(int descriptor);

struct clinux_statfs {
    int64_t type;        // magic number, XFS_SUPER_MAGIC for XFS
    int64_t size;        // bytes
    int64_t free;        // bytes, reserved ones included
    int64_t available;   // bytes for unprivileged users
    int read_only;       // ST_RDONLY
};
int clinux_fstatfs(int descriptor, struct clinux_statfs *status);

// faccessat2(2), Linux 5.8: whether this process may write to what the descriptor, O_PATH or not, stands for; a folder
// is asked whether names may be made in it. Returns 0 or the negated error. Changes nothing.
int clinux_may_write(int descriptor);

// ---- Extents (extents.c)

// FS_IOC_FIEMAP for [start, start + length) without FIEMAP_FLAG_SYNC. `map` has room for the header and
// `capacity` records. Returns how many were filled.
int clinux_fiemap(int descriptor, uint64_t start, uint64_t length, struct fiemap *map, uint32_t capacity);
// FICLONERANGE
int clinux_clone_range(int source, uint64_t offset, uint64_t length, int destination, uint64_t to);
// fallocate(2) with FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE
int clinux_unshare(int descriptor, int64_t offset, int64_t length);
int clinux_ftruncate(int descriptor, int64_t size);
int clinux_fdatasync(int descriptor);
int clinux_fsync(int descriptor);
// fchmod(2) to 0600: a change of the inode, whatever its mode was.
int clinux_touch(int descriptor);
// sync_file_range(2): writes what is dirty in the range and waits for it, also for what was on its way.
int clinux_write_back(int descriptor, int64_t offset, int64_t length);

// ---- XFS (xfs.c)

struct clinux_fsxattr {
    uint32_t xflags;
    uint32_t extsize;
    uint32_t nextents;
    uint32_t project;
    uint32_t cowextsize;
};
// FS_IOC_FSGETXATTR
int clinux_fsgetxattr(int descriptor, struct clinux_fsxattr *attributes);
// FS_IOC_FSSETXATTR; `nextents` is not looked at
int clinux_fssetxattr(int descriptor, const struct clinux_fsxattr *attributes);
// capset(2): the calling thread, and those that it starts, without CAP_LINUX_IMMUTABLE
int clinux_drop_linux_immutable(void);

struct clinux_geometry {
    uint32_t block_size;
    uint32_t flags;
    uint8_t uuid[16];
};
// XFS_IOC_FSGEOMETRY
int clinux_geometry(int descriptor, struct clinux_geometry *geometry);

// ---- Memory (memory.c)

// mmap(2) of a file, PROT_READ, MAP_SHARED. Returns 0 and the address, or the negated error.
int clinux_map(int descriptor, int64_t offset, size_t length, void **address);
int clinux_unmap(void *address, size_t length);
// madvise(2) MADV_WILLNEED, MADV_POPULATE_READ (Linux 5.14), MADV_DONTNEED
int clinux_will_need(void *address, size_t length);
int clinux_populate_read(void *address, size_t length);
int clinux_unpopulate(void *address, size_t length);
// mincore(2): a byte for each page, of which bit 0 says whether it is in the page cache
int clinux_residency(void *address, size_t length, uint8_t *pages);
// posix_fadvise(2) with POSIX_FADV_DONTNEED
int clinux_drop_pages(int descriptor, int64_t offset, int64_t length);

// ---- Extended attributes (attributes.c)

// fgetxattr(2): returns the value's length
int clinux_get_attribute(int descriptor, const char *name, void *value, size_t capacity);
// fsetxattr(2), fremovexattr(2)
int clinux_set_attribute(int descriptor, const char *name, const void *value, size_t length);
int clinux_remove_attribute(int descriptor, const char *name);

// ---- One at a time (lock.c)

// A socket bound to `name` in the abstract namespace of unix(7), or -EADDRINUSE.
int clinux_bind_abstract(const char *name);
// The user who made the socket that is bound to `name` there, by sock_diag(7) (Linux 5.3). -ENOENT if there is none in this
// network namespace.
int clinux_owner_of_abstract(const char *name, uint32_t *owner);
// Locks a byte of a file against other open files, F_OFD_SETLK of fcntl(2). -EAGAIN if it is locked.
int clinux_lock_byte(int descriptor, int64_t offset);
// A folder of root's alone at `path`, made if it is not there, and the file `name` in it, opened for reading and writing.
int clinux_open_private(const char *path, const char *name);

#endif
