package standalone

import (
	"fmt"
	"syscall"
)

// reserve is how much of a disk stays free for what was taken already, on its way to the log and in it; a quarter of a small one.
const reserve = 512 << 20

// space says how little of a directory's disk is free, where it is less than the reserve. A disk that does not say is not held against anybody.
func space(dir string) error {
	var disk syscall.Statfs_t
	err := syscall.Statfs(dir, &disk)
	block := uint64(disk.Bsize) //nolint:gosec // positive, of another type on every system
	if free, keep := disk.Bavail*block, min(reserve, disk.Blocks*block/4); err == nil && free < keep {
		return fmt.Errorf("%d MB are free where the data is kept, %d are held back for orders taken before", free>>20, keep>>20)
	}
	return nil
}
