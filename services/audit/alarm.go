package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
)

// streams watches over the two streams of which nothing can be made again. The server lets whoever has the right to
// change a stream take messages away by lowering a limit, whatever the stream's deny flags say, or delete it whole.
type streams struct {
	*run
	first uint64            // first block of DECISION at the last look; 0 before the first
	said  map[string]string // what was found wrong with a stream, each once
}

// look gives an error only for what audit must not go on after.
func (s *streams) look(ctx context.Context) error {
	for _, name := range []string{subject.OrderStream, subject.DecisionStream} {
		st, err := s.js.Stream(ctx, name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return refuse("stream %s was deleted while audit ran", name)
		}
		if err != nil {
			return err
		}
		info := st.CachedInfo()
		s.changed(ctx, name, strings.Join(undeclared(info.Config), ", "))
		if name == subject.DecisionStream {
			s.vanished(ctx, info.State)
		}
	}
	return nil
}

func (s *streams) changed(ctx context.Context, name, what string) {
	if s.said == nil {
		s.said = map[string]string{}
	}
	if what != "" && what != s.said[name] {
		s.cfg.Log.ErrorContext(ctx, "ALARM: a stream was changed so that it may lose messages", slog.String("stream", name), slog.String("what", what))
	}
	s.said[name] = what
}

// vanished compares where the stream begins with what audit itself took away.
func (s *streams) vanished(ctx context.Context, st jetstream.StreamState) {
	before := max(s.first, s.roomed.Load())
	if s.first > 0 && st.FirstSeq > before {
		s.cfg.Log.ErrorContext(ctx, "ALARM: logged decisions vanished from their stream",
			slog.Uint64("first", st.FirstSeq), slog.Uint64("first_before", before))
	}
	s.first = max(st.FirstSeq, 1)
}

// undeclared lists what makes a stream lose messages by itself.
func undeclared(c jetstream.StreamConfig) (what []string) {
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			what = append(what, fmt.Sprintf(format, args...))
		}
	}
	say(c.MaxMsgs > 0, "max_msgs %d", c.MaxMsgs)
	say(c.MaxMsgsPerSubject > 0, "max_msgs_per_subject %d", c.MaxMsgsPerSubject)
	say(c.MaxAge > 0, "max_age %s", c.MaxAge)
	say(c.Discard != jetstream.DiscardNew, "discard %s", c.Discard)
	say(c.Retention != jetstream.LimitsPolicy, "retention %s", c.Retention)
	say(!c.DenyDelete, "deny_delete off")
	return what
}
