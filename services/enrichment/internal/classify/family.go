package classify

import (
	"slices"
	"strings"
	"unicode"

	"github.com/tidegate/tidegate/schemas/event"
)

// family is a plain product family that cannot meet 3A090, although words of computing stand in its descriptions.
type family struct {
	name     string
	why      string   // it cannot meet 3A090 or 4A090
	patterns []string // ways to name it: words in order, few apart; a star ends a stem
	beside   string   // compute words that may stand beside the name
	hts      []string // begins of HTS numbers, among the chip headings, that it is classified under
}

// families is the curated vocabulary of plain products. A family belongs here only where no product of its kind reaches
// a TPP of 1,600 or is high-bandwidth memory. Servers, chips, cards, modules and appliances alone are never in it.
var families = []family{
	{
		name: "solid-state drive or memory card", why: "storage does no processing (TPP 0) and is not high-bandwidth memory",
		patterns: []string{"ssd", "ssds", "solid state drive", "solid state drives", "solid state disk", "flash drive", "flash drives", "sd card", "sd cards", "microsd", "microsd card", "microsd cards"},
		beside:   "pcie memory", hts: []string{"8523", "847170", "847330"},
	},
	{
		name: "hard disk", why: "storage does no processing (TPP 0)",
		patterns: []string{"hard disk", "hard disks", "hard drive", "hard drives", "hdd", "hdds"}, hts: []string{"847170"},
	},
	{
		name: "DDR memory module", why: "memory does no processing (TPP 0); 3A090.c is high-bandwidth memory alone, and a DDR module moves under 0.1 GB/s per mm²",
		patterns: ddr("memory module", "memory modules", "memory", "module", "modules", "ram", "dram", "dram module", "dram modules", "sdram", "dimm", "udimm", "sodimm", "rdimm"),
		beside:   "memory dram", hts: []string{"847330", "854232", "847170"},
	},
	{
		name: "laptop", why: "no processor made for laptops reaches a TPP of 4,800, and none is made for data centers",
		patterns: []string{"laptop", "laptops", "macbook", "macbooks", "chromebook", "chromebooks", "ultrabook", "thinkpad", "notebook computer", "notebook computers", "notebook pc"},
		beside:   "computer computers cpu processor chip memory core cores", hts: []string{"847130"},
	},
	{
		name: "phone or tablet", why: "no processor made for phones and tablets reaches a TPP of 1,600",
		patterns: []string{"smartphone", "smartphones", "mobile phone", "mobile phones", "cell phone", "cell phones", "iphone", "iphones", "tablet", "tablets", "ipad", "ipads", "smartwatch"},
		beside:   "computer computers cpu processor chip memory core cores", hts: []string{"851712", "851713", "851714", "847130"},
	},
	{
		name: "hobby computer", why: "its processor has a TPP of some tens",
		patterns: []string{"raspberry pi", "raspberry pi compute module", "arduino"},
		beside:   "computer computers board boards cpu processor soc memory core cores system", hts: []string{"8471", "847330", "854370"},
	},
	{
		name: "microcontroller", why: "a microcontroller has a TPP below 10",
		patterns: []string{"stm32*", "stm8*", "atmega*", "attiny*", "esp32*", "esp8266*", "pic16*", "pic18*", "pic24*", "pic32*", "msp430*", "nrf52*", "rp2040", "rp2350", "microcontroller", "microcontrollers", "mcu", "mcus"},
		beside:   "chip chips ic ics integrated circuit circuits board boards module modules memory core semiconductor", hts: []string{"854231", "847330", "854370"},
	},
	{
		name: "power supply", why: "it does no processing",
		patterns: []string{"power supply", "power supplies", "psu", "psus", "power adapter", "power adapters", "ac adapter", "ac adapters", "power bank", "power banks"},
		beside:   "computer computers", hts: []string{"847330"},
	},
	{
		name: "network switch or router", why: "it forwards packets; no tensor or matrix processing (TPP far below 1,600)",
		patterns: []string{"network switch", "network switches", "ethernet switch", "ethernet switches", "gigabit switch", "poe switch", "managed switch", "unmanaged switch", "router", "routers", "modem", "modems", "wireless access point", "wifi access point"},
		beside:   "rack", hts: []string{"851762", "851769", "847180"},
	},
	{
		name: "peripheral", why: "it takes in or puts out; it does no processing",
		patterns: []string{"keyboard", "keyboards", "mouse", "mice", "printer", "printers", "monitor", "monitors", "webcam", "webcams", "scanner", "scanners", "headset", "headsets", "projector", "projectors", "docking station", "docking stations"},
		beside:   "computer computers", hts: []string{"847160"},
	},
	{
		name: "cooler", why: "it does no processing",
		patterns: []string{"cpu cooler", "cpu coolers", "cpu fan", "cpu fans", "cpu heatsink", "cpu heat sink", "processor cooler", "computer fan", "computer fans", "computer case", "computer cases", "case fan", "case fans", "heatsink", "heatsinks", "heat sink", "heat sinks"},
		beside:   "computer cpu processor", hts: []string{"847330"},
	},
	{
		name: "desktop processor", why: "no processor made for desktop computers reaches a TPP of 1,600",
		patterns: []string{"core i3*", "core i5*", "core i7*", "core i9*", "ryzen 3", "ryzen 5", "ryzen 7", "ryzen 9", "celeron", "pentium"},
		beside:   "amd cpu cpus processor processors core cores computer computers", hts: []string{"854231", "847330", "847150", "847141", "847149"},
	},
	{
		name: "game console", why: "its processor has a TPP below 4,800 and is not made for data centers",
		patterns: []string{"game console", "game consoles", "playstation 4", "playstation 5", "xbox series", "nintendo switch", "steam deck"}, hts: []string{"950450"},
	},
	{
		name: "analog or standard logic part", why: "it does no matrix processing (TPP 0)",
		patterns: []string{
			"op-amp", "op-amps", "operational amplifier", "operational amplifiers", "voltage regulator", "voltage regulators", "74hc*", "74ls*", "74lvc*", "cd4*",
			"lm358*", "lm317*", "ne555*", "optocoupler", "optocouplers", "real-time clock",
		},
		beside: "ic ics chip chips integrated circuit circuits module modules semiconductor", hts: []string{"8542", "8541"},
	},
	{
		name: "programmable logic controller", why: "it controls machines; its processor has a TPP of some tens",
		patterns: []string{"plc", "plcs", "programmable logic controller", "programmable logic controllers", "car radio", "car radios", "car stereo", "set-top box", "set-top boxes"},
		beside:   "cpu module modules", hts: []string{"853710", "852721", "852872"},
	},
	{
		name: "solar panel", why: "it turns light into current",
		patterns: []string{"solar panel", "solar panels", "solar module", "solar modules", "solar cell", "solar cells", "photovoltaic module", "photovoltaic modules", "photovoltaic panel", "photovoltaic panels"},
		beside:   "module modules", hts: []string{"8541"},
	},
	{
		name: "passive or discrete part", why: "a single element is no integrated circuit",
		patterns: []string{
			"resistor", "resistors", "chip resistor", "chip resistors", "capacitor", "capacitors", "chip capacitor", "chip capacitors", "inductor", "inductors", "chip inductor", "chip inductors", "diode", "diodes",
			"silicon diode", "silicon diodes", "mosfet", "mosfets", "silicon carbide mosfet", "silicon carbide mosfets", "igbt", "igbts", "igbt module", "igbt modules", "npn transistor", "npn transistors",
			"pnp transistor", "pnp transistors", "power transistor", "power transistors", "thyristor", "thyristors", "relay", "relays", "fuse", "fuses", "potentiometer", "potentiometers", "thermistor", "thermistors", "varistor", "varistors",
		},
		hts: []string{"8541"},
	},
}

