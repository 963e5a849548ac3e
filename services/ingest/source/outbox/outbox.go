// Package outbox is a source that reads an outbox table of a PostgreSQL database: whoever changes an order writes it there
// in the same transaction, and it comes here. Rows are taken in the order of their ids, locked (SKIP LOCKED) until their
// orders are durable or refused, and marked in the same transaction that locks them. A SIGKILL before that leaves them to
// be read again, and their orders are known then.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tidegate/tidegate/services/ingest/source"
)

// Table makes the table and wakes whoever listens. %[1]s is the table's name, %[2]s the channel's.
const Table = `CREATE TABLE %[1]s (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  body       bytea NOT NULL,                     -- the order, in any format Tidegate reads
  media_type text,                               -- where it is known: application/xml …
  created_at timestamptz NOT NULL DEFAULT now(),
  taken_at   timestamptz,                        -- set by Tidegate when the order is durable or refused
  accepted   integer,                            -- orders in the body that were
  refused    integer,
  faults     text                                -- why
);
CREATE INDEX ON %[1]s (id) WHERE taken_at IS NULL;
CREATE FUNCTION %[2]s_wake() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY %[2]s; RETURN NULL; END $$;
CREATE TRIGGER wake AFTER INSERT ON %[1]s FOR EACH STATEMENT EXECUTE FUNCTION %[2]s_wake();
`

// settings as people write them.
type settings struct {
	URL     string        `yaml:"url"`                // postgres://user@host/database
	URLFile string        `yaml:"url_file,omitempty"` // file with it instead, where it holds a password
	Table   string        `yaml:"table,omitempty"`    // tidegate_outbox
	Channel string        `yaml:"channel,omitempty"`  // that a trigger notifies; tidegate_outbox
	Every   time.Duration `yaml:"every,omitempty"`    // how often to look although nobody notified; 5s
	Batch   int           `yaml:"batch,omitempty"`    // rows in one transaction; 1000
}

type outbox struct {
	settings
	name string
	from source.Origin
	conf *pgx.ConnConfig
}

var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$`)

// Open makes a source of its settings.
func Open(s source.Settings) (source.Source, error) {
	o := &outbox{name: s.Name, from: s.From}
	o.Table, o.Channel, o.Every, o.Batch = "tidegate_outbox", "tidegate_outbox", 5*time.Second, 1000
	if err := s.Decode(&o.settings); err != nil {
		return nil, err
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("source %s: postgres: "+format, append([]any{s.Name}, args...)...))
	}
	if (o.URL == "") == (o.URLFile == "") {
		fault("want either url or url_file")
	}
	if o.URLFile != "" {
		b, err := os.ReadFile(s.Beside(o.URLFile))
		if err != nil {
			fault("url_file: %w", err)
		}
		o.URL = strings.TrimSpace(string(b))
	}
	var err error
	if o.conf, err = pgx.ParseConfig(o.URL); err != nil && len(faults) == 0 {
		fault("url: %w", err) // the library leaves the password out
	}
	if !identifier.MatchString(o.Table) {
		fault("table: %q is not a name of small letters, digits and _, with a schema before it or not", o.Table)
	}
	if !identifier.MatchString(o.Channel) || strings.Contains(o.Channel, ".") {
		fault("channel: %q is not a name of small letters, digits and _", o.Channel)
	}
	if o.Every <= 0 || o.Batch < 1 || o.Batch > 10_000 {
		fault("want every above 0 and batch from 1 to 10000")
	}
	return o, errors.Join(faults...)
}

// Run reads until ctx ends.
func (o *outbox) Run(ctx context.Context, door source.Door, says *source.Standing) error {
	conn, err := pgx.ConnectConfig(ctx, o.conf)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	defer closeQuietly(ctx, conn)
	if _, err := conn.Exec(ctx, "LISTEN "+o.Channel); err != nil {
		return fmt.Errorf("postgres: listen: %w", err)
	}
	for {
		n, err := o.take(ctx, conn, door, says)
		if err != nil {
			return err
		}
		if n == o.Batch {
			continue
		}
		says.Behind(0)
		if err := o.wait(ctx, conn); err != nil {
			return err
		}
	}
}

// closeQuietly ends the connection: what was not committed stays to be read again.
func closeQuietly(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// wait ends when somebody notified or Every has passed.
func (o *outbox) wait(ctx context.Context, conn *pgx.Conn) error {
	until, cancel := context.WithTimeout(ctx, o.Every)
	defer cancel()
	_, err := conn.WaitForNotification(until)
	if err == nil || until.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("postgres: wait: %w", err)
}

// row is one document with its id.
type row struct {
	id  int64
	doc source.Document
}

// take brings a batch in and marks it, all in one transaction.
func (o *outbox) take(ctx context.Context, conn *pgx.Conn, door source.Door, says *source.Standing) (int, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("postgres: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // of no effect after the commit
	rows, err := o.lock(ctx, tx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	docs := make([]source.Document, len(rows))
	for i, r := range rows {
		docs[i] = r.doc
	}
	results, err := source.TakeBatch(ctx, door, docs)
	if err != nil {
		return 0, fmt.Errorf("postgres: %w", err)
	}
	if err := o.mark(ctx, tx, rows, results); err != nil {
		return 0, err
	}
	for i, r := range results {
		says.Took(r, fmt.Sprintf("row %d", rows[i].id))
	}
	says.Behind(-1) // counting what is left would cost more than it tells
	return len(rows), nil
}

func (o *outbox) lock(ctx context.Context, tx pgx.Tx) ([]row, error) {
	found, err := tx.Query(ctx, "SELECT id, body, coalesce(media_type, '') FROM "+o.Table+
		" WHERE taken_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED", o.Batch)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	rows, err := pgx.CollectRows(found, func(r pgx.CollectableRow) (one row, err error) {
		one.doc = source.Document{Source: o.from.Source, Tenant: o.from.Tenant, Actor: "postgres:" + o.name}
		err = r.Scan(&one.id, &one.doc.Bytes, &one.doc.Media)
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read %s: %w", o.Table, err)
	}
	return rows, nil
}

func (o *outbox) mark(ctx context.Context, tx pgx.Tx, rows []row, results []source.Result) error {
	ids, accepted, refused, faults := make([]int64, len(rows)), make([]int32, len(rows)), make([]int32, len(rows)), make([]*string, len(rows))
	for i, r := range results {
		ids[i], accepted[i], refused[i] = rows[i].id, int32(r.Accepted), int32(r.Refused) //nolint:gosec // orders in one row's bytes
		if len(r.Faults) > 0 {
			why := strings.ReplaceAll(strings.ToValidUTF8(strings.Join(r.Faults, "\n"), "?"), "\x00", "?")
			faults[i] = &why
		}
	}
	if _, err := tx.Exec(ctx, "UPDATE "+o.Table+" SET taken_at = now(), accepted = m.a, refused = m.r, faults = m.f"+
		" FROM unnest($1::bigint[], $2::int[], $3::int[], $4::text[]) AS m(id, a, r, f) WHERE "+o.Table+".id = m.id", ids, accepted, refused, faults); err != nil {
		return fmt.Errorf("postgres: mark: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("postgres: commit: %w", err)
	}
	return nil
}
