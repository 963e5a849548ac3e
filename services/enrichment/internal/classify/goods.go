package classify

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

func set(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

// The vocabulary. Laptops and phones are in it: no chip made for them reaches a TPP of 4,800. An ordinary word makes an item ordinary goods only where no compute word stands beside it.
var (
	computeWords = set(`gpu gpus graphics accelerator accelerators server servers chip chips chipset processor processors cpu cpus ic ics
		integrated circuit circuits card cards ai module modules wafer wafers die dies semiconductor semiconductors fpga asic npu tpu soc
		computer computers computing compute workstation workstations memory hbm hbm2 hbm2e hbm3 hbm3e dram system systems pcb pcba board
		boards motherboard baseboard node nodes cluster supercomputer datacenter dgx hgx nvidia amd instinct ascend tensor cuda sxm sxm4
		sxm5 pcie nvlink hpc inference training llm blackwell hopper radeon geforce rtx gtx quadro xeon epyc appliance
		rack-scale superchip silicon foundry tapeout`)
	strongWords = set(`gpu gpus accelerator accelerators npu tpu asic hbm hbm2 hbm2e hbm3 hbm3e dgx hgx superchip supercomputer nvidia
		instinct ascend wafer wafers die dies gaudi trainium`)
	contextWords = set(`gpu gpus nvidia amd tensor sxm sxm2 sxm3 sxm4 sxm5 sxm6 pcie hbm hbm2 hbm2e hbm3 hbm3e accelerator accelerators hgx dgx
		server servers graphics 80gb 40gb 24gb 48gb 96gb 141gb 94gb 192gb gddr6 gddr6x cuda ai inference training hopper ampere ada blackwell
		instinct nvl nvlink oam compute datacenter hpc supermicro poweredge proliant`)
	systemWords = set(`server servers system systems node nodes chassis baseboard workstation workstations poweredge proliant dgx hgx rack
		supermicro cluster appliance`)
	ordinaryWords = set(`cable cables bracket brackets screw screws bolt bolts nut nuts washer washers fan fans heatsink heatsinks cabinet
		cabinets chair chairs desk desks table tables paper shirt shirts tshirt tshirts shoe shoes boots book books toy toys coffee tea mug mugs
		mouse mice keyboard keyboards headset headsets headphones bag bags backpack bottle bottles lamp lamps pump pumps valve valves bearing
		bearings motor motors gasket gaskets filter filters glove gloves paint adhesive tile tiles furniture carton cartons pallet pallets label
		labels tape tapes wrench wrenches hammer drill drills bicycle bicycles tire tires tyre tyres hose hoses pipe pipes clamp clamps connector
		connectors adapter adapters charger chargers battery batteries bulb bulbs poster posters sticker stickers fabric textile textiles
		garment garments jacket jackets cosmetics soap shampoo food rice flour sugar wine beer furniture mattress pillow carpet curtain kitchen
		cookware knife knives spoon forks glassware ceramic wood timber steel copper aluminum aluminium plastic rubber resin fertilizer seeds
		medicine bandage syringe thermometer microscope scale printer printers toner ink projector monitor monitors display displays television
		tv speaker speakers microphone camera tripod lens umbrella watch watches jewelry ladder rope helmet goggles mask masks brush broom
		detergent lubricant grease oil diesel gasoline heater cooler freezer refrigerator oven washing dishwasher vacuum sofa stool shelf shelves
		screwdriver pliers saw toolbox gearbox conveyor compressor turbine axle brake wiper seat bumper windshield spring springs sealant
		insulation cement brick bricks gravel roofing plywood door doors window windows lock locks hinge hinges rail rails stand stands laptop laptops notebook notebooks
		chromebook tablet tablets phone phones smartphone smartphones handset handsets webcam webcams calculator calculators`)
	// Headings of the HTS in which chips, computers, their parts and telecommunication equipment stand.
	chipHeadings = set(`8471 8473 8517 8523 8524 8534 8537 8541 8542 8543 8548`)
)

func computing(ws []string) bool {
	return slices.ContainsFunc(ws, func(w string) bool { return contextWords[w] })
}

func ordinary(ws []string) bool {
	return slices.ContainsFunc(ws, func(w string) bool { return ordinaryWords[w] })
}

// ordinaryGoods says why an item is plainly no chip and no computer: by its HTS heading, or by its description. An accessory
// is what accessoryFor says.
func ordinaryGoods(it *event.Item, ws []string, accessory bool) (why string, ok bool) {
	if h := heading(it.HTS); h != "" && !chipHeadings[h] {
		strong := slices.ContainsFunc(ws, func(w string) bool { return strongWords[w] })
		if !strong || accessory || ordinary(ws) {
			return "HTS heading " + h[:2] + "." + h[2:], true
		}
	}
	if foreignScript(it.Description) {
		return "", false
	}
	if f := plainProduct(it, ws); f != nil {
		return "description: " + f.name + "; " + f.why, true
	}
	if it.HTS != "" && chipHeadings[heading(it.HTS)] {
		return "", false
	}
	for _, w := range ws {
		if computeWords[w] {
			return "", false
		}
	}
	for _, w := range ws {
		if ordinaryWords[w] {
			return "description: " + w, true
		}
	}
	return "", false
}

// heading is the first four digits of an HTS or Schedule B number, from chapter 01 to 97.
func heading(hts string) string {
	var b []byte
	for i := 0; i < len(hts) && len(b) < 4; i++ {
		switch c := hts[i]; {
		case c >= '0' && c <= '9':
			b = append(b, c)
		case c == '.' || c == ' ':
		default:
			return ""
		}
	}
	if len(b) < 4 || string(b[:2]) < "01" || string(b[:2]) > "97" {
		return ""
	}
	return string(b)
}
