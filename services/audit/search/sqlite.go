package search

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// format is the version of the tables; an index of another one is made anew.
const format = 2

// tables hold rows by id: the log's number and the leaf's index in one. Words are what a name's words begin with; the
// full-text table has no content of its own.
const tables = `
CREATE TABLE IF NOT EXISTS covered (log INTEGER PRIMARY KEY, size INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS leaf (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, event TEXT NOT NULL, order_id TEXT NOT NULL, tenant TEXT NOT NULL, source TEXT NOT NULL,
	actor TEXT NOT NULL, received TEXT NOT NULL, date TEXT NOT NULL, outcome TEXT NOT NULL, rule TEXT NOT NULL, names TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS leaf_order ON leaf (order_id);
CREATE INDEX IF NOT EXISTS leaf_event ON leaf (event);
CREATE INDEX IF NOT EXISTS leaf_date ON leaf (date);
CREATE INDEX IF NOT EXISTS leaf_outcome ON leaf (outcome, id);
CREATE INDEX IF NOT EXISTS leaf_actor ON leaf (actor, id);
CREATE TABLE IF NOT EXISTS rule (rule TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (rule, id)) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS entry (entry TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (entry, id)) WITHOUT ROWID, STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS party USING fts5 (names, content='', tokenize="unicode61 remove_diacritics 0", prefix='2 3 4');
`

// perLog is how many leaves the id of a row leaves room for.
const perLog = 1 << 44

func idOf(p Place) int64 { return int64(p.Log)*perLog + int64(p.Leaf) } //nolint:gosec // a log is far smaller

func placeOf(id int64) Place { return Place{int(id / perLog), uint64(id % perLog)} } //nolint:gosec // as above

// SQLite is an index in one file.
type SQLite struct{ db *sql.DB }

// OpenSQLite opens an index or makes it. Many may read it while one writes.
func OpenSQLite(ctx context.Context, file string) (*SQLite, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("open the search index: %w", err)
	}
	db.SetMaxOpenConns(1)
	s := &SQLite{db}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the search index %s: %w", file, err), db.Close())
	}
	return s, nil
}

// prepare makes the tables; what an earlier version made goes.
func (s *SQLite) prepare(ctx context.Context) error {
	var version int
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version != 0 && version != format {
		return s.Clear(ctx)
	}
	_, err := s.db.ExecContext(ctx, tables+fmt.Sprintf("PRAGMA user_version = %d;", format))
	return err
}

// Close implements Index.
func (s *SQLite) Close() error { return s.db.Close() }

// Clear implements Index.
func (s *SQLite) Clear(ctx context.Context) error {
	const drop = "DROP TABLE IF EXISTS covered; DROP TABLE IF EXISTS leaf; DROP TABLE IF EXISTS rule; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS party;"
	if _, err := s.db.ExecContext(ctx, drop+tables+fmt.Sprintf("PRAGMA user_version = %d;", format)); err != nil {
		return fmt.Errorf("clear the search index: %w", err)
	}
	return nil
}

// Covered implements Index.
func (s *SQLite) Covered(ctx context.Context) (out []Covered, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT log, size FROM covered ORDER BY log")
	if err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c Covered
		if err := rows.Scan(&c.Log, &c.Size); err != nil {
			return nil, fmt.Errorf("search index: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Apply implements Index.
func (s *SQLite) Apply(ctx context.Context, log int, from, size uint64, rows []Row) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	var at uint64
	err = tx.QueryRowContext(ctx, "SELECT size FROM covered WHERE log = ?", log).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("search index: %w", err)
	}
	if at != from {
		return ErrMoved
	}
	if err := insert(ctx, tx, rows); err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO covered (log, size) VALUES (?, ?) ON CONFLICT (log) DO UPDATE SET size = excluded.size", log, size); err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	return nil
}

func insert(ctx context.Context, tx *sql.Tx, rows []Row) error {
	var stmts [4]*sql.Stmt
	for i, q := range []string{
		"INSERT INTO leaf (id, kind, event, order_id, tenant, source, actor, received, date, outcome, rule, names) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"INSERT INTO rule (rule, id) VALUES (?, ?)", "INSERT INTO entry (entry, id) VALUES (?, ?)", "INSERT INTO party (rowid, names) VALUES (?, ?)",
	} {
		stmt, err := tx.PrepareContext(ctx, q)
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }()
		stmts[i] = stmt
	}
	for _, r := range rows {
		if err := insertRow(ctx, stmts, r); err != nil {
			return err
		}
	}
	return nil
}

