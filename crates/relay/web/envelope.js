// What is inside the binary frames: the first byte says the kind, the rest is its content. Page and command line speak it
// to each other; the relay does not look at it.

export const TEXT = 0;
export const FILE_BEGINS = 1;
export const CHUNK = 2;
export const FILE_ENDS = 3;
export const RECEIVED = 4;
export const FAILED = 5;
export const TEXT_RECEIVED = 6;

/** So many bytes of the frame of a chunk, or of a text, are not its content: the kind and a number. */
export const HEAD = 5;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The frame for the message `id`. */
export function textFrame(id, text) {
    return numbered(TEXT, id, encoder.encode(text));
}

/** The frame that says that the message `id` is here. */
export function textReceivedFrame(id) {
    return numbered(TEXT_RECEIVED, id, new Uint8Array());
}

/** The frame of `kind` (not a text nor a chunk) with `content`, an object. */
export function jsonFrame(kind, content) {
    return frame(kind, encoder.encode(JSON.stringify(content)));
}

/** The frame for the bytes of the file `id`. */
export function chunkFrame(id, bytes) {
    return numbered(CHUNK, id, bytes);
}

function numbered(kind, id, content) {
    const out = new Uint8Array(HEAD + content.length);
    out[0] = kind;
    new DataView(out.buffer).setUint32(1, id);
    out.set(content, HEAD);
    return out;
}

function frame(kind, content) {
    const out = new Uint8Array(1 + content.length);
    out[0] = kind;
    out.set(content, 1);
    return out;
}

/**
 * What the frame in `buffer` (an ArrayBuffer) says: `{kind, id, text}`, `{kind, id, bytes}`, `{kind, id}` or `{kind, …}` with the fields of
 * its JSON, checked. Throws an Error that says what is wrong with it: the other side may send anything.
 */
export function parse(buffer) {
    if (buffer.byteLength === 0) throw new Error("an empty frame");
    const bytes = new Uint8Array(buffer);
    const kind = bytes[0];
    if (kind === TEXT || kind === CHUNK || kind === TEXT_RECEIVED) {
        if (bytes.length < HEAD) throw new Error(`a frame of kind ${kind} and ${bytes.length} bytes, too short for a number`);
        const [id, content] = [new DataView(buffer).getUint32(1), bytes.subarray(HEAD)];
        if (kind === TEXT) return { kind, id, text: decoder.decode(content) };
        return kind === CHUNK ? { kind, id, bytes: content } : { kind, id };
    }
    if (kind > TEXT_RECEIVED) throw new Error("a frame of the unknown kind " + kind);
    const said = JSON.parse(decoder.decode(bytes.subarray(1)));
    if (!isCount(said?.id) || said.id > 0xffffffff) throw new Error("a frame of kind " + kind + " without a file's number");
    if (kind === FILE_BEGINS) return begins(kind, said);
    if (kind === FAILED) return { kind, id: said.id, message: textOr(said.message, "no reason was given") };
    if (typeof said.sha256 !== "string") throw new Error("a frame of kind " + kind + " without a checksum");
    return { kind, id: said.id, sha256: said.sha256.toLowerCase(), size: isCount(said.size) ? said.size : null };
}

function begins(kind, said) {
    return {
        kind,
        id: said.id,
        name: safeName(textOr(said.name, "")),
        size: isCount(said.size) ? said.size : null,
        mime: textOr(said.mime, ""),
    };
}

/** A name that a file may be saved under, whatever the other side called it: no folders, no leading dots, no control signs. */
export function safeName(name) {
    const last = name.split(/[/\\]/).pop();
    // Control signs, and those that turn the direction of writing: "cod.exe" must not look like "exe.doc".
    const plain = last.replace(/[\p{Cc}\p{Cf}]/gu, "").replace(/^[.\s]+/, "").trim();
    return Array.from(plain).slice(0, 120).join("") || "file";
}

function isCount(value) {
    return Number.isSafeInteger(value) && value >= 0;
}

function textOr(value, otherwise) {
    return typeof value === "string" ? value : otherwise;
}
