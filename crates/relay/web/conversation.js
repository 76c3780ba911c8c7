// A conversation: what comes and goes over the link, what is shown of it, and what is kept of it.

import * as envelope from "./envelope.js";
import { Inbox } from "./inbox.js";
import { Outbox } from "./outbox.js";
import { Texts } from "./texts.js";
import * as store from "./store.js";
import * as talk from "./talk.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);

let current = null;

/** One session's conversation over `link`. The composer belongs to the newest one. */
export class Conversation {
    constructor(link) {
        current = this;
        this.link = link;
        this.log = [];
        this.ended = null;
        this.cards = new Map();
        // Files of an earlier page that were under way when it was left.
        this.abandoned = [];
        this.texts = new Texts(link);
        // Nobody's numbers meet: neither those of the other side nor those of a page before a reload.
        const [start] = crypto.getRandomValues(new Uint32Array(1));
        this.outbox = new Outbox(link, (transfer) => this.show(transfer, true), start >>> 1);
        this.inbox = new Inbox(link, (transfer) => this.show(transfer, false));
        link.addEventListener("data", ({ detail }) => this.take(detail));
    }

    /** Two sides are there, for the first time. */
    began() {
        this.log = [];
        this.texts = new Texts(this.link);
    }

    /** Shows again what an earlier page of this tab had. */
    restore({ log, ended, underWay }) {
        this.log = log;
        this.ended = ended ?? null;
        this.abandoned = underWay ?? [];
        talk.clear();
        for (const entry of log) {
            if (entry.kind === "said") this.texts.restore(entry, talk.message(entry));
            else if (entry.kind === "note") talk.note(entry);
            else talk.note({ text: fileLine(entry) });
        }
    }

    /** The two sides are connected again: what was under way may have been lost. */
    reconnected() {
        for (const id of this.abandoned.splice(0)) {
            this.link.send(envelope.jsonFrame(envelope.FAILED, { id, message: "The other side has reloaded its page." }));
        }
        this.texts.sendAgain();
        this.outbox.restart();
        this.save();
    }

    over(why) {
        this.texts.stop();
        this.outbox.stop("the session ended first.");
        this.inbox.stop("the session ended first.");
        this.ended = why;
        this.save();
    }

    note(text) {
        this.keep({ kind: "note", text, at: Date.now() });
        talk.note({ text });
    }

    /** Sends a message. Returns what is wrong with it, or nothing. */
    say(text) {
        const id = this.outbox.number();
        const frame = envelope.textFrame(id, text);
        const most = this.link.session?.max_frame ?? 1 << 16;
        if (frame.length > most) {
            return `This is too long for one message: ${words.size(frame.length)} of at most ${words.size(most)}. Send it as a file.`;
        }
        if (!this.link.send(frame)) return "There is no connection at the moment.";
        const entry = { kind: "said", id, text, mine: true, at: Date.now(), state: "sent" };
        this.texts.sent(entry, talk.message(entry));
        this.keep(entry);
        return "";
    }

    sendFiles(files) {
        if (this.link.over || !this.link.session?.paired) return;
        for (const file of files) this.outbox.add(file);
    }

    take(buffer) {
        let frame;
        try {
            frame = envelope.parse(buffer);
        } catch (error) {
            this.note("The other side sent something that this page does not understand: " + error.message);
            return;
        }
        switch (frame.kind) {
            case envelope.TEXT: {
                if (!this.texts.take(frame.id)) return;
                const entry = { kind: "said", id: frame.id, text: frame.text, mine: false, at: Date.now() };
                this.keep(entry);
                return talk.message(entry);
            }
            case envelope.TEXT_RECEIVED:
                this.texts.received(frame.id);
                return this.save();
            case envelope.FILE_BEGINS:
                return this.inbox.begin(frame);
            case envelope.CHUNK:
                return this.inbox.chunk(frame);
            case envelope.FILE_ENDS:
                return this.inbox.end(frame);
            case envelope.RECEIVED:
                return this.outbox.received(frame.id, frame.sha256);
            case envelope.FAILED:
                this.outbox.fail(frame.id, frame.message);
                return this.inbox.failed(frame);
        }
    }

    show(transfer, mine) {
        let card = this.cards.get(transfer);
        if (!card) {
            const box = mine ? this.outbox : this.inbox;
            card = new talk.FileCard(transfer.name, mine, () => box.cancel(transfer.id));
            this.cards.set(transfer, card);
            this.save();
        }
        card.show(transfer);
        if (transfer.state !== "received" && transfer.state !== "failed") return;
        this.cards.delete(transfer);
        const { name, size, done, state, why } = transfer;
        this.keep({ kind: "file", name, size: size ?? done, state, why, mine, at: Date.now() });
    }

    keep(entry) {
        this.log.push(entry);
        if (this.log.length > talk.SHOWN) this.log.shift();
        this.save();
    }

    save() {
        store.save(() => {
            const { log, ended } = this;
            const underWay = [...this.cards.keys()].map(({ id }) => id);
            return { session: this.link.session, log, ended, underWay };
        });
    }
}

function fileLine({ name, size, state, why, mine }) {
    const what = `${name} (${words.size(size)})`;
    if (state === "failed") return `${what} failed: ${why}`;
    return mine ? `You sent ${what}.` : `You received ${what}. A reload lets go of what was received.`;
}

const text = $("text");

function grow() {
    text.style.height = "auto";
    text.style.height = text.scrollHeight + "px";
}

$("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!text.value.trim()) return;
    const problem = current.say(text.value);
    $("text-problem").textContent = problem;
    $("text-problem").hidden = !problem;
    if (!problem) text.value = "";
    grow();
    text.focus();
});
text.addEventListener("keydown", (event) => {
    // While a word is being composed, Enter belongs to the keyboard.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        if (!$("send").disabled) $("composer").requestSubmit();
    }
});
text.addEventListener("input", () => {
    $("text-problem").hidden = true;
    grow();
});
$("attach").addEventListener("click", () => $("files").click());
$("files").addEventListener("change", (event) => {
    current.sendFiles(event.target.files);
    event.target.value = "";
});
addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length || $("talk").hidden) return;
    event.preventDefault();
    current.sendFiles(event.clipboardData.files);
});

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
const canDrop = () => !$("talk").hidden && !current.link.over;
addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    // Without this, a file that is dropped replaces the page.
    event.preventDefault();
    event.dataTransfer.dropEffect = canDrop() ? "copy" : "none";
    $("drop").hidden = !canDrop();
});
addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) $("drop").hidden = true;
});
addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    $("drop").hidden = true;
    if (canDrop()) current.sendFiles(event.dataTransfer.files);
});
addEventListener("beforeunload", (event) => {
    if (current && !current.link.over && current.cards.size > 0) event.preventDefault();
});
