// What outlives a reload of this tab: the session's token, and what was said. It ends with the tab.

const PLACE = "tenure-relay";
// Of what was said: the browser keeps some five million characters.
const MOST_CHARACTERS = 1_000_000;

/** What an earlier page of this tab left; null if nothing. */
export function load() {
    try {
        return JSON.parse(sessionStorage.getItem(PLACE));
    } catch {
        return null;
    }
}

/** Keeps `state`, whose `log` loses its oldest entries if it is too long. */
export function save(state) {
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
    sessionStorage.removeItem(PLACE);
}