// ddr names a module by its generation and its form, in this order; the other way round only where the form is that of
// memory alone: "module DDR5" may be any module.
func ddr(forms ...string) []string {
	var out []string
	for _, d := range []string{"ddr3", "ddr3l", "ddr4", "ddr5"} {
		for _, f := range forms {
			out = append(out, d+" "+f)
			if !strings.HasPrefix(f, "module") {
				out = append(out, f+" "+d)
			}
		}
	}
	return out
}

// blockedWords speak of computing: a family's name beside one that is not its own settles nothing. The last lines are
// words that the other sets do not need: measures of processing, and computing in other languages of trade.
var blockedWords = union(computeWords, systemWords, strongWords, set(`artificial intelligence neural data center centre core cores
	blade blades host coprocessor cloud tops tflops pflops flops teraflops petaflops gddr5 gddr6 gddr6x gddr7 oam nvl nvswitch infiniband
	smartnic dpu bluefield fabric jetson tesla ampere ada npus tpus
	serveur serveurs servidor servidores grafikkarte prozessor beschleuniger accelerateur acelerador graphique grafica rechner puce`))

func union(sets ...map[string]bool) map[string]bool {
	out := map[string]bool{}
	for _, s := range sets {
		for w := range s {
			out[w] = true
		}
	}
	return out
}

