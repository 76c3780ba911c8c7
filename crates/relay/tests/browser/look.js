// Run in the page by the tests: what a person with poor sight or a small screen would trip over, as a list of sentences.
const problems = [];
const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const pen = canvas.getContext("2d", { willReadFrequently: true });

/** Red, green, blue and alpha of any color that CSS can say. */
function read(color) {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
}

function over([r, g, b, a], under) {
    return [r, g, b].map((part, at) => part * a + under[at] * (1 - a));
}

/** What can lie behind an element: more than one color where there is a gradient. */
function grounds(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
        const color = read(getComputedStyle(at).backgroundColor);
        if (at === document.body) {
            const glow = read(getComputedStyle(document.documentElement).getPropertyValue("--glow"));
            return [color, glow].map((base) => layers.reduceRight((under, layer) => over(layer, under), base.slice(0, 3)));
        }
        layers.push(color);
        if (color[3] === 1) break;
    }
    return [layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255])];
}

function luminance(color) {
    const [r, g, b] = color.map((part) => {
        const c = part / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
}

let texts = 0;
function check(element, text, color, style) {
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight, 10) >= 700);
    const least = large ? 3 : 4.5;
    for (const ground of grounds(element)) {
        const found = contrast(over(color, ground), ground);
        if (found < least) problems.push(`"${text.slice(0, 40)}" has a contrast of ${found.toFixed(2)}, less than ${least}`);
    }
    texts++;
}

const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const { parentElement: element, textContent } = walker.currentNode;
    const text = textContent.trim();
    if (!text || !shown(element) || element.closest(".unseen, .skip, button:disabled")) continue;
    const style = getComputedStyle(element);
    check(element, text, read(style.color), style);
}
for (const field of document.querySelectorAll("input[placeholder], textarea[placeholder]")) {
    if (shown(field)) check(field, field.placeholder, read(getComputedStyle(field, "::placeholder").color), getComputedStyle(field));
}
if (texts === 0) problems.push("no text was found");

if (document.documentElement.scrollWidth > innerWidth) {
    problems.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
}
for (const control of document.querySelectorAll("button, a[href], input, textarea")) {
    const { width, height } = control.getBoundingClientRect();
    if (shown(control) && !control.closest(".skip, p, footer") && Math.min(width, height) < 24) {
        problems.push(`${control.outerHTML.slice(0, 80)} is ${width.toFixed()} by ${height.toFixed()}, too small to touch`);
    }
}
const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) problems.push(`the id ${id} is there twice`);
return problems;
