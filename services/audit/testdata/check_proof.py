# Checks a leaf against its proof and the log's key: python3 check_proof.py LEAF PROOF KEY. Needs openssl.
import sys, hashlib, base64, subprocess, tempfile, os
leaf, proof, key = (open(f, "rb").read() for f in sys.argv[1:4])
(head, note), sha = proof.decode().split("\n\n", 1), lambda *parts: hashlib.sha256(b"".join(parts)).digest()
lines = [l for l in head.split("\n")[1:] if not l.startswith("extra ")]
index, path = int(lines[0].split()[1]), [base64.b64decode(l) for l in lines[1:]]
(text, sigs), (size, root) = note.split("\n\n", 1), note.split("\n")[1:3]
node, at, last = sha(b"\0", leaf), index, int(size) - 1
for h in path:
    if at & 1 or at == last:
        node = sha(b"\1", h, node)
        while not at & 1 and at: at, last = at >> 1, last >> 1
    else: node = sha(b"\1", node, h)
    at, last = at >> 1, last >> 1
d, (name, _, vkey) = tempfile.mkdtemp(), key.decode().strip().split("+", 2)
sig = next(l.split()[2] for l in sigs.split("\n") if l.startswith("— " + name + " "))
for f, b in {"k": bytes.fromhex("302a300506032b6570032100") + base64.b64decode(vkey)[1:], "s": base64.b64decode(sig)[4:], "t": (text + "\n").encode()}.items():
    open(os.path.join(d, f), "wb").write(b)
signed = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", d + "/k", "-rawin", "-in", d + "/t", "-sigfile", d + "/s"], stdout=subprocess.DEVNULL).returncode == 0
print("signature", signed, "inclusion", last == 0 and base64.b64encode(node).decode() == root)
