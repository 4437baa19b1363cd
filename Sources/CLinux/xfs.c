#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

// The kernel's struct xfs_fsop_geom and XFS_IOC_FSGEOMETRY (version 5, Linux 5.2), from
// fs/xfs/libxfs/xfs_fs.h. Written out here because that header is in no default package (xfslibs-dev has it).
struct xfs_geometry {
    uint32_t blocksize, rtextsize, agblocks, agcount, logblocks, sectsize, inodesize, imaxpct;
    uint64_t datablocks, rtblocks, rtextents, logstart;
    uint8_t uuid[16];
    uint32_t sunit, swidth;
    int32_t version;
    uint32_t flags, logsectsize, rtsectsize, dirblocksize, logsunit, sick, checked;
    uint64_t reserved[17];
};
_Static_assert(sizeof(struct xfs_geometry) == 256, "the size is part of the ioctl's number");
#define XFS_GEOMETRY _IOR('X', 126, struct xfs_geometry)

int clinux_geometry(int descriptor, struct clinux_geometry *geometry) {
    struct xfs_geometry raw;
    memset(&raw, 0, sizeof raw);
    if (ioctl(descriptor, XFS_GEOMETRY, &raw) < 0) return -errno;
    geometry->block_size = raw.blocksize;
    geometry->flags = raw.flags;
    memcpy(geometry->uuid, raw.uuid, sizeof geometry->uuid);
    return 0;
}

int clinux_fsgetxattr(int descriptor, struct clinux_fsxattr *attributes) {
    struct fsxattr raw;
    memset(&raw, 0, sizeof raw);
    if (ioctl(descriptor, FS_IOC_FSGETXATTR, &raw) < 0) return -errno;
    *attributes = (struct clinux_fsxattr){
        .xflags = raw.fsx_xflags,
        .extsize = raw.fsx_extsize,
        .nextents = raw.fsx_nextents,
        .project = raw.fsx_projid,
        .cowextsize = raw.fsx_cowextsize,
    };
    return 0;
}

int clinux_fssetxattr(int descriptor, const struct clinux_fsxattr *attributes) {
    struct fsxattr raw = {
        .fsx_xflags = attributes->xflags,
        .fsx_extsize = attributes->extsize,
        .fsx_projid = attributes->project,
        .fsx_cowextsize = attributes->cowextsize,
    };
    return ioctl(descriptor, FS_IOC_FSSETXATTR, &raw) < 0 ? -errno : 0;
}
