// What guests of a test do that Swift cannot import: flags and calls that are GNU extensions, and ioctls.
//
// Every function is one system call. It returns the call's value, or the error number negated.
#ifndef REFLOW_CGUEST_H
#define REFLOW_CGUEST_H

#include <stddef.h>
#include <stdint.h>

extern const int cguest_preallocate;     // FALLOC_FL_KEEP_SIZE
extern const int cguest_punch;           // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
extern const int cguest_zero;            // FALLOC_FL_ZERO_RANGE
extern const int cguest_collapse;        // FALLOC_FL_COLLAPSE_RANGE
extern const int cguest_insert;          // FALLOC_FL_INSERT_RANGE

// fallocate(2)
int cguest_fallocate(int descriptor, int mode, int64_t offset, int64_t length);
// sync_file_range(2): writes the dirty pages of a range to the device, and waits; flushes nothing else.
int cguest_write_back(int descriptor, int64_t offset, int64_t length);
// FICLONE
int cguest_clone(int source, int destination);
// flistxattr(2): length of the list of names.
int cguest_attributes(int descriptor, char *names, size_t capacity);
// FS_IOC_FSSETXATTR: the two allocation size hints in bytes, zero for none. The other attributes stay.
int cguest_set_hints(int descriptor, uint32_t extsize, uint32_t cowextsize);
// XFS_IOC_FREE_EOFBLOCKS, waiting: the file system gives back what it has preallocated in advance.
int cguest_drop_preallocation(int descriptor);

#endif
