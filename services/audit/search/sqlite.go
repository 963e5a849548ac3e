package search

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver

	"github.com/tidegate/tidegate/schemas/event"
)

// format is the version of the tables; an index of another one is made anew.
const format = 10

// tables. The rows' terms, everything that can be asked for, stand in one full-text index without any content of its own: it intersects the lists
// of two terms with a million rows each, none in common, in 30 ms, where a join of tables takes seconds. The id of a row is the log's
// number and the leaf's index in one.
const tables = `
CREATE TABLE IF NOT EXISTS covered (log INTEGER PRIMARY KEY, size INTEGER NOT NULL, root TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS term USING fts5 (terms, content='', detail=none, columnsize=0, tokenize=ascii);
CREATE VIRTUAL TABLE IF NOT EXISTS term_of USING fts5vocab (term, instance);
INSERT INTO term (term, rank) VALUES ('hashsize', 33554432);
CREATE TABLE IF NOT EXISTS word (word TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS near (key TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (key, word)) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS day (day TEXT PRIMARY KEY, counts TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS blocks (id INTEGER PRIMARY KEY, seen TEXT NOT NULL) STRICT;
`

// perLog is how many leaves the id of a row leaves room for.
const perLog = 1 << 44

func idOf(p Place) int64 { return int64(p.Log)*perLog + int64(p.Leaf) } //nolint:gosec // a log is far smaller

func placeOf(id int64) Place { return Place{int(id / perLog), uint64(id % perLog)} } //nolint:gosec // as above

// SQLite is an index in one file.
type SQLite struct {
	db *sql.DB

	mu   sync.Mutex
	seen map[string]bool // words that are known to be known
}

// mostSeen bounds the words that are remembered.
const mostSeen = 1 << 19

// Memory is the file name of an index that is gone when it is closed.
const Memory = ":memory:"

// OpenSQLite opens an index or makes it. Many may read it while one writes.
func OpenSQLite(ctx context.Context, file string) (*SQLite, error) {
	return openSQLite(ctx, file, "_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=cache_size(-65536)&_txlock=immediate")
}

// ReadSQLite opens an index that is only read; nothing beside it is made or changed. Nobody may be writing it.
func ReadSQLite(ctx context.Context, file string) (*SQLite, error) {
	return openSQLite(ctx, file, "mode=ro&immutable=1")
}

func openSQLite(ctx context.Context, file, options string) (*SQLite, error) {
	db, err := sql.Open("sqlite", "file:"+escape(file)+"?"+options)
	if err != nil {
		return nil, fmt.Errorf("open the search index: %w", err)
	}
	db.SetMaxOpenConns(4)
	if file == Memory {
		db.SetMaxOpenConns(1) // each connection has a memory of its own
	}
	s := &SQLite{db: db, seen: map[string]bool{}}
	if err := s.prepare(ctx, strings.Contains(options, "mode=ro")); err != nil {
		return nil, errors.Join(fmt.Errorf("open the search index %s: %w", file, err), db.Close())
	}
	return s, nil
}

// escape keeps a file name from being read as more of a URI.
func escape(file string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(file)
}

// prepare makes the tables; what an earlier version made goes.
func (s *SQLite) prepare(ctx context.Context, readOnly bool) error {
	var version int
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case version == format:
		return nil
	case readOnly:
		return fmt.Errorf("it is of version %d, not %d", version, format)
	default:
		return s.Clear(ctx)
	}
}

// Close implements Index.
func (s *SQLite) Close() error { return s.db.Close() }

// Clear implements Index.
func (s *SQLite) Clear(ctx context.Context) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		names, err := strs(ctx, tx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'term!_%' ESCAPE '!' AND name NOT LIKE 'party!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")
		if err != nil {
			return err
		}
		var drop strings.Builder
		drop.WriteString("DROP TABLE IF EXISTS term_of;")
		for _, n := range names {
			drop.WriteString(`DROP TABLE IF EXISTS "` + strings.ReplaceAll(n, `"`, `""`) + `";`)
		}
		_, err = tx.ExecContext(ctx, drop.String()+tables+fmt.Sprintf("PRAGMA user_version = %d;", format))
		return err
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.seen)
	if err != nil {
		return fmt.Errorf("clear the search index: %w", err)
	}
	return nil
}

// change does something in one transaction.
func (s *SQLite) change(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// queryer is a database or a transaction of it.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls do for every row of a query, with two columns at most.
func each[A, B any](ctx context.Context, q queryer, do func(A, B), query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a A
		var b B
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
		do(a, b)
	}
	return rows.Err()
}

