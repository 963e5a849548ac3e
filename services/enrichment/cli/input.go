package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/enrichment"
)

// exitUnusable is the exit status of a verb that could not answer: a file or a value that cannot be read.
const exitUnusable = 2

func unusable(err error) error {
	if err == nil {
		return nil
	}
	return cli.Exit(err.Error(), exitUnusable)
}

func referenceFlag() cli.Flag {
	return &cli.StringFlag{Name: "reference", Usage: "`DIR` of a reference set (parties/*.jsonl, catalog.jsonl, groups.jsonl) instead of the one shipped and the lists in force"}
}

// reference loads the set that a command was pointed at: the one shipped with the lists in force in the data directory.
func reference(c *cli.Command) (*enrichment.Reference, error) {
	if dir := c.String("reference"); dir != "" {
		return enrichment.LoadReference(os.DirFS(dir))
	}
	return enrichment.InForce(filepath.Join(c.String("data"), "lists"))
}

// open opens a file, or standard input for "-".
func open(c *cli.Command, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(c.Root().Reader), nil
	}
	return os.Open(name)
}

func oneArgument(c *cli.Command, what string) (string, error) {
	if c.Args().Len() != 1 {
		return "", fmt.Errorf("%s wants one %s", c.Name, what)
	}
	return c.Args().First(), nil
}

var errEmpty = errors.New("nothing in it")
