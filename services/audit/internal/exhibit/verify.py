# Checks the records of an unpacked evidence pack with nothing but Python's own library and openssl:
#     python3 verify.py [KEY...]
# Each KEY is a file with a log's verifier key, got from elsewhere; without any, the pack's own keys serve.
import base64, hashlib, json, os, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
def read(name): return open(os.path.join(here, name), "rb").read()
def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def fail(what): sys.exit("FAILED: " + what)

def signed(pem, signature, message):
    with tempfile.TemporaryDirectory() as d:
        s, m = os.path.join(d, "s"), os.path.join(d, "m")
        open(s, "wb").write(signature); open(m, "wb").write(message)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", os.path.join(here, pem), "-rawin", "-in", m, "-sigfile", s],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

# A checkpoint is a text (name, size, root), an empty line, and a line "— NAME BASE64" for each signature, key hash first.
def signatures(note):
    text, rest = note.split(b"\n\n", 1)
    lines = [l.split(" ") for l in rest.decode().splitlines()]
    return text + b"\n", [(name, base64.b64decode(value)) for _, name, value in lines]

# The root that follows from a leaf's hash, its index and the path of the proof (RFC 9162, 2.1.3.2).
def root(leaf, index, size, path):
    node, last = sha(b"\0", leaf), size - 1
    for h in path:
        if index & 1 or index == last:
            node = sha(b"\1", h, node)
            while not index & 1 and index: index, last = index >> 1, last >> 1
        else: node = sha(b"\1", node, h)
        index, last = index >> 1, last >> 1
    return node if last == 0 else None

ed25519 = bytes.fromhex("302a300506032b6570032100") # begins such a key in key.pem (RFC 8410)
m = json.loads(read("manifest.json"))
trusted = [open(k).read().split() for k in sys.argv[1:]]
for log in m["logs"]:
    key = read(log["dir"] + "/key.pub").decode().strip()
    if trusted and not any(key in keys for keys in trusted): fail("the key of " + log["name"] + " is not one that was given")
    # The whole of it: a key of another kind can end with the same bytes and be somebody else's.
    pem = "-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(ed25519 + base64.b64decode(key.split("+", 2)[2])[1:]).decode() + "\n-----END PUBLIC KEY-----\n"
    if read(log["dir"] + "/key.pem") != pem.encode(): fail("key.pem is another key")
    log["points"] = {}
    for name in [log["dir"] + "/checkpoint"] + [s["checkpoint"] for s in log.get("timestamped", [])]:
        note = read(name)
        text, sigs = signatures(note)
        if not any(n == log["name"] and signed(log["dir"] + "/key.pem", s[4:], text) for n, s in sigs): fail(name + ": the log's signature")
        log["points"][name] = note
        print("good: " + name + ", signed by the log " + log["name"] + ", size " + text.decode().split("\n")[1])
    for w in log.get("witnesses", []):
        text, sigs = signatures(read(log["dir"] + "/checkpoint"))
        at = [int.from_bytes(s[4:12], "big") for n, s in sigs if len(s) == 76 and signed(w["pem"], s[12:], b"cosignature/v1\ntime %d\n" % int.from_bytes(s[4:12], "big") + text)]
        print("good: witnessed by " + w["name"] + ", seconds since 1970: " + str(at[0]) if at else "note: not signed by the witness " + w["name"])
for r in m["records"]:
    leaf, log = read(r["file"]), m["logs"][r["log"]]
    for name in r["proofs"]:
        head, note = read(name).split(b"\n\n", 1)
        lines = head.decode().split("\n")
        if note not in log["points"].values(): fail(name + ": its checkpoint is not in the pack")
        size, want = note.split(b"\n")[1:3]
        got = root(leaf, int(lines[1].split(" ")[1]), int(size), [base64.b64decode(l) for l in lines[2:]])
        if lines[1] != "index %d" % r["leaf"] or got != base64.b64decode(want): fail(name + ": the record is not under the checkpoint")
    top, body = leaf.split(b"\n", 1)
    if r.get("case"):
        body = read(r["case"])
        if hashlib.sha256(body).hexdigest() != json.loads(top)["sha256"]: fail(r["case"])
    case = [l for l in body.split(b"\n") if l]
    said, kind = json.loads(case[0]), json.loads(top)["kind"]
    if (kind, said["event"]) != (r["kind"], r["event"]): fail(r["file"] + ": the manifest says other things of it than it says itself")
    if kind != "license" and [said.get(k, "") for k in ("order_id", "source")] != [m.get(k, "") for k in ("order_id", "source")]: fail(r["file"] + ": it is of another order")
    for before, line in zip(case, case[1:]):
        if json.loads(line)["prev"] != hashlib.sha256(before).hexdigest(): fail(r["file"] + ": its lines do not follow each other")
    if r.get("received") and not r.get("received_partly") and hashlib.sha256(read(r["received"])).hexdigest() != json.loads(case[0])["received"]["sha256"]: fail(r["received"])
    print("good: " + r["file"] + ", leaf " + str(r["leaf"]) + " of " + log["name"] + ", " + r["kind"] + ", event " + r["event"])
