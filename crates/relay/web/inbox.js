// Files on their way in: collected, summed up, and offered when the sum is right.

import { FAILED, RECEIVED, jsonFrame } from "./envelope.js";
import { Sha256 } from "./sha256.js";

// What was received is handed to the browser in pieces of this size, which it may keep on disk.
const KEEP_BYTES = 8 << 20;
// A page cannot write to a file as it comes in.
const LARGEST = 2 ** 31;
// So many may be under way at once: each costs memory, and the other side decides how many it begins.
const MOST_AT_ONCE = 16;

/**
 * Takes the frames of incoming files. It calls `show(transfer)` whenever something changed; a transfer is
 * `{id, name, size, done, state, why, blob, sha256}` with a state of "receiving", "received", "failed".
 */
export class Inbox {
    constructor(link, show) {
        this.link = link;
        this.show = show;
        this.transfers = new Map();
    }

    /** True while a file is under way. */
    get pending() {
        return this.transfers.size > 0;
    }

    begin({ id, name, size, mime }) {
        const before = this.transfers.get(id);
        if (!before && this.transfers.size >= MOST_AT_ONCE) return this.refuse(id, "Too many files at once.");
        if (size > LARGEST) return this.refuse(id, "The page takes files of up to 2 GiB: use tenure-relay receive.");
        // The same number again: the sender starts anew after a broken connection.
        const transfer = before ?? { id };
        Object.assign(transfer, { name, size, mime, done: 0, state: "receiving", sum: new Sha256(), parts: [], loose: [], held: 0 });
        this.transfers.set(id, transfer);
        this.show(transfer);
    }

    chunk({ id, bytes }) {
        const transfer = this.transfers.get(id);
        // Of one that was refused or canceled: the sender has not heard of it yet.
        if (!transfer) return;
        transfer.sum.update(bytes);
        transfer.loose.push(bytes);
        transfer.held += bytes.length;
        transfer.done += bytes.length;
        if (transfer.done > (transfer.size ?? LARGEST)) return this.giveUp(id, "More came than was announced.");
        if (transfer.held >= KEEP_BYTES) pack(transfer);
        this.show(transfer);
    }

    end({ id, sha256, size }) {
        const transfer = this.transfers.get(id);
        if (!transfer) return;
        const found = transfer.sum.hex();
        if (size !== null && size !== transfer.done) {
            return this.giveUp(id, `${transfer.done} of ${size} bytes arrived.`);
        }
        if (found !== sha256) return this.giveUp(id, "The checksum is wrong: it was changed or cut on the way.");
        pack(transfer);
        // Never as what the sender calls it: a page of theirs must not be opened as one of ours.
        transfer.blob = new Blob(transfer.parts, { type: "application/octet-stream" });
        transfer.sha256 = found;
        this.link.send(jsonFrame(RECEIVED, { id, sha256: found }));
        this.settle(id, "received");
    }

    /** The sender has given it up. */
    failed({ id, message }) {
        this.settle(id, "failed", message);
    }

    /** We do not want it any more. */
    cancel(id) {
        this.link.send(jsonFrame(FAILED, { id, message: "The receiver has canceled it." }));
        this.settle(id, "failed", "You canceled it.");
    }

    /** The session is over. */
    stop(why) {
        for (const id of [...this.transfers.keys()]) this.settle(id, "failed", why);
    }

    refuse(id, why) {
        this.link.send(jsonFrame(FAILED, { id, message: why }));
    }

    giveUp(id, why) {
        this.refuse(id, why);
        this.settle(id, "failed", why);
    }

    settle(id, state, why) {
        const transfer = this.transfers.get(id);
        if (!transfer) return;
        this.transfers.delete(id);
        transfer.state = state;
        transfer.why = why;
        transfer.parts = transfer.loose = [];
        this.show(transfer);
    }
}

function pack(transfer) {
    transfer.parts.push(new Blob(transfer.loose));
    transfer.loose = [];
    transfer.held = 0;
}
