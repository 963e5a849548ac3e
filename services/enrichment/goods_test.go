package enrichment

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestAnAccessoryIsNotTheMachineItIsFor(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for name, tc := range map[string]struct {
		item    event.Item
		class   string
		how     string
		catalog bool
	}{
		"a fan":                                    {event.Item{Description: "Cooling fan for NVIDIA H100 server"}, "unknown", "unknown", false},
		"a fan with a measure":                     {event.Item{Description: "Cooling fan 80 mm, 12 V, for NVIDIA H100 server"}, "unknown", "unknown", false},
		"a fan under the heading of fans":          {event.Item{Description: "Cooling fan for NVIDIA H100 server", HTS: "8414.59.6560"}, "none", "goods", false},
		"a fan under a heading for computer parts": {event.Item{Description: "Cooling fan for NVIDIA H100 server", HTS: "8473.30"}, "unknown", "unknown", false},
		"a fan with a stated EAR99":                {event.Item{Description: "Cooling fan for NVIDIA H100 server", ECCN: "EAR99"}, "none", "eccn", false},
		"a power cord under its heading":           {event.Item{Description: "Power cord for DGX H100", HTS: "8544.42"}, "none", "goods", false},
		"a bracket kit":                            {event.Item{Description: "Mounting bracket kit compatible with NVIDIA H100 PCIe"}, "unknown", "unknown", false},
		"a heat sink":                              {event.Item{Description: "Heat sink for NVIDIA H100 SXM5 module"}, "unknown", "unknown", false},
		"screws and rails":                         {event.Item{Description: "Screws and rails for HGX H100"}, "unknown", "unknown", false},
		"a manual":                                 {event.Item{Description: "Printed manual of the NVIDIA DGX H100"}, "unknown", "unknown", false},
		"a sticker":                                {event.Item{Description: "Sticker for NVIDIA H100 GPU"}, "unknown", "unknown", false},
		"a bag for chips":                          {event.Item{Description: "Antistatic bag for NVIDIA H100 GPU"}, "unknown", "unknown", false},
		"a bag of chips":                           {event.Item{Description: "Bag of NVIDIA H100 GPU"}, "a", "catalog", true},
		"a box of chips":                           {event.Item{Description: "Box of 8 NVIDIA H100 SXM5"}, "a", "catalog", true},
		"a server with chips and fans":             {event.Item{Description: "Server with 8x H100 and fans"}, "a", "catalog", true},
		"a server and its rails":                   {event.Item{Description: "Server and rails for NVIDIA H100"}, "a", "catalog", true},
		"a fan with chips beside it":               {event.Item{Description: "Cooling fan for NVIDIA H100 server, including 8x H100"}, "a", "catalog", true},
		"a fan and eight chips":                    {event.Item{Description: "Rails for server and 8x NVIDIA H100 SXM5"}, "a", "catalog", true},
		"a fan plus a chip":                        {event.Item{Description: "Fan for server + NVIDIA H100 GPU"}, "a", "catalog", true},
		"a chip with a fan for servers":            {event.Item{Description: "NVIDIA H100 PCIe with fan for servers"}, "a", "catalog", true},
		"a card with its bracket for servers":      {event.Item{Description: "NVIDIA H100 PCIe full-height bracket for servers"}, "a", "catalog", true},
		"a chip for a machine":                     {event.Item{Description: "NVIDIA H100 SXM5 for HGX baseboard"}, "a", "catalog", true},
		"a board is no accessory":                  {event.Item{Description: "Adapter board for NVIDIA H100 SXM5"}, "a", "catalog", true},
		"the part number of the chip":              {event.Item{Description: "Cooling fan for NVIDIA H100", PartNumber: "900-21010-0000-000"}, "a", "catalog", true},
		"numbers of a chip":                        {event.Item{Description: "Cooling fan for NVIDIA H100", TPP: "15832"}, "a", "numbers", false},
		"contents":                                 {event.Item{Description: "Rails for server", Contains: []event.Part{{PartNumber: "H100 SXM5", Count: "8"}}}, "a", "contains", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := itemFacts(r, tc.item)
			if f.Class != tc.class || f.How != tc.how || (f.Catalog != "") != tc.catalog {
				t.Errorf("class %s by %s catalog %q, want %s by %s catalog %v", f.Class, f.How, f.Catalog, tc.class, tc.how, tc.catalog)
			}
		})
	}
}

