// The conversation as it is shown: messages, notes, files.

import { copy } from "./clipboard.js";
import * as words from "./words.js";

const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}']/g;
// Pictures of other kinds may hold scripts or tire the browser.
const PREVIEWS = new Map([["png", "image/png"], ["jpg", "image/jpeg"], ["jpeg", "image/jpeg"], ["gif", "image/gif"], ["webp", "image/webp"]]);
const PREVIEW_MOST = 20_000_000;

/** So many entries stay: what is further up is taken off. */
export const SHOWN = 2000;

const log = document.getElementById("log");

/** Shows a message; `mine` if it was written here. Answers what `delivery` is told of it. */
export function message({ text, mine, at, state }) {
    const item = part("li", "said" + (mine ? " mine" : ""));
    const body = part("p");
    body.append(...linked(text));
    item.append(part("span", "unseen", mine ? "You: " : "Other side: "), body);
    const meta = part("p", "meta");
    meta.append(part("time", "", words.timeOfDay(at)));
    const how = part("span");
    if (mine) meta.append(how);
    else meta.append(button("Copy", async () => say((await copy(text)) ? "Copied" : "The browser does not allow copying")));
    item.append(meta);
    delivery(how, state);
    add(item);
    return how;
}

/** Shows how far a message of ours has come: "sent", "delivered", or "lost" for one that nobody has answered. */
export function delivery(how, state) {
    how.textContent = state === "lost" ? "not confirmed" : (state ?? "");
    how.className = state === "lost" ? "bad" : "";
}

/** Shows what happened to the session. */
export function note({ text }) {
    add(part("li", "note", text));
}

/** Takes everything off. */
export function clear() {
    log.replaceChildren();
}

/** Says it to screen readers, once. */
export function announce(text) {
    document.getElementById("announce").textContent = text;
}

let toastTimer = 0;

/** Says it briefly to everybody. */
export function say(text) {
    const toast = document.getElementById("toast");
    toast.textContent = text;
    toast.classList.add("shown");
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => toast.classList.remove("shown"), 2000);
}

/** The card of a file. `show` brings it up to date with a transfer; it calls `cancel` when asked to. */
export class FileCard {
    constructor(name, mine, cancel) {
        this.item = part("li", "file" + (mine ? " mine" : ""));
        this.mine = mine;
        this.icon = icon("i-file");
        this.how = part("span", "how");
        this.bar = part("progress");
        this.bar.max = 1;
        this.bar.setAttribute("aria-label", "Progress of " + name);
        this.buttons = part("p", "buttons");
        const stop = button("Cancel", cancel);
        stop.setAttribute("aria-label", "Cancel " + name);
        this.buttons.append(stop);
        const title = part("span", "name", name);
        title.prepend(part("span", "unseen", mine ? "You send " : "Other side sends "));
        this.item.append(this.icon, title, this.how, this.bar, this.buttons);
        this.at = 0;
        add(this.item);
    }

    show({ name, size, done, state, why, blob }) {
        const over = state === "received" || state === "failed";
        // The eye needs no more, and the drawing would slow the receiving.
        if (!over && state === this.state && performance.now() - this.at < 80) return;
        this.at = performance.now();
        const changed = state !== this.state;
        this.state = state;
        this.bar.hidden = over;
        if (size) this.bar.value = done / size;
        this.how.textContent = how({ size, done, state, why }, this.mine);
        this.how.className = "how" + (state === "failed" ? " bad" : state === "received" ? " good" : "");
        if (!changed || !over) return;
        const near = nearEnd();
        this.buttons.replaceChildren();
        if (blob) this.offer(name, blob);
        this.buttons.hidden = this.buttons.childElementCount === 0;
        announce(name + ": " + this.how.textContent);
        if (near) toEnd();
    }

    offer(name, blob) {
        const save = part("a", "", "Download");
        save.href = URL.createObjectURL(blob);
        save.download = name;
        save.setAttribute("aria-label", "Download " + name);
        this.buttons.append(save);
        const type = PREVIEWS.get(name.split(".").pop().toLowerCase());
        if (!type || blob.size > PREVIEW_MOST) return;
        const picture = part("img");
        picture.alt = "";
        picture.onload = () => this.icon.replaceWith(picture);
        picture.src = URL.createObjectURL(blob.slice(0, blob.size, type));
    }
}

function how({ size, done, state, why }, mine) {
    const all = words.size(size ?? done);
    switch (state) {
        case "queued":
            return all + ", waiting";
        case "sent":
            return all + ", waiting for the other side to check it";
        case "received":
            return all + ", " + (mine ? "delivered" : "received") + ", checksum verified";
        case "failed":
            return "Failed: " + (why || "no reason was given");
        default:
            return size ? `${words.size(done)} of ${all}` : words.size(done);
    }
}

/** `text` with its web addresses as links. */
function linked(text) {
    const out = [];
    let at = 0;
    for (const { 0: address, index } of text.matchAll(LINK)) {
        const anchor = part("a", "", address);
        anchor.href = address;
        anchor.target = "_blank";
        anchor.rel = "noopener noreferrer";
        out.push(text.slice(at, index), anchor);
        at = index + address.length;
    }
    out.push(text.slice(at));
    return out;
}

/** Adds to the end, and goes there unless somebody reads further up. */
function add(item) {
    const near = nearEnd();
    log.append(item);
    if (log.childElementCount > SHOWN) log.firstElementChild.remove();
    if (near) toEnd();
}

function nearEnd() {
    return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function toEnd() {
    log.scrollTop = log.scrollHeight;
}

function part(name, className = "", text = "") {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text) element.textContent = text;
    return element;
}

function button(text, act) {
    const element = part("button", "", text);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
}

function icon(name) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS(space, "use"));
    svg.firstChild.setAttribute("href", "#" + name);
    return svg;
}
