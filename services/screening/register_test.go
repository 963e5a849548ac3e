package screening

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestLicensesAreReadFromCSVAndJSON(t *testing.T) {
	t.Parallel()
	want := []event.Licensed{{
		Number: "D1", Kind: "license", Issuer: "BIS", Parties: []string{"Lantern Bay", "Ferrous Hill"}, ECCNs: []string{"3A090.a"}, Quantity: "40",
		Value: "1200000.50", Currency: "USD", Span: event.Span{From: "2026-01-01", Until: "2027-12-31"},
	}}
	for name, text := range map[string]string{
		"CSV":         "Number,kind,issuer,parties,eccns,quantity,value,currency,from,until\nD1,license,BIS,Lantern Bay; Ferrous Hill,3A090.a,40,1200000.50,USD,2026-01-01,2027-12-31\n",
		"a JSON list": `[{"number":"D1","kind":"license","issuer":"BIS","parties":["Lantern Bay","Ferrous Hill"],"eccns":["3A090.a"],"quantity":40,"value":1200000.50,"currency":"USD","from":"2026-01-01","until":"2027-12-31"}]`,
		"JSON lines":  "\ufeff" + `{"number":"D1","kind":"license","issuer":"BIS","parties":["Lantern Bay","Ferrous Hill"],"eccns":["3A090.a"],"quantity":40,"value":1200000.50,"currency":"USD","from":"2026-01-01","until":"2027-12-31"}`,
	} {
		got, err := ReadLicenses(strings.NewReader(text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestAFileOfLicensesWithFaultsIsRefusedWhole(t *testing.T) {
	t.Parallel()
	const head = "number,kind,issuer,parties,quantity,from,until,countries\n"
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":                  {"  ", "the file is empty"},
		"an unknown head":          {"number,color\nD1,red\n", `line 1: column "color" is none of`},
		"no party":                 {head + "D1,license,BIS,,1,,,\n", "line 2: license \"D1\": parties is required"},
		"a kind":                   {head + "D1,permit,BIS,A,1,,,\n", `kind "permit" is not one of`},
		"a day":                    {head + "D1,license,BIS,A,1,2026-02-30,,\n", "2026-02-30"},
		"days the wrong way round": {head + "D1,license,BIS,A,1,2026-02-03,2026-02-01,\n", "until lies before from"},
		"a country":                {head + "D1,license,BIS,A,1,,,Germany\n", `country "Germany"`},
		"a number twice":           {head + "D1,license,BIS,A,1,,,\nD1,license,BIS,A,2,,,\n", "line 3: license \"D1\" stands twice"},
		"a negative":               {head + "D1,license,BIS,A,-1,,,\n", `"-1" is not a number of 0 or more`},
		"an unknown member":        {`{"number":"D1","colour":1}`, "colour"},
		"broken JSON":              {"[{\n", "unexpected EOF"},
		"a ragged row":             {head + "D1,license\n", "wrong number of fields"},
	} {
		got, err := ReadLicenses(strings.NewReader(tt.text))
		if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func FuzzReadLicenses(f *testing.F) {
	f.Add("number,kind,issuer,parties\nD1,license,BIS,A\n")
	f.Add(`[{"number":"D1","kind":"license","issuer":"BIS","parties":["A"]}]`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadLicenses(strings.NewReader(text))
		for i := range got {
			if err != nil || len(licenseFaults(&got[i])) > 0 {
				t.Errorf("%+v, %v", got[i], err)
			}
		}
	})
}
