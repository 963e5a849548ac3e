// Package parquet writes exported records as a Parquet file, in bounded memory. The trailer stands in the file's metadata, under the key
// "tidegate.trailer". It is a package of its own because its library is large: only who writes such files links it.
package parquet

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/shared/codec"
)

// Key is the metadata's key of the trailer.
const Key = "tidegate.trailer"

// A row group is what is in memory at a time.
const (
	groupRows  = 20000
	groupBytes = 32 << 20
)

// File is a Parquet file that is being written.
type File struct {
	to    *parquet.GenericWriter[search.Exported]
	bytes int // of the cases in the row group
}

// New writes to w: a row a record, compressed with zstd.
func New(w io.Writer) search.Format {
	return &File{to: parquet.NewGenericWriter[search.Exported](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(groupRows), parquet.CreatedBy("tidegate", "1", ""))}
}

// Write implements search.Format.
func (f *File) Write(r search.Exported) error {
	if _, err := f.to.Write([]search.Exported{r}); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	if f.bytes += len(r.Case); f.bytes < groupBytes {
		return nil
	}
	f.bytes = 0
	if err := f.to.Flush(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}

// Close implements search.Format.
func (f *File) Close(t search.Trailer) error {
	b, err := codec.Append(nil, t)
	if err != nil {
		return err
	}
	f.to.SetKeyValueMetadata(Key, string(b))
	if err := f.to.Close(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}
