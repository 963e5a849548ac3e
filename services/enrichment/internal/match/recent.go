package match

// What is remembered: names, for most names of an order stream come again; words, for most names are made of words that
// others have, too; addresses. None is longer than recentBytes.
const (
	recentNames     = 1 << 16
	recentWords     = 1 << 13
	recentAddresses = 1 << 14
	recentBytes     = 200
)

// answer is what Find gives. Nobody changes it.
type answer struct {
	found      []Candidate
	considered int
}

// nearby is what AddressIndex.Find gives. Nobody changes it.
type nearby struct {
	found      []Near
	considered int
}
