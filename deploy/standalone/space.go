package standalone

import (
	"cmp"
	"fmt"
	"syscall"
)

// How much of a disk stays free for what was taken already, on its way to the log and in it; a quarter of a small one. The log's guard keeps
// a few kilobytes.
const (
	reserve      = 512 << 20
	guardReserve = 16 << 20
)

// room says of a server's disks how little of one is free, where it is less than its reserve: the data's, the log's and its guard's, which
// may be others.
func room(data, guard string) error {
	return cmp.Or(space(data, reserve), space(AuditDir(data), reserve), space(guard, guardReserve))
}

// space says how little of a directory's disk is free, where it is less than the reserve. A disk that does not say is not held against anybody.
func space(dir string, reserve uint64) error {
	var disk syscall.Statfs_t
	err := syscall.Statfs(dir, &disk)
	block := uint64(disk.Bsize) //nolint:gosec // positive, of another type on every system
	if free, keep := disk.Bavail*block, min(reserve, disk.Blocks*block/4); err == nil && free < keep {
		return fmt.Errorf("%d MB are free on the disk of %s, %d are held back for orders taken before", free>>20, dir, keep>>20)
	}
	return nil
}