func TestPlainProductsAreOrdinaryGoods(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for _, it := range []event.Item{
		{Description: "Samsung 990 PRO SSD"},
		{Description: "Samsung 990 PRO SSD 2TB NVMe M.2 PCIe 4.0"},
		{Description: "SSD 1 TB", HTS: "8523.51"},
		{Description: "Solid-state drive, 4 TB, U.2", HTS: "8471.70.60"},
		{Description: "microSD card 256 GB", HTS: "85235100"},
		{Description: "Hard disk 18 TB SATA", HTS: "8471.70"},
		{Description: "DDR5 memory module"},
		{Description: "DDR5-5600 32GB memory module SODIMM", HTS: "8473.30"},
		{Description: "32 GB DDR4 UDIMM"},
		{Description: "Kingston DRAM module DDR5 16GB"},
		{Description: "MacBook Pro"},
		{Description: "MacBook Pro 14, M4 processor, 16 GB memory", HTS: "8471.30.01"},
		{Description: "Laptop computer with Core i7 CPU and 1 TB SSD"},
		{Description: "Apple iPhone 16"},
		{Description: "Smartphone 256 GB", HTS: "8517.13"},
		{Description: "iPad Air tablet"},
		{Description: "Raspberry Pi"},
		{Description: "Raspberry Pi 5 single board computer 8GB"},
		{Description: "STM32F407"},
		{PartNumber: "STM32F407VGT6"},
		{Description: "STM32F407VGT6 microcontroller IC", HTS: "8542.31"},
		{Description: "ATmega328P MCU chip"},
		{Description: "ESP32-WROOM-32 module"},
		{Description: "Power supply unit 850W"},
		{Description: "Network switch 24 port"},
		{Description: "Managed PoE switch, 8 ports, rack mount", HTS: "8517.62"},
		{Description: "Wireless router AX3000"},
		{Description: "Computer keyboard, USB", HTS: "8471.60"},
		{Description: "Laser printer for office computers"},
		{Description: "CPU cooler 120 mm"},
		{Description: "Chip resistor 10 kΩ 0603"},
		{Description: "MLCC capacitor 100 nF", HTS: "8532.24"},
		{Description: "Schottky diodes", HTS: "8541.10"},
		{Description: "Power MOSFET IRF540N"},
	} {
		t.Run(it.Description+it.PartNumber, func(t *testing.T) {
			t.Parallel()
			if f := itemFacts(r, it); f.Class != "none" || f.How != "goods" || f.Class2022 != "none" {
				t.Errorf("class %s (2022 %s) by %s missing %v", f.Class, f.Class2022, f.How, f.Missing)
			}
		})
	}
}

func TestWordsOfComputingKeepAnItemUnknown(t *testing.T) {
	t.Parallel()
	r := curated(t)
	for _, it := range []event.Item{
		{Description: "server"},
		{Description: "GPU"},
		{Description: "accelerator"},
		{Description: "AI"},
		{Description: "compute module"},
		{Description: "chip"},
		{Description: "DRAM chips"},
		{Description: "memory module"},
		{Description: "HBM3 memory module"},
		{Description: "HBM3E and DDR5 memory module"},
		{Description: "Server with SSD"},
		{Description: "Server SSD 4 TB"},
		{Description: "AI laptop"},
		{Description: "Laptop with GPU"},
		{Description: "Module Q77 with DDR5 memory"},
		{Description: "Q77 module DDR5 memory 16 GB"},
		{Description: "Unit Q77, SSD 2 TB"},
		{Description: "Unit Q77 - SSD 2 TB"},
		{Description: "Carrier with STM32F407"},
		{Description: "FPGA board STM32"},
		{Description: "Chip, 45 billion transistors"},
		{Description: "ESP32 with NPU"},
		{Description: "SSD", HTS: "8471.50"},
		{Description: "SSD", HTS: "8542.31"},
		{Description: "STM32 microcontroller", NodeNM: "7"},
		{Description: "STM32 microcontroller", Transistors: "45"},
		{Description: "Network switch 64 port", Manufacturer: "NVIDIA"},
		{Description: "InfiniBand network switch"},
		{Description: "Raspberry Pi cluster node"},
		{Description: "Raspberry Pi AI kit"},
		{Description: "人工智能加速器 SSD 2TB"},
		{Description: "GPU服务器 cable"},
		{Description: "Ускоритель ИИ, SSD"},
		{Description: "Servidor SSD 2TB"},
		{Description: "SSD 2TB 64 TFLOPS"},
		{Description: "DDR5 memory module", HBM: yes()},
	} {
		t.Run(it.Description+it.HTS, func(t *testing.T) {
			t.Parallel()
			if f := itemFacts(r, it); f.Class != "unknown" {
				t.Errorf("class %s by %s", f.Class, f.How)
			}
		})
	}
}
