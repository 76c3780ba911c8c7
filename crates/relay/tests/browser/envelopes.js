// Run in the page: what does not hold of its envelopes, names and codes, as a list of sentences.
const envelope = await import("/assets/envelope.js");
const { codeOf, size, clock } = await import("/assets/words.js");
const problems = [];
const same = (what, found, expected) => {
    if (JSON.stringify(found) !== JSON.stringify(expected)) problems.push(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
};
const bytes = (...all) => new Uint8Array(all.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : [part])));
const parsed = (...all) => envelope.parse(bytes(...all).buffer);

same("a text", parsed(...envelope.textFrame(0xfffffffe, "süß 🙂")), { kind: 0, id: 0xfffffffe, text: "süß 🙂" });
same("a text's answer", [...envelope.textReceivedFrame(258)], [6, 0, 0, 1, 2]);
same("the same, read", parsed(6, 0, 0, 1, 2), { kind: 6, id: 258 });
same("a chunk's frame", [...envelope.chunkFrame(7, bytes("abc"))], [2, 0, 0, 0, 7, 97, 98, 99]);
const chunk = parsed(2, 255, 0, 0, 1, "ab");
same("a chunk", [chunk.id, ...chunk.bytes], [0xff000001, 97, 98]);
same("a beginning", parsed(1, '{"id":3,"name":"../../.bashrc","size":null,"mime":"a/b"}'), { kind: 1, id: 3, name: "bashrc", size: null, mime: "a/b" });
same("an end", parsed(3, '{"id":3,"sha256":"AB","size":9}'), { kind: 3, id: 3, sha256: "ab", size: 9 });
same("a failure", parsed(5, '{"id":3,"message":"full"}'), { kind: 5, id: 3, message: "full" });

const bad = [[], [6], [7], [0, 0xff], [0, 0, 0, 0, 1, 0xff], [2, 0, 0], [1], [1, "null"], [1, "[]"], [1, '{"id":-1}'], [1, '{"id":1.5}'], [1, '{"id":4294967296}'], [3, '{"id":1}'], [4, '{"id":1,"sha256":7}'], [5, "{}"]];
for (const frame of bad) {
    try {
        problems.push(`${JSON.stringify(frame)} is taken as ${JSON.stringify(parsed(...frame))}`);
    } catch (error) {
        if (!(error instanceof Error) || !error.message) problems.push(`${frame}: no reason`);
    }
}

const names = { "C:\\x\\y.txt": "y.txt", "/etc/passwd": "passwd", "...": "file", "": "file", "..": "file", "a\u202Ecod.exe": "acod.exe", "a\nb\0.txt": "ab.txt", " .hidden": "hidden", "a/": "file", "plan.pdf": "plan.pdf" };
for (const [name, safe] of Object.entries(names)) same(`the name ${JSON.stringify(name)}`, envelope.safeName(name), safe);
same("a long name", envelope.safeName("x".repeat(500)).length, 120);

for (const text of ["k7qx2m9p", " K7QX-2M9P ", "k7 qx 2m 9p", "K7QX–2M9P"]) same(text, codeOf(text), "K7QX-2M9P");
for (const text of ["", "K7QX-2M9", "K7QX-2M9PP", "K7QX-2M90", "K7QX-2M9I", "<script>"]) same(text, codeOf(text), null);
same("sizes", [0, 1, 999, 1000, 99_949, 99_400, 999_499, 999_500, 3e9].map(size), ["0 bytes", "1 bytes", "999 bytes", "1.0 kB", "100 kB", "99.4 kB", "999 kB", "1.0 MB", "3.0 GB"]);
same("clocks", [0, 900, 61_000, 3_600_000].map(clock), ["0:00", "0:01", "1:01", "1:00:00"]);
return problems;