// strs gives a query's first column.
func strs(ctx context.Context, q queryer, query string, args ...any) (out []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Covered implements Index.
func (s *SQLite) Covered(ctx context.Context) ([]Covered, error) {
	out, err := covered(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	return out, nil
}

func covered(ctx context.Context, q queryer) (out []Covered, err error) {
	rows, err := q.QueryContext(ctx, "SELECT log, size, root FROM covered ORDER BY log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c Covered
		if err := rows.Scan(&c.Log, &c.Size, &c.Root); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Apply implements Index.
func (s *SQLite) Apply(ctx context.Context, from uint64, to Covered, rows []Row) error {
	var words []string
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		var at uint64
		err = tx.QueryRowContext(ctx, "SELECT size FROM covered WHERE log = ?", to.Log).Scan(&at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if at != from {
			return ErrMoved
		}
		if words, err = s.insert(ctx, tx, rows); err != nil {
			return err
		}
		if err := tally(ctx, tx, rows); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO covered (log, size, root) VALUES (?, ?, ?)", to.Log, to.Size, to.Root)
		return err
	})
	if err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	s.remember(words)
	return nil
}

// insert writes rows' terms and gives the words that were not remembered.
func (s *SQLite) insert(ctx context.Context, tx *sql.Tx, rows []Row) (words []string, err error) {
	stmt, err := tx.PrepareContext(ctx, "INSERT INTO term (rowid, terms) VALUES (?, ?)")
	if err != nil {
		return nil, err
	}
	defer func() { _ = stmt.Close() }()
	fresh := map[string]bool{}
	for i, terms := range termsOf(rows) {
		if _, err := stmt.ExecContext(ctx, idOf(Place{rows[i].Log, rows[i].Leaf}), terms.text); err != nil {
			return nil, err
		}
		for _, w := range terms.known {
			if !fresh[w] && !s.knows(w) {
				fresh[w] = true
				words = append(words, w)
			}
		}
	}
	slices.Sort(words)
	return words, learn(ctx, tx, words)
}

// termed is a row's terms as they are written.
type termed struct {
	text  string
	known []string
}

// termsOf makes the terms of rows, on every core.
func termsOf(rows []Row) []termed {
	out := make([]termed, len(rows))
	const share = 256
	var wg sync.WaitGroup
	for at := 0; at < len(rows); at += share {
		wg.Go(func() {
			for i := at; i < min(at+share, len(rows)); i++ {
				out[i] = termed{strings.Join(Terms(rows[i]), " "), Known(rows[i])}
			}
		})
	}
	wg.Wait()
	return out
}

func (s *SQLite) knows(w string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[w]
}

func (s *SQLite) remember(words []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) > mostSeen {
		clear(s.seen)
	}
	for _, w := range words {
		s.seen[w] = true
	}
}

// learn makes words known: all of them in a few statements, in the order of the tables.
func learn(ctx context.Context, tx *sql.Tx, words []string) error {
	fresh, err := unknown(ctx, tx, words)
	if err != nil {
		return err
	}
	var keys [][2]string
	for _, w := range fresh {
		for _, key := range NearKeys(w) {
			keys = append(keys, [2]string{key, w})
		}
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	pairs := make([]any, 0, 2*len(keys))
	for _, k := range keys {
		pairs = append(pairs, k[0], k[1])
	}
	return errors.Join(
		insertAll(ctx, tx, "INSERT OR IGNORE INTO word (word) VALUES (?)", ", (?)", 1, anys(fresh)),
		insertAll(ctx, tx, "INSERT OR IGNORE INTO near (key, word) VALUES (?, ?)", ", (?, ?)", 2, pairs),
	)
}

// unknown gives the words that are not there yet.
func unknown(ctx context.Context, tx *sql.Tx, words []string) (out []string, err error) {
	for some := range slices.Chunk(words, atOnce) {
		known, err := strs(ctx, tx, "SELECT word FROM word WHERE word IN (?"+strings.Repeat(", ?", len(some)-1)+")", anys(some)...)
		if err != nil {
			return nil, err
		}
		is := map[string]bool{}
		for _, w := range known {
			is[w] = true
		}
		for _, w := range some {
			if !is[w] {
				out = append(out, w)
			}
		}
	}
	return out, nil
}

// atOnce is how many values one statement takes.
const atOnce = 500

// insertAll runs an insertion of rows of so many columns, with more rows in each statement.
func insertAll(ctx context.Context, tx *sql.Tx, insert, row string, columns int, values []any) error {
	for some := range slices.Chunk(values, atOnce) {
		if _, err := tx.ExecContext(ctx, insert+strings.Repeat(row, len(some)/columns-1), some...); err != nil {
			return err
		}
	}
	return nil
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// tally adds rows to the tally.
func tally(ctx context.Context, tx *sql.Tx, rows []Row) error {
	more := NewTally()
	for _, r := range rows {
		more.Add(r)
	}
	sum, err := tallied(ctx, tx, more.dates())
	if err != nil {
		return err
	}
	sum.Merge(more)
	for date := range more.Days {
		b, err := json.Marshal(sum.Days[date])
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO day (day, counts) VALUES (?, ?)", string(date), string(b)); err != nil {
			return err
		}
	}
	b, err := json.Marshal(sum.Blocks)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO blocks (id, seen) VALUES (0, ?)", string(b))
	return err
}

// tallied reads the tally of some days; of all when none is given.
func tallied(ctx context.Context, q queryer, dates []event.Date) (Tally, error) {
	t := NewTally()
	var errs []error
	day := func(date, counts string) {
		d := new(Day)
		errs = append(errs, json.Unmarshal([]byte(counts), d))
		t.Day(event.Date(date)).merge(d)
	}
	for _, d := range dates {
		errs = append(errs, each(ctx, q, day, "SELECT day, counts FROM day WHERE day = ?", string(d)))
	}
	if dates == nil {
		errs = append(errs, each(ctx, q, day, "SELECT day, counts FROM day"))
	}
	errs = append(errs, each(ctx, q, func(seen, _ string) { errs = append(errs, json.Unmarshal([]byte(seen), &t.Blocks)) }, "SELECT seen, '' FROM blocks"))
	return t, errors.Join(errs...)
}

// Tally implements Index.
func (s *SQLite) Tally(ctx context.Context) (Tally, error) {
	t, err := tallied(ctx, s.db, nil)
	if err != nil {
		return t, fmt.Errorf("search index: %w", err)
	}
	return t, nil
}

// Find implements Index.
func (s *SQLite) Find(ctx context.Context, c Cond, behind *Place, limit int) ([]Place, error) {
	var b strings.Builder
	write(&b, c)
	text, args := "SELECT rowid FROM term WHERE term MATCH ?", []any{b.String()}
	if behind != nil {
		text, args = text+" AND rowid < ?", append(args, idOf(*behind))
	}
	var out []Place
	err := each(ctx, s.db, func(id, _ int64) { out = append(out, placeOf(id)) }, strings.Replace(text, "SELECT rowid", "SELECT rowid, 0", 1)+" ORDER BY rowid DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return out, nil
}

// write writes a condition as a full-text query. Its terms are letters and digits: nothing in it is syntax.
func write(b *strings.Builder, c Cond) {
	list, by := c.Any, " OR "
	if len(c.All) > 0 {
		list, by = c.All, " AND "
	}
	if len(list) == 0 {
		b.WriteString(`"` + c.Term + `"`)
		return
	}
	b.WriteByte('(')
	for i, x := range list {
		if i > 0 {
			b.WriteString(by)
		}
		write(b, x)
	}
	b.WriteByte(')')
}

// Beginning implements Vocabulary.
func (s *SQLite) Beginning(ctx context.Context, letters string) ([]string, error) {
	out, err := strs(ctx, s.db, "SELECT word FROM word WHERE word >= ? AND word < ? LIMIT ?", letters, letters+"\U0010ffff", MostWords+1)
	if err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	return out, nil
}

// Near implements Vocabulary.
func (s *SQLite) Near(ctx context.Context, keys []string) ([]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	out, err := strs(ctx, s.db, "SELECT DISTINCT word FROM near WHERE key IN (?"+strings.Repeat(", ?", len(keys)-1)+") ORDER BY word", anys(keys)...)
	if err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	return out, nil
}

// Look implements Index.
func (s *SQLite) Look(ctx context.Context, v View) error {
	tx, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	defer func() { _ = tx.Close() }()
	if _, err := tx.ExecContext(ctx, "BEGIN"); err != nil { // takes no lock that a writer waits for
		return fmt.Errorf("search index: %w", err)
	}
	defer func() { _, _ = tx.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
	c, err := covered(ctx, tx)
	if err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	v.Covered(c)
	err = errors.Join(
		each(ctx, tx, func(term string, id int64) { v.Term(term, placeOf(id)) }, "SELECT term, doc FROM term_of"),
		each(ctx, tx, v.Near, "SELECT key, word FROM near"),
		each(ctx, tx, func(w, _ string) { v.Known(w) }, "SELECT word, '' FROM word"),
	)
	if err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	t, err := tallied(ctx, tx, nil)
	if err != nil {
		return fmt.Errorf("search index: %w", err)
	}
	v.Tally(t)
	return nil
}

var _ Index = (*SQLite)(nil)
