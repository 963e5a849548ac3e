package classify

import "strings"

// Normal brings an ECCN to upper case without spaces; paragraphs stay as letters and points: 3a090.A.1 is 3A090.a.1.
func Normal(eccn string) string {
	if eccn == "" {
		return ""
	}
	s := strings.Join(strings.Fields(eccn), "")
	head, paragraph, ok := strings.Cut(s, ".")
	head = strings.ToUpper(head)
	if head == "EAR-99" {
		head = "EAR99"
	}
	if !ok {
		return head
	}
	return head + "." + strings.ToLower(paragraph)
}

// ofECCN is the class that a normalized ECCN states; "" where it is no ECCN. Vague is set when the entry is one of
// the controlled ones without a paragraph that says which class: a, the stricter, is taken.
func ofECCN(eccn string) (class string, vague bool) {
	if eccn == "EAR99" {
		return None, false
	}
	head, paragraph, _ := strings.Cut(eccn, ".")
	if !wellFormed(head) {
		return "", false
	}
	switch {
	case head == "3A090", head == "4A090":
		return ofParagraph(paragraph)
	case strings.HasPrefix(paragraph, "z"):
		return ofParagraph(map[string]string{"z.1": "a", "z1": "a", "z.2": "b", "z2": "b"}[paragraph])
	}
	return None, false
}

func ofParagraph(paragraph string) (class string, vague bool) {
	if paragraph == "" {
		return A, true
	}
	switch paragraph[0] {
	case 'a', 'b', 'c':
		return paragraph[:1], false
	}
	return A, true
}

// wellFormed is the form of an ECCN: category, product group, three digits.
func wellFormed(head string) bool {
	if len(head) != 5 || head[0] < '0' || head[0] > '9' || head[1] < 'A' || head[1] > 'E' {
		return false
	}
	for _, c := range head[2:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
