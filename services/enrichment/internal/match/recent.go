package match

// What is remembered: names, for most names of an order stream come again; words, for most names are made of words that
// others have, too; addresses. None is longer than recentBytes.
const (
	recentNames     = 1 << 16
	recentWords     = 1 << 13
	recentAddresses = 1 << 14
	recentBytes     = 200
)

// remembered is how many answers an index of so many names or addresses remembers: in a small one, as over a change of lists, looking up
// costs little more than remembering.
func remembered(of, most int) int {
	const small = 1024
	if of < small {
		return 0
	}
	return most
}

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
