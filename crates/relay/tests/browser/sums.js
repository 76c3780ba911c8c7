// Run in the page: the sums of 0 to 259 bytes, fed in uneven pieces.
const { Sha256 } = await import("/assets/sha256.js");
const sums = [];
for (let length = 0; length < 260; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 7 + length);
    const sum = new Sha256();
    for (let at = 0, piece = 1; at < length; at += piece, piece = (piece * 5) % 97) {
        sum.update(bytes.subarray(at, at + piece));
    }
    sums.push(sum.hex());
}
return sums;
