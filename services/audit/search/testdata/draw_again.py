"""Draws a sample again from an export of its population: see the doc comment of Drawn, from which alone this was written.

usage: draw_again.py POPULATION.jsonl N NUMBER random|value|STRATA [CURRENCY]     prints the leaves drawn, in the order of the log
"""
import hashlib, json, sys
from fractions import Fraction

lines = [json.loads(l) for l in open(sys.argv[1], encoding="utf-8")]
trailer, records = lines[-1], lines[:-1]
assert trailer["rows"] == len(records)
n, number, by = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

text = "tidegate sample 1\n"
for c in trailer["checkpoints"]:
    text += f'{c["log"]} {c["size"]} {c["root"]}\n'
seed = hashlib.sha256((text + f"{number}\n").encode()).digest()


def ticket(r):
    return hashlib.sha256(seed + r["log"].to_bytes(8, "big") + r["leaf"].to_bytes(8, "big")).digest()


def smallest(rs, k):
    return sorted(rs, key=ticket)[:k]


def value(r, currency):
    total = Fraction(0)
    for item in r["lines"][0]["order"]["items"]:
        if item.get("value") is None or item.get("currency") != currency:
            return None
        total += Fraction(str(item["value"]))
    return int(total * 1_000_000) or None


records.sort(key=lambda r: (r["log"], r["leaf"]))
if by == "random":
    drawn = smallest(records, n)
elif by == "value":
    valued = [(r, value(r, sys.argv[5])) for r in records]
    without = [r for r, v in valued if v is None]
    valued = [(r, v) for r, v in valued if v is not None]
    total = sum(v for _, v in valued)
    drawn, below, k = [], 0, 0
    if total:
        start = int.from_bytes(hashlib.sha256(seed + b"start").digest(), "big") % total
        points = [(start + k * total) // n for k in range(n)]
        for r, v in valued:
            if any(below <= p < below + v for p in points):
                drawn.append(r)
            below += v
    drawn += smallest(without, -(-n * len(without) // len(records)))
else:
    of = {"outcome": lambda r: r.get("outcome"), "rule": lambda r: r.get("rule"), "month": lambda r: r.get("date", "")[:7], "source": lambda r: r.get("source")}
    strata = {}
    for r in records:
        strata.setdefault(" ".join(of[s](r) or "-" for s in by.split(",")), []).append(r)
    rest = sum(len(rs) - 1 for rs in strata.values())
    left = min(n - len(strata), rest)
    share = {name: 1 + left * (len(rs) - 1) // rest for name, rs in strata.items()}
    over = n if n < 0 else left - sum(s - 1 for s in share.values())
    for name in sorted(strata, key=lambda name: (-(left * (len(strata[name]) - 1) % rest), name))[:over]:
        share[name] += 1
    drawn = [r for name, rs in strata.items() for r in smallest(rs, share[name])]
print(json.dumps(sorted(r["leaf"] for r in drawn)))
