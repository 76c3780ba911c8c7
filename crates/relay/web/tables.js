// Tables of what there is now. Rows stay the same elements from one snapshot to the next: what is selected stays so.

import { clock } from "./words.js";

/** A table whose rows are made of items by `cells`, which returns what stands in each column. */
export class Table {
    constructor(name, identify, cells) {
        this.body = document.getElementById(name);
        this.empty = document.getElementById(name + "-empty");
        this.count = document.getElementById(name + "-count");
        this.identify = identify;
        this.cells = cells;
        this.rows = new Map();
    }

    /** Shows `items` in their order, of which there are `all` in truth. */
    show(items, all) {
        const seen = new Set();
        items.forEach((item, at) => {
            const id = this.identify(item);
            seen.add(id);
            let row = this.rows.get(id);
            if (!row) {
                row = this.body.insertRow();
                this.rows.set(id, row);
            }
            if (this.body.rows[at] !== row) this.body.insertBefore(row, this.body.rows[at]);
            this.cells(item).forEach((cell, column) => fill(row.cells[column] ?? row.insertCell(), cell));
        });
        for (const [id, row] of this.rows) {
            if (seen.has(id)) continue;
            row.remove();
            this.rows.delete(id);
        }
        this.empty.hidden = items.length > 0;
        this.body.parentElement.hidden = items.length === 0;
        this.count.textContent = all > items.length ? `${items.length} of ${all.toLocaleString("en-US")}` : "";
    }
}

/** A cell is a text, an element, or a list of elements; it is touched only where it differs. */
function fill(place, cell) {
    const parts = Array.isArray(cell) ? cell : [cell];
    if (typeof cell === "string") {
        if (place.textContent !== cell) place.textContent = cell;
        return;
    }
    if (parts[0] instanceof Countdown) {
        place.countdown ??= new Countdown();
        place.countdown.take(parts[0]);
        if (place.firstChild !== place.countdown.root) place.replaceChildren(place.countdown.root);
        return;
    }
    const next = document.createElement(place.tagName);
    next.append(...parts);
    if (next.innerHTML !== place.innerHTML) place.replaceChildren(...next.childNodes);
}

/** An element `name` of the class `kind` with `text` in it. */
export function part(name, kind = "", text = "") {
    const element = document.createElement(name);
    if (kind) element.className = kind;
    element.textContent = text;
    return element;
}

/** A small label; `is` "good", "wait" or "bad". */
export function tag(text, is = "") {
    const element = part("span", "tag", text);
    if (is) element.dataset.is = is;
    return element;
}

/** A deadline `left` milliseconds from now, of `whole` at most: a bar and a clock, which go on by themselves. */
export class Countdown {
    constructor(left = 0, whole = 1) {
        this.end = performance.now() + left;
        this.whole = whole;
    }

    /** Shows what the other one says. */
    take(other) {
        if (!this.root) {
            this.root = part("div", "deadline");
            this.bar = part("b");
            const frame = part("i");
            frame.setAttribute("aria-hidden", "true");
            frame.append(this.bar);
            this.clock = part("span");
            this.root.append(frame, this.clock);
            this.root.countdown = this;
        }
        this.end = other.end;
        this.whole = other.whole;
        this.tick();
    }

    tick() {
        const left = Math.max(0, this.end - performance.now());
        const share = Math.min(1, left / this.whole);
        this.bar.style.width = (share * 100).toFixed(1) + "%";
        this.root.classList.toggle("near", share < 0.2);
        this.clock.textContent = clock(left);
    }

    /** Lets all that are shown go on. */
    static tickAll() {
        for (const root of document.querySelectorAll(".deadline")) root.countdown.tick();
    }
}