func insertRow(ctx context.Context, stmts [4]*sql.Stmt, r Row) error {
	id := idOf(Place{r.Log, r.Leaf})
	names := strings.Join(r.Names, "\n")
	if _, err := stmts[0].ExecContext(ctx, id, r.Kind, r.Event, r.OrderID, r.Tenant, r.Source, r.Actor, string(r.Received), string(r.Date), string(r.Outcome), r.Rule, names); err != nil {
		return err
	}
	for i, list := range [][]string{r.Rules, r.Entries} {
		for _, s := range list {
			if _, err := stmts[1+i].ExecContext(ctx, s, id); err != nil {
				return err
			}
		}
	}
	if len(r.Names) == 0 {
		return nil
	}
	_, err := stmts[3].ExecContext(ctx, id, strings.Join(Words(names), " "))
	return err
}

// Find implements Index.
func (s *SQLite) Find(ctx context.Context, q Query, behind *Place, limit int) ([]Place, error) {
	where, args := conditions(q)
	if behind != nil {
		where, args = append(where, "l.id < ?"), append(args, idOf(*behind))
	}
	text := "SELECT l.id FROM leaf l"
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	rows, err := s.db.QueryContext(ctx, text+" ORDER BY l.id DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Place
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		out = append(out, placeOf(id))
	}
	return out, rows.Err()
}

// conditions are the parts of a WHERE clause, all fixed text, and their values.
func conditions(q Query) (where []string, args []any) {
	add := func(given bool, condition string, values ...any) {
		if given {
			where, args = append(where, condition), append(args, values...)
		}
	}
	add(q.Order != "", "l.order_id = ?", q.Order)
	add(q.Event != "", "l.event = ?", q.Event)
	add(q.From != "", "l.date >= ?", string(q.From))
	add(q.Until != "", "l.date <= ? AND l.date <> ''", string(q.Until))
	add(q.Outcome != "", "l.outcome = ?", string(q.Outcome))
	add(q.Actor != "", "l.actor = ?", q.Actor)
	add(q.Source != "", "l.source = ?", q.Source)
	add(q.Kind != "", "l.kind = ?", q.Kind)
	add(q.Rule != "", "l.id IN (SELECT id FROM rule WHERE rule = ?)", q.Rule)
	add(q.Entry != "", "l.id IN (SELECT id FROM entry WHERE entry = ?)", q.Entry)
	add(!q.Within.Whole(), "l.source <> ''")
	add(q.Within.From != "", "l.date >= ?", string(q.Within.From))
	add(q.Within.Until != "", "l.date <= ? AND l.date <> ''", string(q.Within.Until))
	addIn(&where, &args, "l.tenant", q.Within.Tenants)
	addIn(&where, &args, "l.source", q.Within.Sources)
	add(q.Party != "", "l.id IN (SELECT rowid FROM party WHERE party MATCH ?)", matching(q.Party))
	return where, args
}

// addIn demands that a column is one of some values, where there are any.
func addIn(where *[]string, args *[]any, column string, values []string) {
	if len(values) == 0 {
		return
	}
	*where = append(*where, column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")")
	for _, v := range values {
		*args = append(*args, v)
	}
}

// matching is a full-text query for words that begin with those given. Each stands in quotes, so that nothing in it is syntax;
// Words lets no quote through.
func matching(party string) string {
	words := Words(party)
	for i, w := range words {
		words[i] = `"` + w + `"*`
	}
	return strings.Join(words, " ")
}

// Digest implements Index.
func (s *SQLite) Digest(ctx context.Context) (string, error) {
	sum := sha256.New()
	for _, q := range []string{
		"SELECT log, size FROM covered ORDER BY log",
		"SELECT id, kind, event, order_id, tenant, source, actor, received, date, outcome, rule, names FROM leaf ORDER BY id",
		"SELECT rule, id FROM rule ORDER BY rule, id", "SELECT entry, id FROM entry ORDER BY entry, id",
	} {
		if err := s.digest(ctx, json.NewEncoder(sum), q); err != nil {
			return "", fmt.Errorf("search index: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (s *SQLite) digest(ctx context.Context, to *json.Encoder, query string) error {
	rows, err := s.db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := to.Encode(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

var _ Index = (*SQLite)(nil)
