package standalone

import (
	"os"
	"runtime/debug"
)

// memoryLimit is what a process that runs everything may allocate: the embedded server's caches of blocks are given up under it,
// which costs about a tenth of the speed, and an eighth more at 430 MiB. Bursts and mapped files come on top (README, Numbers).
// GOMEMLIMIT overrides it.
const memoryLimit = 480 << 20

// LimitMemory sets the process's soft memory limit, unless GOMEMLIMIT does. Mains call it, libraries do not.
func LimitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
