package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tidegate/tidegate/services/ingest/source"
)

// Check asks the database.
func (o *outbox) Check(ctx context.Context) []source.Advice {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, o.conf)
	if err != nil {
		return []source.Advice{o.unreachable(err)}
	}
	defer closeQuietly(ctx, conn)
	return o.tableAdvice(ctx, conn)
}

// unreachable tells the usual reasons apart by their SQLSTATE.
func (o *outbox) unreachable(err error) source.Advice {
	a := source.Advice{Wrong: err.Error(), Mend: "check host and port in url, and that the database listens there and lets this machine in (pg_hba.conf)"}
	if db, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch db.Code {
		case "28P01", "28000":
			a.Mend = "check user and password in url, and pg_hba.conf"
		case "3D000":
			a.Mend = "correct the database's name at the end of url, or create it"
		}
	}
	return a
}

var columns = []string{"id", "body", "media_type", "taken_at", "accepted", "refused", "faults"}

func (o *outbox) tableAdvice(ctx context.Context, conn *pgx.Conn) (advice []source.Advice) {
	found, err := conn.Query(ctx, "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped", o.Table)
	if err != nil {
		return []source.Advice{{Wrong: err.Error(), Mend: "check that this user may read the catalog"}}
	}
	has, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return []source.Advice{{Wrong: err.Error(), Mend: "check that this user may read the catalog"}}
	}
	if len(has) == 0 {
		return []source.Advice{{Wrong: "there is no table " + o.Table, Mend: "create it:\n" + fmt.Sprintf(Table, o.Table, o.Channel)}}
	}
	for _, c := range columns {
		if !slices.Contains(has, c) {
			advice = append(advice, source.Advice{Wrong: o.Table + " has no column " + c, Mend: "add it; the whole table is:\n" + fmt.Sprintf(Table, o.Table, o.Channel)})
		}
	}
	var read, write, wakes bool
	err = conn.QueryRow(ctx, `SELECT has_table_privilege($1, 'SELECT'), has_table_privilege($1, 'UPDATE'),
		EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass($1) AND NOT tgisinternal AND tgenabled <> 'D')`, o.Table).Scan(&read, &write, &wakes)
	switch {
	case err != nil:
		advice = append(advice, source.Advice{Wrong: err.Error(), Mend: "check that this user may read the catalog"})
	case !read || !write:
		advice = append(advice, source.Advice{Wrong: "this user may not read and update " + o.Table, Mend: fmt.Sprintf("GRANT SELECT, UPDATE ON %s TO %s", o.Table, o.conf.User)})
	case !wakes:
		advice = append(advice, source.Advice{
			Wrong: "no trigger on " + o.Table + " notifies " + o.Channel + ": orders wait up to " + o.Every.String(),
			Mend:  "add the function and the trigger of:\n" + fmt.Sprintf(Table, o.Table, o.Channel),
		})
	}
	return advice
}
