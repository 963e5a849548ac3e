package lifecycle

import "runtime/debug"

// version says what the program was built from: the commit and its time, as the go command stamps them.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	said := map[string]string{}
	for _, s := range info.Settings {
		said[s.Key] = s.Value
	}
	if said["vcs.revision"] == "" {
		return "built without version control, " + info.GoVersion
	}
	v := said["vcs.revision"] + " of " + said["vcs.time"]
	if said["vcs.modified"] == "true" {
		v += " with changes"
	}
	return v + ", " + info.GoVersion
}
