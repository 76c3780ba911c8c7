// Small charts of how often something happened, a value a second.

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 72;
/** So many values are shown. */
export const SHOWN = 120;

/** A chart of a total that only grows: it shows by how much in each second. */
export class Chart {
    constructor(place, of, title, hint) {
        this.title = title;
        this.values = [];
        this.last = null;
        this.root = document.createElement("article");
        this.root.className = "chart";
        this.root.dataset.of = of;
        const head = document.createElement("h2");
        this.total = document.createElement("span");
        head.append(title, this.total);
        this.svg = document.createElementNS(SPACE, "svg");
        this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
        this.svg.setAttribute("preserveAspectRatio", "none");
        this.svg.setAttribute("role", "img");
        const floor = shape(this.svg, "line", "");
        for (const [name, value] of [["x1", 0], ["x2", WIDTH], ["y1", HEIGHT], ["y2", HEIGHT]]) floor.setAttribute(name, value);
        this.area = shape(this.svg, "path", "area");
        this.line = shape(this.svg, "path", "line");
        this.foot = document.createElement("p");
        this.hint = hint;
        this.root.append(head, this.svg, this.foot);
        place.append(this.root);
        this.draw();
    }

    /** Takes in the total as it stands `seconds` after the last one. */
    push(total, seconds, hint = this.hint) {
        // A relay that was started anew counts from nothing.
        const grown = this.last === null || total < this.last ? 0 : total - this.last;
        this.last = total;
        this.hint = hint;
        this.values.push(seconds > 0 ? grown / seconds : 0);
        if (this.values.length > SHOWN) this.values.shift();
        this.total.textContent = total.toLocaleString("en-US");
        this.draw();
    }

    draw() {
        const most = Math.max(1, ...this.values);
        const step = WIDTH / (SHOWN - 1);
        const first = SHOWN - this.values.length;
        const points = this.values.map((value, at) => {
            const x = (first + at) * step;
            const y = HEIGHT - 1 - (value / most) * (HEIGHT - 6);
            return `${x.toFixed(1)},${y.toFixed(1)}`;
        });
        const path = points.length > 0 ? "M" + points.join("L") : "";
        this.line.setAttribute("d", path);
        this.area.setAttribute("d", path && `${path}L${WIDTH},${HEIGHT}L${(first * step).toFixed(1)},${HEIGHT}Z`);
        const now = rate(this.values.at(-1) ?? 0);
        const top = rate(Math.max(0, ...this.values));
        this.foot.textContent = `${now}/s now, at most ${top}/s` + (this.hint ? ` · ${this.hint}` : "");
        this.svg.setAttribute("aria-label", `${this.title}: ${now} per second now, at most ${top} in the last two minutes`);
    }
}

function rate(value) {
    return value >= 10 || Number.isInteger(value) ? Math.round(value).toLocaleString("en-US") : value.toFixed(1);
}

function shape(svg, name, kind) {
    const element = document.createElementNS(SPACE, name);
    if (kind) element.setAttribute("class", kind);
    svg.append(element);
    return element;
}
