package standalone

import (
	"os"
	"strconv"
	"syscall"
)

// gentleness is how far a process beside the pipeline steps back from the processor.
const gentleness = 10

// Gentle makes this process step back from the processor where others want it: what judges history must not make live orders wait.
// Threads that come later have it from those that make them. Where the system does not allow it nothing happens.
func Gentle() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, gentleness)
		return
	}
	for _, t := range tasks {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, gentleness)
		}
	}
}
