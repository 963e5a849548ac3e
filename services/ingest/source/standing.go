package source

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tidegate/tidegate/shared/clock"
)

// State is what a source says of itself.
type State struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Accepted  uint64 `json:"accepted"` // orders since the start of the process
	Refused   uint64 `json:"refused"`
	Lag       int64  `json:"lag"`             // documents that are there and not read yet; -1 when not known
	Place     string `json:"place,omitempty"` // in the source's own words
	LastTaken string `json:"last_taken_at,omitempty"`
	LastError string `json:"last_error,omitempty"`
	ErrorAt   string `json:"last_error_at,omitempty"`
	At        string `json:"at"` // when this was written
}

// Standing is a source's state while it runs. Its methods may be called from anywhere.
type Standing struct {
	now   clock.Clock
	mu    sync.Mutex
	state State
}

// NewStanding begins one.
func NewStanding(name, kind string, now clock.Clock) *Standing {
	return &Standing{now: now, state: State{Name: name, Kind: kind, Lag: -1}}
}

// Took counts what a document became, and says where the source is now.
func (s *Standing) Took(r Result, place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Accepted += uint64(max(r.Accepted, 0))
	s.state.Refused += uint64(max(r.Refused, 0))
	s.state.Place = place
	s.state.LastTaken = s.now().Format(time.RFC3339)
}

// Behind says how many documents are there and not read yet.
func (s *Standing) Behind(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Lag = n
}

// Failed notes an error.
func (s *Standing) Failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.LastError, s.state.ErrorAt = err.Error(), s.now().Format(time.RFC3339)
}

// State is the state now.
func (s *Standing) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state
	st.At = s.now().Format(time.RFC3339)
	return st
}

// write keeps the state as a file, replaced at once: another process reads it.
func (s *Standing) write(dir string) error {
	st := s.State()
	b, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return fmt.Errorf("state of source %s: %w", st.Name, err)
	}
	file := filepath.Join(dir, st.Name+".json")
	if err := os.WriteFile(file+".new", b, 0o600); err != nil {
		return fmt.Errorf("state of source %s: %w", st.Name, err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("state of source %s: %w", st.Name, err)
	}
	return nil
}

// ReadStates gives what the sources of a directory said last, by name.
func ReadStates(dir string) ([]State, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("states of sources: %w", err)
	}
	var all []State
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("states of sources: %w", err)
		}
		var st State
		if err := json.Unmarshal(b, &st); err != nil {
			return nil, fmt.Errorf("states of sources: %s: %w", f, err)
		}
		all = append(all, st)
	}
	return all, nil
}
