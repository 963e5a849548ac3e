package orders

import (
	"syscall"

	"go.etcd.io/bbolt"
)

// release gives the file's pages in memory back: the file is mapped, and what a batch or a scan touched would else count as
// this process's memory for as long as nobody else wants it.
func (b *Book) release() {
	_ = b.db.View(func(tx *bbolt.Tx) error { // the map stays where it is while one reads
		if info := b.db.Info(); info != nil && tx.Size() > 0 {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, info.Data, uintptr(tx.Size()), syscall.MADV_DONTNEED) //nolint:gosec // pages come back when they are read
		}
		return nil
	})
}
