// Numbers and reasons as people read them.

/** "12.3 MB": decimal, as file managers have it. */
export function size(bytes) {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let unit = 0;
    let value = bytes;
    for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
    return (unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)) + " " + units[unit];
}

/** "4:05", or "1:04:05". */
export function clock(ms) {
    const all = Math.max(0, Math.ceil(ms / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
    return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** "14:05", of the moment `at` in milliseconds. */
export function timeOfDay(at) {
    return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

const CODE_SIGNS = /^[2-9A-HJ-NP-Z]{8}$/;

/** "K7QX-2M9P" for any way to type it; null for what is no code. */
export function codeOf(text) {
    const signs = text.toUpperCase().replace(/[\s\-\u2010-\u2015]/g, "");
    return CODE_SIGNS.test(signs) ? signs.slice(0, 4) + "-" + signs.slice(4) : null;
}

export const NO_CODE = "A code has eight letters and digits, such as K7QX-2M9P. The digits 0 and 1 and the letters O and I are in none.";

/** What a refusal means for who sits before the page. Other reasons are plain sentences already. */
export function plainly({ code, text, retry_ms }) {
    const later = retry_ms ? `Try again in ${Math.ceil(retry_ms / 1000)} s.` : "Try again in a while.";
    switch (code) {
        case "no_such_code":
            return "No device waits under this code. It may be mistyped, used already, or too old: ask for a new one.";
        case "too_many_attempts":
            return "Too many codes were tried. " + later;
        case "limit_reached":
            return "The relay has as many sessions as it can hold. " + later;
        case "too_fast":
            return "That was too much at once for this relay. " + later;
        case "stale_token":
            return "The session is over, or open in another tab.";
        case "shutting_down":
            return "The relay is shutting down and takes no new sessions.";
        case "bad_origin":
            return "The relay does not know this page's address, so it refuses the connection.";
        default:
            return text || "The session has ended.";
    }
}
