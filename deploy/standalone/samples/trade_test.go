package samples

import (
	"fmt"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

// goods of ordinary trade, as orders state them: little more than a description, often with an ECCN or an HTS number.
var goods = []event.Item{
	{Description: "Case fan 120 mm, 1500 rpm"},
	{Description: "Axial fan 24 V", ECCN: "EAR99", HTS: "8414.59"},
	{Description: "Patch cable Cat6A, 3 m"},
	{Description: "HDMI cable 2 m", HTS: "8544.42"},
	{Description: "Steel bolts M8", HTS: "7318.15"},
	{Description: "Office chair"},
	{Description: "Standing desk, oak", ECCN: "EAR99"},
	{Description: "Laptop 14 inch, 16 GB, Core i5", HTS: "8471.30"},
	{Description: "Business laptop, 32 GB", ECCN: "5A992.c", HTS: "8471.30"},
	{Description: "iPhone 16, 128 GB", HTS: "8517.13"},
	{Description: "Tablet, 11 inch", HTS: "8471.30"},
	{Description: "Wireless mouse"},
	{Description: "Mechanical keyboard", HTS: "8471.60"},
	{Description: "27 inch monitor"},
	{Description: "Laser printer", HTS: "8443.32"},
	{Description: "SSD 2 TB, NVMe", HTS: "8471.70"},
	{Description: "Hard disk 8 TB", ECCN: "EAR99"},
	{Description: "DDR5 memory module 32 GB"},
	{Description: "Power supply 850 W, ATX"},
	{Description: "USB-C charger 65 W"},
	{Description: "Lithium battery pack", HTS: "8507.60"},
	{Description: "24-port gigabit switch, unmanaged", ECCN: "5A991"},
	{Description: "WiFi router", ECCN: "5A992.c"},
	{Description: "STM32F407 microcontroller", HTS: "8542.31"},
	{Description: "Raspberry Pi 5"},
	{Description: "Chip resistors 0603, 10k"},
	{Description: "AMD Ryzen 9 7950X processor"},
	{Description: "Intel Core i9-14900K", HTS: "8542.31"},
	{Description: "Game console PlayStation 5"},
	{Description: "Logic IC 74HC595", HTS: "8542.39"},
	{Description: "Op-amp LM358"},
	{Description: "Industrial PLC S7-1200", HTS: "8537.10"},
	{Description: "Ceramic capacitors", ECCN: "EAR99", HTS: "8532.24"},
	{Description: "MOSFET 60 V, TO-220"},
	{Description: "PCB connectors", HTS: "8536.69"},
	{Description: "Server rack 42U, empty cabinet", HTS: "9403.20"},
	{Description: "Rail kit for rack server", ECCN: "EAR99"},
	{Description: "Heatsink for CPU"},
	{Description: "Cooling fan for NVIDIA H100 server", HTS: "8414.59"},
	{Description: "GeForce RTX 4060 graphics card", Manufacturer: "NVIDIA", PartNumber: "RTX 4060", ECCN: "5A992.c"},
	{Description: "GeForce RTX 4080", Manufacturer: "NVIDIA", PartNumber: "RTX 4080"},
	{Description: "GeForce RTX 4090 D", Manufacturer: "NVIDIA", PartNumber: "RTX 4090 D"},
	{Description: "Graphics card", TPP: "3117", Datacenter: new(bool), HTS: "8473.30"},
	{Description: "Embedded accelerator module", TPP: "420"},
	{Description: "Desktop computer, i7, 16 GB", ECCN: "4A994"},
	{Description: "Water pump, stainless", HTS: "8413.70"},
	{Description: "Ball bearings", HTS: "8482.10"},
	{Description: "Coffee machine"},
	{Description: "T-shirts, cotton", HTS: "6109.10"},
	{Description: "Medical gloves", ECCN: "EAR99"},
	{Description: "Books", HTS: "4901.99"},
	{Description: "Soybeans", HTS: "1201.90"},
	{Description: "Digital multimeter", ECCN: "EAR99"},
	{Description: "Projector", HTS: "8528.69"},
	{Description: "Car brake pads", HTS: "8708.30"},
	{Description: "Solar panel 400 W", HTS: "8541.43"},
}

// countries of ordinary trade: no embargo, no Russia, no Belarus.
var markets = []event.Country{
	"AE", "AR", "AU", "AT", "BD", "BE", "BR", "CA", "CH", "CL", "CN", "CO", "CY", "CZ", "DE", "DK", "EG", "ES", "FI", "FR", "GB", "GE",
	"GR", "HK", "HU", "ID", "IE", "IL", "IN", "IS", "IT", "JO", "JP", "KE", "KR", "KW", "KZ", "LT", "LU", "MA", "MO", "MX", "MY", "NG", "NL", "NO",
	"NZ", "PE", "PH", "PK", "PL", "PT", "QA", "RO", "RS", "SA", "SE", "SG", "TH", "TR", "TW", "UA", "US", "VN", "ZA",
}

// Ordinary goods are released to ordinary places, whoever buys them and however little the order says of him.
func TestAWholeCatalogOfOrdinaryTradeIsReleased(t *testing.T) {
	t.Parallel()
	j := newJudge(t)
	dates := []event.Date{"2019-06-03", "2022-11-01", "2023-12-01", "2025-03-03", "2025-10-01", "2026-11-20"}
	n := 0
	for g, item := range goods {
		for m, country := range markets {
			o := tradeOrder(item, country, dates[(g+m)%len(dates)])
			n++
			if got := j.order(&o, screening.AsOf{}); got.Outcome != event.Release {
				t.Errorf("%s to %s on %s: %s by %s%s", item.Description, country, o.OrderDate, got.Outcome, got.Rule, findings(got))
			}
		}
	}
	t.Logf("%d orders", n)
}

func tradeOrder(item event.Item, country event.Country, date event.Date) event.Order {
	item.Quantity, item.Value, item.Currency = "40", "18400", "USD"
	city := fmt.Sprintf("Harbor City %s", country)
	return event.Order{
		Source: "trade", ID: "T-1", OrderDate: date, Items: []event.Item{item},
		Parties: []event.Party{
			{Role: event.Purchaser, Name: "Silver Heron Traders", Address: &event.Address{City: city, Country: country}},
			{Role: event.UltimateConsignee, Name: "Silver Heron Traders", Address: &event.Address{City: city, Country: country}},
		},
	}
}

// Advanced items go to allies and stay at home where every headquarters is known.
func TestAdvancedItemsForAlliesAndAtHomeAreReleased(t *testing.T) {
	t.Parallel()
	j := newJudge(t)
	parts := []string{"NVIDIA H100 SXM", "H200 NVL", "B200", "L40S", "RTX 4090", "AMD Instinct MI300X", "DGX H100"}
	for _, part := range parts {
		for _, country := range []event.Country{"US", "GB", "DE", "FR", "JP", "KR", "TW", "CA", "AU", "NL", "SE", "NO", "FI", "IT", "ES", "PL", "IN", "BR", "MX", "MY", "TH", "SG", "IL", "CH"} {
			for _, date := range []event.Date{"2023-12-01", "2025-05-14", "2025-05-15", "2026-11-20"} {
				o := tradeOrder(event.Item{Description: part + " server card", Manufacturer: "NVIDIA", PartNumber: part}, country, date)
				for i := range o.Parties {
					o.Parties[i].Headquarters, o.Parties[i].Independent = country, yes()
				}
				if got := j.order(&o, screening.AsOf{}); got.Outcome != event.Release {
					t.Errorf("%s to %s on %s: %s by %s%s", part, country, date, got.Outcome, got.Rule, findings(got))
				}
			}
		}
	}
}

func yes() *bool { v := true; return &v }

// order judges an order without a story before it.
func (j judge) order(o *event.Order, asOf screening.AsOf) event.Judgement {
	c := event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Tenant: "default", Source: o.Source, OrderID: o.ID,
		At: event.Instant(string(o.OrderDate) + "T12:00:00.000000Z"), Order: o,
	}
	f := j.reference.Facts(o, "")
	return j.pack.Decide(&c, &f, "", asOf)
}
