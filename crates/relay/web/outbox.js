// Files on their way out: one after the other, in chunks, with their sum.

import { FAILED, FILE_BEGINS, FILE_ENDS, HEAD, chunkFrame, jsonFrame } from "./envelope.js";
import { Sha256 } from "./sha256.js";

// Read so much at once: a read per chunk would take longer than the sending.
const READ_BYTES = 1 << 20;

/**
 * Sends files over a `Link`. For each it calls `show(transfer)` whenever something changed; a transfer is
 * `{id, name, size, done, state, why}` with a state of "queued", "sending", "sent" (all is out, the other side has not
 * answered yet), "received", "failed".
 */
export class Outbox {
    constructor(link, show, firstId) {
        this.link = link;
        this.show = show;
        this.nextId = firstId;
        this.transfers = new Map();
        this.busy = false;
        // Counts connections: what was sent over an earlier one may never have arrived.
        this.round = 0;
    }

    /** A number that nothing of this side has yet: texts take theirs here too. */
    number() {
        const id = this.nextId;
        this.nextId = (id + 1) >>> 0;
        return id;
    }

    /** Puts `file` (a File) at the end of the queue and returns its transfer. */
    add(file) {
        const transfer = { id: this.number(), name: file.name || "file", size: file.size, done: 0, state: "queued", file };
        this.transfers.set(transfer.id, transfer);
        this.show(transfer);
        this.work();
        return transfer;
    }

    /** True while a file is not yet at the other side. */
    get pending() {
        return this.active().length > 0;
    }

    /** Gives one up, and tells the other side. */
    cancel(id) {
        this.link.send(jsonFrame(FAILED, { id, message: "The sender has canceled it." }));
        this.fail(id, "You canceled it.");
    }

    /** The other side refuses it or has failed. */
    fail(id, why) {
        this.settle(id, "failed", why);
    }

    /** The other side has all of it, and says which sum it found. */
    received(id, sha256) {
        const transfer = this.transfers.get(id);
        if (transfer?.state !== "sent") return;
        if (transfer.sha256 === sha256) this.settle(id, "received");
        else this.settle(id, "failed", "The other side received something else: the checksums differ.");
    }

    /** After a broken connection, whoever's it was: what was not acknowledged goes out again from its beginning. */
    restart() {
        this.round++;
        for (const transfer of this.active()) {
            transfer.done = 0;
            transfer.state = "queued";
            this.show(transfer);
        }
        this.work();
    }

    /** The session is over. */
    stop(why) {
        this.round++;
        for (const transfer of this.active()) this.settle(transfer.id, "failed", why);
    }

    active() {
        return [...this.transfers.values()].filter(({ state }) => state !== "received" && state !== "failed");
    }

    settle(id, state, why) {
        const transfer = this.transfers.get(id);
        if (!transfer || transfer.state === "received" || transfer.state === "failed") return;
        transfer.state = state;
        transfer.why = why;
        this.show(transfer);
    }

    async work() {
        if (this.busy) return;
        this.busy = true;
        for (let next; this.link.open && (next = this.active().find(({ state }) => state === "queued")); ) {
            try {
                await this.sendOne(next, this.round);
            } catch (error) {
                // The file was changed or removed since it was chosen.
                this.link.send(jsonFrame(FAILED, { id: next.id, message: "The sender cannot read it any more." }));
                this.fail(next.id, "It cannot be read: " + error.message);
            }
        }
        this.busy = false;
    }

    /** Returns early where the transfer was canceled or the connection lost. */
    async sendOne(transfer, round) {
        const { id, file } = transfer;
        const current = () => round === this.round && transfer.state === "sending";
        const piece = (this.link.session?.max_frame ?? 1 << 16) - HEAD;
        const sum = new Sha256();
        transfer.state = "sending";
        this.show(transfer);
        const begins = { id, name: transfer.name, size: file.size, mime: file.type };
        if (!this.link.send(jsonFrame(FILE_BEGINS, begins))) return this.putBack(transfer, round);
        for (let at = 0; at < file.size; at += READ_BYTES) {
            const bytes = new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer());
            sum.update(bytes);
            for (let from = 0; from < bytes.length; from += piece) {
                if (!current()) return;
                if (!(await this.link.room()) || !current()) return this.putBack(transfer, round);
                this.link.send(chunkFrame(id, bytes.subarray(from, from + piece)));
                transfer.done = at + Math.min(from + piece, bytes.length);
            }
            this.show(transfer);
        }
        if (!current()) return;
        transfer.sha256 = sum.hex();
        if (!this.link.send(jsonFrame(FILE_ENDS, { id, sha256: transfer.sha256, size: file.size }))) {
            return this.putBack(transfer, round);
        }
        transfer.state = "sent";
        this.show(transfer);
    }

    /** The connection was lost under it: it waits for `restart`. */
    putBack(transfer, round) {
        if (round !== this.round || transfer.state !== "sending") return;
        transfer.state = "queued";
        this.show(transfer);
    }
}
