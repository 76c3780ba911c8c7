// What outlives a reload of this tab: the session's token, and what was said. It ends with the tab.

const PLACE = "tenure-relay";
// Of what was said: the browser keeps some five million characters.
const MOST_CHARACTERS = 1_000_000;
const WRITE_EVERY_MS = 300;

/** What an earlier page of this tab left; null if nothing. */
export function load() {
    try {
        return JSON.parse(sessionStorage.getItem(PLACE));
    } catch {
        return null;
    }
}

let timer = 0;
let latest = null;

/** Keeps what `state` answers, soon: a flood of messages must not write a flood of copies. */
export function save(state) {
    latest = state;
    if (!timer) timer = setTimeout(write, WRITE_EVERY_MS);
}

/** Keeps it now. The `log` loses its oldest entries if it is too long. */
function write() {
    clearTimeout(timer);
    timer = 0;
    const state = latest?.();
    if (!state) return;
    let characters = 0;
    let from = state.log.length;
    while (from > 0 && (characters += JSON.stringify(state.log[from - 1]).length) < MOST_CHARACTERS) from--;
    try {
        sessionStorage.setItem(PLACE, JSON.stringify({ ...state, log: state.log.slice(from) }));
    } catch {
        // Storage is off or full: then a reload ends the session, and nothing else is lost.
    }
}

/** Forgets everything. */
export function forget() {
    latest = null;
    sessionStorage.removeItem(PLACE);
}

// A reload comes without notice.
addEventListener("pagehide", write);
