// Which texts the other side has, and which of its texts are here: none is lost with a connection, none is shown twice.

import { textFrame, textReceivedFrame } from "./envelope.js";
import * as talk from "./talk.js";

// So many numbers of the other side's texts are remembered: more are never on their way at once.
const REMEMBERED = 4000;

/** The texts of one session. An entry is `{id, text, mine, state}`; its state is "sent", "delivered" or "lost". */
export class Texts {
    constructor(link) {
        this.link = link;
        // Those that nobody has answered yet, by number, in the order in which they were written: `{entry, how}`.
        this.open = new Map();
        this.seen = new Set();
    }

    /** `entry` is on its way; `how` shows how far it has come. */
    sent(entry, how) {
        this.open.set(entry.id, { entry, how });
    }

    /** What an earlier page of this tab had sent or shown. */
    restore(entry, how) {
        if (!entry.mine) this.remember(entry.id);
        else if (entry.state === "sent") this.sent(entry, how);
    }

    /** The other side has it. */
    received(id) {
        this.settle(id, "delivered");
    }

    /** A text of the other side's is here, which is told that. False if it was here before: it was sent again. */
    take(id) {
        this.link.send(textReceivedFrame(id));
        return this.remember(id);
    }

    /** After a broken connection, whoever's it was: what was not answered may never have arrived. */
    sendAgain() {
        for (const { entry } of this.open.values()) this.link.send(textFrame(entry.id, entry.text));
    }

    /** The session is over. */
    stop() {
        for (const id of [...this.open.keys()]) this.settle(id, "lost");
    }

    remember(id) {
        if (this.seen.has(id)) return false;
        this.seen.add(id);
        if (this.seen.size > REMEMBERED) this.seen.delete(this.seen.values().next().value);
        return true;
    }

    settle(id, state) {
        const text = this.open.get(id);
        if (!text) return;
        this.open.delete(id);
        text.entry.state = state;
        talk.delivery(text.how, state);
    }
}