// naming is a way to name a family.
type naming struct {
	family *family
	words  []string
	beside map[string]bool
}

// namings are the families' patterns by the first two letters of their first word.
var namings = func() map[string][]naming {
	out := map[string][]naming{}
	for i := range families {
		f := &families[i]
		beside := set(f.beside)
		for _, p := range f.patterns {
			out[p[:2]] = append(out[p[:2]], naming{family: f, words: strings.Fields(p), beside: beside})
		}
	}
	return out
}()

// longestHead is the most words that plainly name one thing; more are read by a person.
const longestHead = 40

// plainProduct finds the family that an item plainly belongs to. Its name must stand at the head of the description,
// before the first mark or word that adds something ("module with SSD" is a module), and no word of computing but the
// family's own may stand anywhere.
func plainProduct(it *event.Item, ws []string) *family {
	if it.NodeNM != "" || it.Transistors != "" || makerOfAccelerators(it.Manufacturer) {
		return nil
	}
	head := headOf(it.Description)
	if it.Description == "" {
		head = words(it.PartNumber)
		ws = head
	}
	if len(head) > longestHead {
		return nil
	}
	for i, w := range head {
		if len(w) < 2 {
			continue
		}
		for _, n := range namings[w[:2]] {
			if named := n.at(head[i:]); named != nil && n.alone(ws, named) && underHeading(it.HTS, n.family.hts) {
				return n.family
			}
		}
	}
	return nil
}

// at gives the words that a naming takes at the start of ws, at most three words apart; none where it does not stand there.
func (n naming) at(ws []string) []string {
	const gap = 3
	var taken []string
	next := 0
	for i, p := range n.words {
		limit := next
		if i > 0 {
			limit = next + gap
		}
		found := slices.IndexFunc(ws[next:min(limit+1, len(ws))], func(w string) bool { return fits(w, p) })
		if found < 0 {
			return nil
		}
		taken, next = append(taken, ws[next+found]), next+found+1
	}
	return taken
}

func fits(w, pattern string) bool {
	stem, starred := strings.CutSuffix(pattern, "*")
	return w == pattern || starred && strings.HasPrefix(w, stem)
}

// alone says whether no word of computing stands in the description but the naming's own.
func (n naming) alone(ws, named []string) bool {
	return !slices.ContainsFunc(ws, func(w string) bool { return blockedWords[w] && !n.beside[w] && !slices.Contains(named, w) })
}

var pointless = strings.NewReplacer(".", "", " ", "")

// underHeading says whether a stated HTS number is none of the chip headings, or one that the family is classified under.
func underHeading(hts string, begins []string) bool {
	h := heading(hts)
	if h == "" || !chipHeadings[h] {
		return true
	}
	digits := pointless.Replace(hts)
	return slices.ContainsFunc(begins, func(b string) bool {
		return strings.HasPrefix(digits, b) || len(digits) < len(b) && strings.HasPrefix(b, digits)
	})
}

// addingWords part what an item is from what it has or is for.
var addingWords = set(`with w including includes include incl plus and for featuring containing contains has having in on of inside`)

// headOf gives the words up to the first mark or word that adds something.
func headOf(description string) []string {
	if i := strings.IndexAny(description, ",;:(["); i >= 0 {
		description = description[:i]
	}
	for _, mark := range []string{" - ", " – ", " — ", " + ", " & ", " | "} {
		description, _, _ = strings.Cut(description, mark)
	}
	ws := words(description)
	if i := slices.IndexFunc(ws, func(w string) bool { return addingWords[w] }); i >= 0 {
		return ws[:i]
	}
	return ws
}

// acceleratorMakers make little else: what they call a switch may compute.
var acceleratorMakers = set(`nvidia mellanox cambricon biren enflame iluvatar hygon habana graphcore cerebras groq ascend hisilicon`)

func makerOfAccelerators(manufacturer string) bool {
	return slices.ContainsFunc(words(manufacturer), func(w string) bool { return acceleratorMakers[w] })
}

// foreignScript says whether a text has letters that the vocabulary cannot read.
func foreignScript(s string) bool {
	for _, r := range s {
		if r >= 0x80 && unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Greek) {
			return true
		}
	}
	return false
}
