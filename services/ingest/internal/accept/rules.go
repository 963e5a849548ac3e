package accept

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/tidegate/tidegate/schemas/event"
)

// Codes of the faults found in an order's values.
const (
	codeType         = "type"
	codeRequired     = "required"
	codeUnknown      = "unknown_member"
	codeRange        = "range"
	codeFormat       = "format"
	codeNotSupported = "not_supported"
	codeUnknownOrder = "unknown_order"
	codeConflict     = "conflict"
)

// rule is what a value must be beyond its JSON type.
type rule struct {
	min, max int                                  // bytes of a text, entries of a list
	why      string                               // why a list or a needed member may not be missing
	check    func(v []byte) (code, detail string) // looks at a text's content or a number's digits
	need     []string                             // members an object must have
	also     func(w *walk, m *members)            // what several members must be together
}

func (r rule) needs(name string) string {
	if r.why != "" {
		return name + " is missing; " + r.why
	}
	return name + " is missing"
}

// rules are looked up by "Type.member", "Type.member[]" for a list's entries, or "Type". What is not named here is a
// text up to 4 KB, a list up to 64 entries, or a number from 0.
var rules = map[string]rule{
	"Order":                  {also: orderIsWhole},
	"Order.tenant":           {min: 1, max: 64},
	"Order.source":           {min: 1, max: 128},
	"Order.id":               {min: 1, max: 256},
	"Order.revision":         {check: between("0", 0, 999_999_999, "999999999")},
	"Order.parties":          {min: 1, max: 64, why: "an order needs at least one party"},
	"Order.items":            {min: 1, max: 500, why: "an order needs at least one item"},
	"Order.route":            {max: 32},
	"Order.incoterm":         {check: matches(isIncoterm, "want an Incoterms code of three capital letters, such as DAP")},
	"Order.red_flag_answers": {max: 100},

	"Party":                     {need: []string{"role"}, also: partyIsSomebody},
	"Party.name":                {max: 512},
	"Party.aliases[]":           {max: 512},
	"Party.owners":              {max: 100},
	"Party.directors":           {max: 100},
	"Party.directors[]":         {max: 512},
	"Party.contacts[]":          {max: 512},
	"Party.lei":                 {check: matches(isLEI, "want an LEI (ISO 17442): 18 capital letters and digits, then two digits")},
	"Party.gln":                 {check: matches(isGLN, "want a GLN: 13 digits")},
	"Party.registration_number": {max: 128},
	"Party.identifiers":         {max: 32},
	"Party.identifiers[]":       {max: 128},
	"Party.born":                {check: matches(isBorn, "want a date of birth such as 1970-02-28, or 1970-02, or 1970")},
	"Party.customer_number":     {max: 128},
	"Party.email":               {max: 320, check: matches(isEmail, "want an e-mail address such as orders@example.com")},
	"Party.phone":               {max: 64},
	"Party.website":             {max: 512},
	"Party.consignee_type":      oneOf("direct_consumer", "government", "reseller", "other"),

	"Address.lines":    {max: 16},
	"Address.lines[]":  {max: 512},
	"Address.city":     {max: 256},
	"Address.region":   {max: 256},
	"Address.postcode": {max: 32},
	"Address.kind":     oneOf("office", "datacenter", "warehouse", "residential", "mail_drop"),

	"Parent.name":   {max: 512},
	"Owner":         {need: []string{"name"}, also: spanInOrder},
	"Owner.name":    {min: 1, max: 512},
	"Owner.of":      {max: 512},
	"Owner.percent": {check: percent},

	"Item":                    {also: itemSaysSomething},
	"Item.position":           {max: 128},
	"Item.part_number":        {max: 256},
	"Item.sku":                {max: 256},
	"Item.unit":               {max: 32},
	"Item.currency":           {check: matches(isCurrency, "want an ISO 4217 code of three capital letters, such as USD")},
	"Item.eccn":               {max: 32, check: matches(isECCN, "want an ECCN such as 3A090.a, or EAR99; leave it out where the item is not classified")},
	"Item.hts":                {max: 16, check: matches(isHTS, "want an HTS or Schedule B number: 4 to 10 digits, points between them allowed")},
	"Item.us_content_percent": {check: percent},
	"Item.designer_status":    oneOf("approved", "authorized"),
	"Item.packager_status":    oneOf("approved"),
	"Compute":                 {need: []string{"bit_length", "tops"}},
	"Compute.unit":            {max: 128},
	"Die":                     {need: []string{"area_mm2"}},
	"Part":                    {need: []string{"part_number", "count"}},
	"Part.part_number":        {min: 1, max: 256},

	"Payment.payer":  {max: 512},
	"Payment.method": {check: matches(isWord, "want a word in small letters, such as wire, letter_of_credit, card or cash")},
	"EndUse.uses":    {max: 16},
	"EndUse.uses[]": oneOf("ai_training", "ai_inference", "supercomputer", "military", "military_intelligence", "wmd",
		"semiconductor_manufacturing", "technical_analysis", "civil"),

	"Cert":              {need: []string{"kind"}},
	"Cert.kind":         {check: matches(isWord, "want a word in small letters, such as end_user_statement")},
	"Answer":            {need: []string{"flag", "text"}},
	"Answer.flag":       {min: 1, max: 64},
	"Answer.text":       {min: 1, max: 4096},
	"Authority":         {need: []string{"kind"}, also: spanInOrder},
	"Authority.kind":    oneOf("license", "exception"),
	"Authority.code":    {max: 32},
	"Authority.country": {check: country},

	"Act":                   {need: []string{"kind", "id"}, also: actIsWhole},
	"Act.kind":              oneOf(texts(event.Cancelled, event.Shipped, event.Rejudge, event.Disposition, event.License, event.Control, event.Remark)...),
	"Act.id":                {min: 1, max: 128},
	"Act.actor":             {min: 1, max: 256},
	"Act.tenant":            {min: 1, max: 64},
	"Act.source":            {min: 1, max: 128},
	"Act.order_id":          {min: 1, max: 256},
	"Shipment":              {need: []string{"date"}},
	"Shipment.document":     {min: 1, max: 128},
	"Rejudging":             {need: []string{"why"}},
	"Rejudging.why":         oneOf("valid_until", "replay", "listing", "activation", "person"),
	"Rejudging.replay":      hexDigest,
	"Disposed":              {need: []string{"by", "role", "outcome", "reason", "findings"}},
	"Disposed.by":           {min: 1, max: 256},
	"Disposed.role":         {min: 1, max: 64},
	"Disposed.second":       {min: 1, max: 256},
	"Disposed.outcome":      oneOf(string(event.Release), string(event.Block)),
	"Disposed.reason":       {min: 1, max: 4096},
	"Disposed.decision":     hexDigest,
	"Disposed.findings":     {min: 1, max: 500, why: "a disposition answers at least one finding"},
	"Answered":              {need: []string{"rule"}},
	"Answered.rule":         {min: 1, max: 128},
	"Answered.entry":        {min: 1, max: 256},
	"Licensed":              {need: []string{"number", "kind", "issuer"}, also: spanInOrder},
	"Licensed.number":       {min: 1, max: 128},
	"Licensed.kind":         oneOf("license", "certification", "agency_letter"),
	"Licensed.issuer":       {min: 1, max: 128},
	"Licensed.parties":      {max: 1000},
	"Licensed.parties[]":    {min: 1, max: 512},
	"Licensed.countries":    {max: 300},
	"Licensed.countries[]":  {check: country},
	"Licensed.eccns":        {max: 1000},
	"Licensed.eccns[]":      {min: 1, max: 32, check: matches(isECCN, "want an ECCN such as 3A090.a, or EAR99")},
	"Licensed.parts":        {max: 1000},
	"Licensed.parts[]":      {min: 1, max: 256},
	"Licensed.currency":     {check: matches(isCurrency, "want an ISO 4217 code of three capital letters, such as USD")},
	"Licensed.rules[]":      {min: 1, max: 128},
	"Licensed.conditions[]": {min: 1, max: 4096},
	"Activation":            {need: []string{"what", "digest", "by", "why"}},
	"Activation.what":       oneOf("lists", "masters", "pack"),
	"Activation.digest":     hexDigest,
	"Activation.version":    {max: 128},
	"Activation.by":         {min: 1, max: 256},
	"Activation.why":        {min: 1, max: 4096},
	"Note":                  {need: []string{"what", "by", "text"}},
	"Note.what":             {min: 1, max: 64},
	"Note.by":               {min: 1, max: 256},
	"Note.text":             {min: 1, max: 4096},
	"Note.sha256":           hexDigest,
	"Note.counts":           {max: 1000},
	"Tally":                 {need: []string{"name", "count"}},
	"Tally.name":            {min: 1, max: 128},

	"Country":     {check: country},
	"Date":        {check: date},
	"Kind":        {check: orderKind},
	"Role":        oneOf(texts(event.Purchaser, event.IntermediateConsignee, event.UltimateConsignee, event.EndUser, event.Forwarder, event.Exporter, event.Payer, event.Manufacturer)...),
	"Transaction": oneOf(texts(event.Export, event.Reexport, event.InCountry, event.Cloud, event.Foundry, event.Servicing)...),
}

