// The page of operations: what there is now, each second, and what happens.

import { Chart } from "./charts.js";
import { Countdown, Table, part, tag } from "./tables.js";
import { clock, size } from "./words.js";

const $ = (id) => document.getElementById(id);
// So many events stay to be read.
const EVENTS_SHOWN = 120;
const TOKEN = "tenure-relay-admin";

const CHARTS = [
    ["hits", "Hits", ({ hits }) => hits, ({ no_route, stale }) => `${whole(no_route)} without a route, ${whole(stale)} stale`],
    ["fallbacks", "Fallbacks", (totals) => totals.room_fallbacks + totals.provided_fallbacks, ({ room_fallbacks }) => `${whole(room_fallbacks)} to the room`],
    ["evictions", "Evictions", ({ evictions }) => evictions, ({ expired }) => `${whole(expired)} expired`],
    ["deaths", "Deaths of owners", ({ deaths }) => sum(deaths), ({ deaths }) => mostly(deaths)],
].map(([of, title, value, hint]) => ({ chart: new Chart($("charts"), of, title, ""), value, hint }));

const SESSION_STATES = { waiting: "wait", paired: "good", away: "bad" };
const EVENT_KINDS = { created: "good", claimed: "good", set: "good", hit: "", ended: "bad", evicted: "bad", expired: "wait", stale: "wait", miss: "wait" };

let limits = {};
let last = null;
// When the relay was started, by this device's clock.
let started = Date.now();
let paused = false;
let waiting = [];

const sessions = new Table("sessions", ({ id }) => id, (session) => {
    const away = awaySide(session);
    const state = away ? "away" : session.status;
    const deadline = away ? new Countdown(away.away_ms, limits.grace_ms) : session.expires_in_ms === null ? [part("span", "muted", "with its owners")] : new Countdown(session.expires_in_ms, limits.code_ttl_ms);
    const sides = [owner("creator", session.creator)];
    if (session.claimer) sides.push(owner("claimer", session.claimer));
    const code = part("span", "code", session.code ?? "not claimed yet");
    if (!session.code) code.className = "muted";
    return [[code], [tag(state, SESSION_STATES[state])], sides, [part("span", "amount", size(session.bytes[0] + session.bytes[1]))], deadline];
});
const routes = new Table("routes", ({ key }) => JSON.stringify(key), ({ key, external_room, expires_in_ms }) => [
    [key.channel, key.bridge, key.room].join(" / "), key.thread ?? "", external_room, new Countdown(expires_in_ms, limits.route_ttl_ms),
]);
const subscribers = new Table("subscribers", ({ owner: number }) => number, ({ owner: number, external_room, address, age_ms }) => {
    return [external_room, [part("span", "owner", `#${number} `), part("small", "", address)], clock(age_ms)];
});

function awaySide({ creator, claimer }) {
    return [creator, claimer].find((side) => side && side.away_ms !== null);
}

/** What goes soonest stands first. */
function rank(session) {
    if (awaySide(session)) return 0;
    return session.status === "waiting" ? 1 : 2;
}

function owner(role, { owner: number, address, away_ms, reason }) {
    const line = part("span", "owner", `${role} #${number} `);
    line.append(part("small", "", away_ms === null ? address : `${address}, away: ${(reason ?? "lost").replace("_", " ")}`));
    return line;
}

function state(now) {
    limits = now.limits;
    if (last === null) started = Date.now() - now.uptime_ms;
    const at = performance.now();
    const seconds = last === null ? 0 : (at - last) / 1000;
    last = at;
    const { counts } = now;
    tiles([
        ["Sessions", whole(counts.sessions)],
        ["Pairs", whole(counts.pairs)],
        ["Connections", whole(counts.connections)],
        ["Subscribers", whole(counts.subscribers)],
        ["Routes", whole(counts.routes)],
        ["Passed on", size(now.totals.bytes_relayed)],
        ["Running for", clock(now.uptime_ms)],
    ]);
    for (const { chart, value, hint } of CHARTS) chart.push(value(now.totals), seconds, hint(now.totals));
    if (paused) return;
    sessions.show(now.sessions.sort((a, b) => rank(a) - rank(b) || b.id - a.id), counts.sessions);
    routes.show(now.routes.sort((a, b) => a.set_ms_ago - b.set_ms_ago), counts.routes);
    subscribers.show(now.subscribers.sort((a, b) => b.owner - a.owner), counts.subscribers);
}

function tiles(list) {
    const place = $("tiles");
    if (place.childElementCount === 0) {
        for (const [name] of list) {
            const tile = part("div");
            tile.append(part("dt", "", name), part("dd"));
            place.append(tile);
        }
    }
    list.forEach(([, value], at) => (place.children[at].lastChild.textContent = value));
}

/** Events may come by the thousand: they are drawn once a frame, and only as many as are kept. */
function happened(event) {
    if (waiting.length === 0) requestAnimationFrame(drawEvents);
    waiting.push(event);
    if (waiting.length > EVENTS_SHOWN) waiting.shift();
}

function drawEvents() {
    if (paused) return;
    const list = $("events");
    list.prepend(...waiting.splice(0).reverse().map(eventLine));
    while (list.childElementCount > EVENTS_SHOWN) list.lastChild.remove();
    $("events-empty").hidden = list.childElementCount > 0;
}

function eventLine({ at_ms, table, kind, reason, key, lagged }) {
    const line = part("li");
    if (lagged) {
        line.append(part("time", "", ""), tag("skipped", "wait"), part("span", "", `${whole(lagged)} events came too fast to be shown`));
        return line;
    }
    const about = key ? [key.channel, key.bridge, key.room, key.thread].filter(Boolean).join(" / ") : table.replace(/s$/, "");
    line.append(part("time", "", moment(started + at_ms)), tag(kind.replace("_", " "), EVENT_KINDS[kind]), part("span", "", reason ? `${about}: ${reason.replace("_", " ")}` : about));
    return line;
}

function sum(deaths) {
    return Object.values(deaths).reduce((all, count) => all + count, 0);
}

function mostly(deaths) {
    const [most] = Object.entries(deaths).sort(([, a], [, b]) => b - a);
    return most?.[1] > 0 ? `mostly ${most[0].replace("_", " ")}` : "";
}

function moment(at) {
    return new Date(at).toLocaleTimeString([], { hour12: false });
}

function whole(number) {
    return number.toLocaleString("en-US");
}

function pill(kind, text) {
    if ($("pill-text").textContent === text) return;
    $("pill").dataset.state = kind;
    $("pill-text").textContent = text;
}

$("pause").addEventListener("click", () => {
    paused = !paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    $("pause").textContent = paused ? "Go on" : "Pause";
    if (!paused) drawEvents();
});

// The token, if the relay asks for one, stays out of the address bar.
const given = new URLSearchParams(location.search).get("token");
if (given) {
    sessionStorage.setItem(TOKEN, given);
    history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem(TOKEN);
const source = new EventSource("/admin/events" + (token ? "?" + new URLSearchParams({ token }) : ""));
source.addEventListener("open", () => pill("good", "Live"));
source.addEventListener("error", () => {
    last = null;
    pill("bad", source.readyState === EventSource.CLOSED ? "Refused" : "Relay not reached");
});
source.addEventListener("state", ({ data }) => state(JSON.parse(data)));
source.addEventListener("happened", ({ data }) => happened(JSON.parse(data)));
source.addEventListener("lagged", ({ data }) => happened(JSON.parse(data)));
setInterval(Countdown.tickAll, 250);
