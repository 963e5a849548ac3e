package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDoorsCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "doors.yaml")
	if out, status := run(t, "", "doors", "check", "--data", dir); status != 2 || !strings.Contains(out, "doors.yaml") {
		t.Errorf("no file: %d %s", status, out)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("webhooks: {shop: {scheme: rsa, secrets: [hush-hush-hush]}}\nstreams: {erp: {}}\n")
	if out, status := run(t, "", "doors", "check", file); status != 1 || !strings.Contains(out, "rsa") || !strings.Contains(out, "which one") || strings.Contains(out, "hush") {
		t.Errorf("faults: %d %s", status, out)
	}
	write("webhooks: {shop: {scheme: shopify, secrets: [hush-hush-hush]}}\nstreams: {erp: {stream: ERP}}\n")
	out, status := run(t, "", "doors", "check", "--data", dir)
	if status != 0 || !strings.Contains(out, "webhook shop: POST /v1/webhooks/shop, source shop") || !strings.Contains(out, "stream erp: ERP by consumer tidegate-erp") || strings.Contains(out, "hush") {
		t.Errorf("good: %d %s", status, out)
	}
}

func TestTrySaysWhatAPartOfAChangeNeeds(t *testing.T) {
	t.Parallel()
	change := "ISA*00*          *00*          *ZZ*A              *ZZ*B              *261120*0915*U*00401*000000001*0*P*>~GS*PC*A*B*20261120*0915*1*X*004010~" +
		"ST*860*0001~BCH*04*SA*PO-1**1*20261120~POC*2*QI*9**EA*2*PE*VN*S-2~POC*3*DI*1**EA*2*PE*VN*S-3~SE*5*0001~GE*1*1~IEA*1*000000001~"
	out, status := run(t, change, "ingest", "try", "-")
	for _, want := range []string{"PO-1 (x12-860): revised", `needs the revision before: it lists only what changed of order "PO-1"`, "line 2: change", "line 3: remove", "1 would be accepted"} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("%d, no %q in %s", status, want, out)
		}
	}
	if out, _ = run(t, change, "ingest", "try", "--json", "-"); !strings.Contains(out, `"changes":[{"position":"2","action":"change"},{"position":"3","action":"remove"}]`) {
		t.Error(out)
	}
}