// ruleFor finds the rule of a place, else of its type, and fills in the usual bounds.
func ruleFor(path string, t reflect.Type) rule {
	r, ok := rules[path]
	if !ok {
		r = rules[t.Name()]
	}
	if r.max == 0 {
		r.max = 64
		if t.Kind() == reflect.String {
			r.max = 4 << 10
		}
	}
	if r.check == nil && (t.Kind() == reflect.Int || t == reflect.TypeFor[event.Decimal]()) {
		r.check = notNegative
	}
	return r
}

func texts[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// oneOf is the rule of a text that must be one of a few, with a suggestion for near misses.
func oneOf(values ...string) rule {
	known := make(map[string]bool, len(values))
	for _, v := range values {
		known[v] = true
	}
	return rule{check: func(v []byte) (string, string) {
		if known[string(v)] {
			return "", ""
		}
		return codeFormat, quote(v) + " is none of " + strings.Join(values, ", ") + suggestion(string(v), values)
	}}
}

// matches is the check of a text that has a form.
func matches(form func(v []byte) bool, want string) func(v []byte) (string, string) {
	return func(v []byte) (string, string) {
		if form(v) {
			return "", ""
		}
		return codeFormat, want + ", found " + quote(v)
	}
}

func between(lowText string, low, high float64, highText string) func(v []byte) (string, string) {
	return func(v []byte) (string, string) {
		if f := event.Decimal(v).Float(); f < low || f > high {
			return codeRange, "want a number from " + lowText + " to " + highText + ", found " + string(v)
		}
		return "", ""
	}
}

// hexDigest is the rule of a SHA-256 in lower-case hex.
var hexDigest = rule{check: matches(isDigest, "want a SHA-256 in lower-case hex, 64 characters")}

var percent = between("0", 0, 100, "100")

func notNegative(v []byte) (string, string) {
	if v[0] == '-' {
		return codeRange, "want a number from 0, found " + string(v)
	}
	return "", ""
}

// orderKind lets through what ingest takes already, and tells kinds that come later from misspelled ones.
func orderKind(v []byte) (string, string) {
	var taken, all []string
	for _, k := range event.Kinds {
		all = append(all, string(k.Kind))
		if k.Accepted {
			taken = append(taken, string(k.Kind))
		}
		if string(v) != string(k.Kind) {
			continue
		}
		if k.Accepted {
			return "", ""
		}
		return codeNotSupported, quote(v) + " comes as an act through the operator's door; an order document says " + strings.Join(taken, ", ")
	}
	return codeFormat, quote(v) + " is none of " + strings.Join(taken, ", ") + suggestion(string(v), all)
}

func partyIsSomebody(w *walk, m *members) {
	for _, name := range []string{"name", "lei", "registration_number", "gln", "customer_number"} {
		if m.has(name) && strings.ContainsFunc(m.text(name), telling) { // blanks and dots are nobody's, and found on no list
			return
		}
	}
	w.fault(codeRequired, "a party needs a name or an identifier: lei, registration_number, gln or customer_number")
}

func telling(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func itemSaysSomething(w *walk, m *members) {
	if m.count == 0 || m.count == 1 && m.has("position") {
		w.fault(codeRequired, "an item that says nothing; give at least a description, a part_number or a sku")
	}
}

func spanInOrder(w *walk, m *members) {
	if from, until := m.text("from"), m.text("until"); until != "" && from > until {
		w.faultAt("until", codeRange, until+" is before from, "+from)
	}
}
