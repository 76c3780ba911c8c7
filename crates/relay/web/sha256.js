// SHA-256 (FIPS 180-4). `crypto.subtle` is there only in secure contexts, which a page on plain http
// from another machine is not, and it cannot be fed piece by piece.

const K = constants();

/** A sum that is fed piece by piece. */
export class Sha256 {
    constructor() {
        this.state = new Int32Array([
            0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
        ]);
        this.block = new Uint8Array(64);
        this.filled = 0;
        this.length = 0;
        this.words = new Int32Array(64);
    }

    /** Takes in `bytes` (a Uint8Array) and returns itself. */
    update(bytes) {
        this.length += bytes.length;
        let at = 0;
        if (this.filled > 0) {
            at = Math.min(64 - this.filled, bytes.length);
            this.block.set(bytes.subarray(0, at), this.filled);
            this.filled += at;
            if (this.filled < 64) return this;
            this.compress(this.block, 0);
            this.filled = 0;
        }
        for (; at + 64 <= bytes.length; at += 64) this.compress(bytes, at);
        this.block.set(bytes.subarray(at));
        this.filled = bytes.length - at;
        return this;
    }

    /** The sum in hexadecimal. Nothing can be taken in afterwards. */
    hex() {
        const bits = this.length * 8;
        const end = new Uint8Array(this.filled < 56 ? 64 - this.filled : 128 - this.filled);
        end[0] = 0x80;
        const tail = new DataView(end.buffer, end.length - 8);
        tail.setUint32(0, Math.floor(bits / 2 ** 32));
        tail.setUint32(4, bits >>> 0);
        this.update(end);
        return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
    }

    compress(bytes, from) {
        const w = this.words;
        for (let i = 0; i < 16; i++, from += 4) {
            w[i] = (bytes[from] << 24) | (bytes[from + 1] << 16) | (bytes[from + 2] << 8) | bytes[from + 3];
        }
        for (let i = 16; i < 64; i++) {
            const x = w[i - 15];
            const y = w[i - 2];
            const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
            const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
            w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
        }
        const state = this.state;
        let a = state[0];
        let b = state[1];
        let c = state[2];
        let d = state[3];
        let e = state[4];
        let f = state[5];
        let g = state[6];
        let h = state[7];
        for (let i = 0; i < 64; i++) {
            const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
            const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
            const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
            const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
            h = g;
            g = f;
            f = e;
            e = (d + t1) | 0;
            d = c;
            c = b;
            b = a;
            a = (t1 + t2) | 0;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, which is how the standard defines them. */
function constants() {
    const primes = [];
    for (let n = 2; primes.length < 64; n++) {
        if (primes.every((prime) => n % prime !== 0)) primes.push(n);
    }
    return new Int32Array(primes.map((prime) => cubeRootFraction(BigInt(prime))));
}

/** In whole numbers, for the last bits of `Math.cbrt` are not promised. */
function cubeRootFraction(prime) {
    const target = prime << 96n;
    let root = 0n;
    for (let bit = 1n << 35n; bit > 0n; bit >>= 1n) {
        if ((root | bit) ** 3n <= target) root |= bit;
    }
    return Number(BigInt.asIntN(32, root));
}
