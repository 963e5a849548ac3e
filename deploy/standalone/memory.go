package standalone

import (
	"os"
	"runtime/debug"
)

// memoryLimit keeps a process that runs everything under 600 MB at full load: the embedded server's caches of blocks
// are given up under it, which costs about a tenth of the speed. GOMEMLIMIT overrides it.
const memoryLimit = 480 << 20

// LimitMemory sets the process's soft memory limit, unless GOMEMLIMIT does. Mains call it, libraries do not.
func LimitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
